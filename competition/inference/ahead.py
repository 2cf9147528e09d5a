"""Work made ahead of its use by threads, in order."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

from competition.compute.device import feeding_threads

Task, Made = TypeVar("Task"), TypeVar("Made")


def made_ahead(make: Callable[[Task], Made], tasks: Iterable[Task], threads: int | None = None) -> Iterator[Made]:
    """Yield `make(task)` for each of `tasks`, in order, as many ahead as there are threads and, of several, two more.

    threads: None for `feeding_threads`.
    """
    threads = threads or feeding_threads()
    tasks, waiting = iter(tasks), deque()
    pool = ThreadPoolExecutor(threads)
    try:
        waiting.extend(pool.submit(make, task) for task in islice(tasks, threads + 2 * (threads > 1)))
        while waiting:
            made = waiting.popleft().result()
            waiting.extend(pool.submit(make, task) for task in islice(tasks, 1))
            yield made
    finally:
        pool.shutdown(cancel_futures=True)
