"""Work made ahead."""

import threading
from time import sleep

import pytest

from competition.inference.ahead import made_ahead


@pytest.mark.parametrize("threads", [1, 2, 8])
@pytest.mark.parametrize("tasks", [0, 1, 5, 40])
def test_all_is_made_in_order(tasks, threads):
    def slowest_first(task):
        sleep(0.002 * (task % 3 == 0))
        return task**2

    assert list(made_ahead(slowest_first, range(tasks), threads)) == [task**2 for task in range(tasks)]


@pytest.mark.parametrize(("threads", "ahead"), [(1, 1), (4, 6)])
def test_only_so_much_is_made_ahead(threads, ahead):
    begun = []
    made = made_ahead(begun.append, range(50), threads)
    next(made)
    sleep(0.1)
    assert len(begun) == 1 + ahead


def test_several_threads_work_at_the_same_time():
    together = threading.Barrier(3, timeout=10)
    assert len(list(made_ahead(lambda task: together.wait(), range(3), 3))) == 3


@pytest.mark.parametrize("threads", [1, 3])
def test_an_error_comes_where_its_work_would_have(threads):
    def make(task):
        if task == 3:
            raise ValueError("the fourth")
        return task

    found = []
    with pytest.raises(ValueError, match="the fourth"):
        for one in made_ahead(make, range(10), threads):
            found.append(one)
    assert found == [0, 1, 2] and not [one for one in threading.enumerate() if one.name.startswith("ThreadPool")]
