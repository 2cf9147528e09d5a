"""Time budget of a folder: what is left out so that all its images are answered in the time that is left.

Orientations go first, the one of least weight each time, since another one of the same network adds least; then the
networks of the last folds. After each chunk the fullest plan is taken that what is left fits, by the seconds measured.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np

RESERVE = 0.05  # of the time, kept for what is written afterwards, and for a slower machine


@dataclass(frozen=True)
class Plan:
    """What is asked of an image: `orientations` at the most, by the first `networks` of each member at the most."""

    orientations: int
    networks: int


def plans(orientations: int, networks: int) -> list[Plan]:
    """Return all plans, the fullest first, in the order in which something is left out."""
    views = [Plan(number, networks) for number in range(orientations, 0, -1)]
    return views + [Plan(1, number) for number in range(networks - 1, 0, -1)]


def heaviest(weights: np.ndarray, number: int) -> np.ndarray:
    """Return `weights` (..., 8) with all but the `number` largest of each row set to 0, rows summing to 1.

    Rows that have no more are as they were, to the last bit.
    """
    order = np.argsort(-weights, axis=-1, kind="stable")
    kept = np.where(np.argsort(order, axis=-1) < number, weights, 0)
    return np.where((kept == weights).all(axis=-1, keepdims=True), weights, kept / kept.sum(axis=-1, keepdims=True))


class TimeBudget:
    """Plan for each chunk of `files` files, all of them to be answered `seconds` from now.

    networks: of each member. changed: called with the plan, the files left and the seconds that they take, whenever the
    plan is another one; and once more where not even the least fits. left_out: whether anything was, of any chunk.
    """

    def __init__(
        self,
        seconds: float,
        files: int,
        orientations: int,
        networks: Sequence[int],
        changed: Callable[[Plan, int, float], object] = lambda plan, files, seconds: None,
        clock: Callable[[], float] = perf_counter,
    ):
        self._clock, self._began, self._seconds = clock, clock(), seconds * (1 - RESERVE)
        self._left, self._networks, self._changed = files, tuple(networks), changed
        self._plans = plans(orientations, max(networks))
        self.plan, self._warned, self.left_out = self._plans[0], False, False
        self._done = self._other = self._computed = self._units = 0.0
        self._chunks = 0

    def spent(self, files: int, computing: float) -> None:
        """Take note that a chunk of `files` files is answered, networks having computed for `computing` seconds."""
        elapsed = self._clock() - self._began
        self._left, self._done = self._left - files, self._done + files
        if self._chunks == 1:  # the first one warmed up
            self._computed = self._units = 0.0
        self._chunks += 1
        self._other += computing
        self._computed, self._units = self._computed + computing, self._units + files * self._work(self.plan)
        each, unit = max(0.0, elapsed - self._other) / max(1, self._done), self._computed / max(1, self._units)
        needed = [self._left * (each + unit * self._work(plan)) for plan in self._plans]
        fitting = (place for place, seconds in enumerate(needed) if seconds <= self._seconds - elapsed)
        place = next(fitting, len(needed) - 1)
        hopeless = self._left > 0 and needed[place] > self._seconds - elapsed and not self._warned
        if self._plans[place] != self.plan or hopeless:
            self.plan, self._warned = self._plans[place], self._warned or hopeless
            self.left_out = self.left_out or place > 0
            self._changed(self.plan, self._left, needed[place])

    def _work(self, plan: Plan) -> int:
        return plan.orientations * sum(min(plan.networks, own) for own in self._networks)
