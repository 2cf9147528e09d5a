"""Threads of one computation wait for each other several hundred times in it. libgomp lets them spin, which is fastest
on a machine that does nothing else; beside a neighbour they keep the core from the very thread that they wait for.

So a thread looks twice a second whether others take this process's cores. While they do, it keeps further threads of
libgomp's waiting: with more of them than cores, those that wait sleep at once. What is computed is the same.
"""

import atexit
import contextlib
import os
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

import torch

LOOK = 0.5  # seconds
TAKEN_AWAY = 55  # times a second and thread that a core is taken away; 15 to 50 of two threads that nobody disturbs
SHARE = 0.85  # of its cores, which spinning threads have to themselves
LOOKS = 2  # in a row, that find it disturbed
SHARED = 1 << 16  # numbers for each thread, at which torch shares an addition out
ASLEEP = 15.0  # seconds, then it is looked at anew
ENDED = 60.0  # seconds until which the watcher has ended, also where a slow machine has just begun to start threads
SET_BY_A_PERSON = {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"}
_ending = threading.Event()  # this process ends
_watchers: list[threading.Thread] = []


def watch_neighbours(threads: int, cores: int) -> None:
    """Let torch's `threads` threads sleep as they wait while others take this process's cores, from here to its end.

    Once in a process, and on Linux. Nothing is done where a person has set how they wait, and for one thread; where
    torch's OpenMP isn't libgomp it has no effect.
    """
    if sys.platform != "linux" or threads == 1 or SET_BY_A_PERSON & set(os.environ) or _watchers:
        return
    _watchers.append(threading.Thread(target=_watch, args=(threads, cores), name="neighbours", daemon=True))
    _watchers[0].start()
    atexit.register(_end)  # a daemon thread that Python cuts off within an operation of torch's aborts the process


def _end() -> None:
    _ending.set()
    for watcher in _watchers:
        watcher.join(ENDED)


@dataclass
class CoreUse:
    """Until a moment: wall seconds, this process's seconds of computing, and how often a core was taken from it."""

    seconds: float
    computed: float
    taken_away: int

    @classmethod
    def now(cls) -> "CoreUse":
        import resource  # Windows has none

        used = resource.getrusage(resource.RUSAGE_SELF)
        return cls(monotonic(), used.ru_utime + used.ru_stime, used.ru_nivcsw)

    def is_disturbed(self, before: "CoreUse", threads: int) -> bool:
        """Return whether `threads` spinning threads were disturbed by others since `before`."""
        possible = threads * (self.seconds - before.seconds)
        taken_away = self.taken_away - before.taken_away > TAKEN_AWAY * possible
        return taken_away and self.computed - before.computed < SHARE * possible


def _watch(threads: int, cores: int) -> None:
    disturbed, before = 0, CoreUse.now()
    while not _ending.wait(LOOK):
        now = CoreUse.now()
        disturbed = disturbed + 1 if now.is_disturbed(before, threads) else 0
        if disturbed == LOOKS:
            if not _can_start(_teams(threads, cores) * threads):
                return
            let_threads_sleep(threads, cores, lambda: _ending.wait(ASLEEP))
            disturbed, now = 0, CoreUse.now()
        before = now


def let_threads_sleep(threads: int, cores: int, wait: Callable[[], object]) -> None:
    """Let torch's threads sleep as they wait, until `wait()` returns."""
    done = threading.Event()
    teams = range(_teams(threads, cores))
    sleepers = [threading.Thread(target=_sleep, args=(threads, done), daemon=True) for _ in teams]
    for sleeper in sleepers:
        sleeper.start()
    wait()
    done.set()
    for sleeper in sleepers:
        sleeper.join()


def _teams(threads: int, cores: int) -> int:
    """Return how many teams of threads, each with one that isn't libgomp's, make them more than the cores."""
    return max(0, cores - threads) // (threads - 1) + 1


def _sleep(threads: int, done: threading.Event) -> None:
    with contextlib.suppress(RuntimeError):  # no memory: they go on spinning
        torch.zeros(SHARED * threads).add_(1)  # by a team of all threads, which last as long as this one
    done.wait()


def _can_start(threads: int) -> bool:
    """Return whether as many threads can be started: where they can't, libgomp ends the process."""
    done, started = threading.Event(), []
    try:
        for _ in range(threads):
            started.append(threading.Thread(target=done.wait, daemon=True))
            started[-1].start()
    except RuntimeError:
        started.pop()
        return False
    finally:
        done.set()
        for one in started:
            one.join()
    return True
