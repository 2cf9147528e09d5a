"""From what the stages took on two parts to what they will take on the whole: straight lines."""

from dataclasses import dataclass

SAME_MEMORY = 1.05  # times the smaller part's: below it memory is taken not to grow


@dataclass(frozen=True)
class Line:
    """`start` whatever the work, and `each` for a unit of it."""

    start: float
    each: float

    def at(self, work: float) -> float:
        return self.start + self.each * work


def line(small: tuple[float, float], large: tuple[float, float]) -> Line:
    """Return the line through two points (work, taken), no part below 0. Raises ValueError for points of equal work."""
    (work, taken), (more_work, more_taken) = small, large
    if work == more_work:
        raise ValueError(f"two points of the same work, {work}")
    each = max(0.0, (more_taken - taken) / (more_work - work))
    if each * more_work > more_taken:
        return Line(0.0, more_taken / more_work)
    return Line(max(0.0, more_taken - each * more_work), each)


def memory_line(small: tuple[float, float], large: tuple[float, float]) -> Line:
    """As `line`; level at the higher of both where they hardly differ: two runs of the same work differ by as much."""
    if large[1] < SAME_MEMORY * small[1]:
        return Line(max(small[1], large[1]), 0.0)
    return line(small, large)


@dataclass(frozen=True)
class Forecast:
    """Forecast of a stage. stage: its name; runs: their number; seconds: of all runs; memory: bytes, of one run.

    disk: bytes of what it leaves under data/; grows_with: what its work grows with, in words.
    """

    stage: str
    runs: int
    seconds: float
    memory: float
    disk: float = 0.0
    grows_with: str = "images"
