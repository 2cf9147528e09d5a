"""How computations on a CPU share its cores: small steps gain little from a second core, so that several run at a time.

It is of all computations, not of those that are left: who goes on after a stop computes as who began did, and sums
depend on the number of threads.
"""

from dataclasses import dataclass

import psutil

from competition.compute.device import cores, device

MEMORY = 3 << 30  # bytes that each computation may take


@dataclass(frozen=True)
class Share:
    """at_once: computations that run at a time; threads: of each."""

    at_once: int
    threads: int

    @property
    def speed(self) -> float:
        """How many of them get done in the time of one that has its threads' cores to itself."""
        return min(self.at_once, cores() / self.threads)


def share_of(jobs: int, workers: int = 0) -> Share:
    """Return what each of so many `jobs` has of this machine. workers: at a time; 0: one for each core.

    A few more than workers at a time lose less than cores that wait for the last one. On a GPU one after another.
    """
    if device().type != "cpu":
        return Share(1, cores())
    rounds = max(1, jobs // (workers or cores()))
    at_once = min(-(-jobs // rounds), max(1, psutil.virtual_memory().total // MEMORY))
    return Share(at_once, max(1, cores() // at_once))
