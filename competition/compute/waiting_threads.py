"""Threads of one computation wait for each other several hundred times in it. libgomp lets them spin, which is fastest
on a machine that does nothing else; beside a neighbour they keep the core from the very thread that they wait for.

So a thread looks twice a second whether others take this process's cores. While they do, it keeps further threads of
libgomp's waiting: with more of them than cores, those that wait sleep at once. What is computed is the same.
"""

import os
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

import torch

LOOK = 0.5  # seconds
TAKEN_AWAY = 110  # times a second that a core is taken from this process; 30 to 100 where nobody else computes
SHARE = 0.85  # of its cores, which spinning threads have to themselves
SURE = 2  # looks in a row
ASLEEP = 15.0  # seconds, then it is looked at anew
SET_BY_A_PERSON = {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"}


def watch_neighbours(threads: int, cores: int) -> None:
    """Let torch's `threads` threads sleep as they wait while others take this process's cores, from here to its end.

    Nothing is done where a person has set how they wait, for one thread, and where OpenMP isn't libgomp (not Linux).
    """
    if sys.platform == "linux" and threads > 1 and not SET_BY_A_PERSON & set(os.environ):
        threading.Thread(target=_watch, args=(threads, cores), name="neighbours", daemon=True).start()


@dataclass
class Usage:
    """What this process has used until a moment: wall and processor seconds, and how often a core was taken from it."""

    seconds: float
    computed: float
    taken_away: int

    @classmethod
    def now(cls) -> "Usage":
        import resource  # Windows has none

        used = resource.getrusage(resource.RUSAGE_SELF)
        return cls(monotonic(), used.ru_utime + used.ru_stime, used.ru_nivcsw)

    def is_disturbed(self, before: "Usage", threads: int) -> bool:
        """Return whether `threads` spinning threads were disturbed by others since `before`."""
        seconds = self.seconds - before.seconds
        taken_away = self.taken_away - before.taken_away > TAKEN_AWAY * seconds
        return taken_away and self.computed - before.computed < SHARE * threads * seconds


def _watch(threads: int, cores: int) -> None:
    disturbed, before, pause = 0, Usage.now(), threading.Event()
    while True:
        pause.wait(LOOK)
        now = Usage.now()
        disturbed = disturbed + 1 if now.is_disturbed(before, threads) else 0
        if disturbed == SURE:
            let_threads_sleep(threads, cores, lambda: pause.wait(ASLEEP))
            disturbed, now = 0, Usage.now()
        before = now


def let_threads_sleep(threads: int, cores: int, wait: Callable[[], object]) -> None:
    """Let torch's threads sleep as they wait, until `wait()` returns."""
    done = threading.Event()
    sleepers = [threading.Thread(target=_sleep, args=(done,), daemon=True) for _ in range(_needed(threads, cores))]
    for sleeper in sleepers:
        sleeper.start()
    wait()
    done.set()
    for sleeper in sleepers:
        sleeper.join()


def _needed(threads: int, cores: int) -> int:
    """Return how many teams of threads, each with one that isn't libgomp's, make them more than the cores."""
    return max(0, cores - threads) // (threads - 1) + 1


def _sleep(done: threading.Event) -> None:
    torch.zeros(1 << 20).add_(1)  # large enough for all threads of a team, which last as long as this thread
    done.wait()
