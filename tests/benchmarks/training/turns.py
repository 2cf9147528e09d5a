"""Taking turns: the benchmark asks one process at a time for a piece of work, the others wait, so that none disturbs
another.

Only the standard library is used here: the other environment's processes import it too.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_MARK = "reply "
_HERE = Path(__file__).resolve().parent


class Worker:
    """A process that answers what it is asked, one JSON object a time; `name` is what messages call it."""

    def __init__(self, name: str, process: subprocess.Popen):
        self.name, self._process = name, process
        self.ready = self._reply()

    def ask(self, what: str) -> dict:
        """Return the answer to `what`; raises RuntimeError if the process ends instead."""
        self._process.stdin.write(f"{what}\n")
        self._process.stdin.flush()
        return self._reply()

    def _reply(self) -> dict:
        for line in self._process.stdout:
            if line.startswith(_MARK):
                return json.loads(line.removeprefix(_MARK))
            print(f"{self.name}: {line}", end="", flush=True)
        raise RuntimeError(
            f"{self.name}: expected an answer, but the process ended with exit code {self._process.wait()}; "
            "its own message stands above"
        )


@contextmanager
def worker(name: str, module: str, job: Path, python: str = sys.executable) -> Iterator[Worker]:
    """Yield a Worker that runs `training.<module>` on the `job` file; it is ready when this returns, and ended behind
    it.
    """
    places = map(str, (_HERE.parent, _HERE.parents[1], _HERE.parents[2]))
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(places)}
    process = subprocess.Popen(
        [python, "-m", f"training.{module}", str(job)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    try:
        yield Worker(name, process)
    finally:
        process.stdin.close()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()


def read_job() -> dict:
    """Return the job that the worker's command line names."""
    return json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))


def reply(**facts: object) -> None:
    """Answer what was asked, or, first of all, say that the worker is ready."""
    print(_MARK + json.dumps(facts), flush=True)


def next_question() -> str:
    """Return what the benchmark asks next; ends the process when nothing more comes."""
    line = sys.stdin.readline()
    if not line:
        sys.exit()
    return line.rstrip("\n")
