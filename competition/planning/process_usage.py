"""A command run as a person runs it, with what it took: seconds, and memory of all its processes together."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, sleep

import psutil

EVERY = 0.05  # seconds between two looks at the memory


@dataclass(frozen=True)
class Taken:
    """seconds; memory: bytes, the most that its processes held at two looks in a row, without pages of files, which the
    system takes back when it needs them: a process that is just starting another one stands there twice, for a moment.
    """

    seconds: float
    memory: int


def run_watched(
    module: str, arguments: Sequence[str], folder: Path, environment: Mapping[str, str] = os.environ
) -> Taken:
    """Run `python -m module arguments` in `folder` and return what it took. Raises ChildProcessError with its last
    words if it fails.
    """
    began, most, before = perf_counter(), 0, 0
    with tempfile.TemporaryFile() as said:
        child = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=folder,
            stdout=said,
            stderr=subprocess.STDOUT,
            env={**environment, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
        )
        try:
            while child.poll() is None:
                now = memory_of(child.pid)
                most, before = max(most, min(before, now)), now
                sleep(EVERY)
        finally:
            if child.poll() is None:
                child.kill()
        seconds = perf_counter() - began
        if child.returncode:
            said.seek(0)
            words = said.read().decode("utf-8", "replace").strip()[-2000:]
            raise ChildProcessError(
                f"{module} {' '.join(arguments)}: exit code {child.returncode}; its last words:\n{words}"
            )
    return Taken(seconds, most)


def memory_of(pid: int) -> int:
    """Bytes that a process and its children hold by themselves: resident, without shared pages and pages of files."""
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0
    return sum(map(_own, family))


def _own(process: psutil.Process) -> int:
    try:
        info = process.memory_info()
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return 0
    return info.rss - getattr(info, "shared", 0)
