"""Progress of long work: a bar on a terminal, a plain line every ten seconds in a log."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from time import monotonic
from typing import Protocol

from tqdm import tqdm

SECONDS_BETWEEN_LINES = 10.0
SECONDS_COUNTED = 3.0  # before which no speed and no time left are said


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
        self._first = self._done = done
        self._began = self._written = monotonic()
        self._counts_from: float | None = None  # the first update, which much else may have come before

    def update(self, n: int) -> None:
        self._done += n
        now = monotonic()
        if self._counts_from is None:
            self._first, self._counts_from = self._done, now
        last = self._done >= self._total and self._written > self._began
        if last or now - self._written >= SECONDS_BETWEEN_LINES:
            self._written = now
            print(self._line(now - self._counts_from), file=sys.stderr, flush=True)

    def _line(self, seconds: float) -> str:
        said = f"{self._title}: {self._done}/{self._total} {self._unit}s"
        if seconds < SECONDS_COUNTED:
            return said
        speed = max(self._done - self._first, 1) / seconds
        left = timedelta(seconds=round((self._total - self._done) / speed))
        return f"{said}, {speed:.1f} {self._unit}s/s, {left} left"
