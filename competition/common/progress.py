"""Progress of long work: a bar on a terminal, a plain line every ten seconds in a log."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from time import monotonic
from typing import Protocol

from tqdm import tqdm

SECONDS_BETWEEN_LINES = 10.0


class Progress(Protocol):
    """Progress to report to: `update(n)` counts `n` more as done."""

    def update(self, n: int) -> object: ...


@contextmanager
def progress(total: int, title: str, unit: str = "image", done: int = 0) -> Iterator[Progress]:
    """Yield a Progress from `done` to `total` units, shown on standard error with its speed and the time left."""
    if sys.stderr.isatty():
        with tqdm(total=total, initial=done, desc=title, unit=unit, mininterval=1.0) as bar:
            yield bar
    else:
        yield LogLines(total, title, unit, done)


class LogLines:
    """Progress as lines on standard error: one every ten seconds, and one at the end of long work."""

    def __init__(self, total: int, title: str, unit: str, done: int):
        self._total, self._title, self._unit = total, title, unit
        self._first, self._done = done, done  # what an earlier run did says nothing about this one's speed
        self._began = self._written = monotonic()

    def update(self, n: int) -> None:
        self._done += n
        now = monotonic()
        last = self._done >= self._total and self._written > self._began
        if last or now - self._written >= SECONDS_BETWEEN_LINES:
            self._written = now
            print(self._line(now - self._began), file=sys.stderr, flush=True)

    def _line(self, seconds: float) -> str:
        speed = max(self._done - self._first, 1) / max(seconds, 1e-9)
        left = timedelta(seconds=round((self._total - self._done) / speed))
        return f"{self._title}: {self._done}/{self._total} {self._unit}s, {speed:.1f} {self._unit}s/s, {left} left"
