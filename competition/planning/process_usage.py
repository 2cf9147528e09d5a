"""Usage of a command: its seconds, and the memory of all its processes together."""

import os
import shlex
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, sleep

import psutil

EVERY = 0.05  # seconds between two samples of the memory


@dataclass(frozen=True)
class Usage:
    """Seconds and memory of a command.

    memory: bytes, the most that its processes held at two samples in a row, without pages of files, which the system
    takes back when it needs them. A process that is just starting another one is counted twice for a moment, hence two
    samples.
    """

    seconds: float
    memory: int


def run_measured(command: Sequence[str], folder: Path, environment: Mapping[str, str] = os.environ) -> Usage:
    """Run `command` in `folder` and return its usage. Raises ChildProcessError with its last lines if it fails."""
    began, most, before = perf_counter(), 0, 0
    with tempfile.TemporaryFile() as output:
        child = subprocess.Popen(command, cwd=folder, stdout=output, stderr=subprocess.STDOUT, env=environment)
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
            output.seek(0)
            last = output.read().decode("utf-8", "replace").strip()[-2000:]
            raise ChildProcessError(f"{shlex.join(command)}: exit code {child.returncode}; its last lines:\n{last}")
    return Usage(seconds, most)


def memory_of(pid: int) -> int:
    """Return the bytes that a process and its children hold: resident, without shared pages and pages of files."""
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
