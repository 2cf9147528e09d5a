"""What is left out where time gets short: in which order, when, and when it comes back."""

import numpy as np
import pytest

from competition.serving.time_budget import RESERVE, Plan, TimeBudget, heaviest, plans


def test_orientations_go_before_folds():
    assert plans(3, 2) == [Plan(3, 2), Plan(2, 2), Plan(1, 2), Plan(1, 1)]
    assert plans(1, 1) == [Plan(1, 1)]


def test_the_heaviest_orientations_are_kept_the_first_of_equals():
    weights = np.array([0.2, 0.4, 0.0, 0.2, 0.2, 0, 0, 0])
    assert heaviest(weights, 2) == pytest.approx([1 / 3, 2 / 3, 0, 0, 0, 0, 0, 0])
    each = heaviest(np.stack([weights, np.eye(8)[3]]), 1)
    assert each.argmax(axis=1).tolist() == [1, 3] and each.sum(axis=1).tolist() == [1, 1]


def test_weights_of_which_none_is_left_out_stay_the_same_bits():
    weights = np.random.default_rng(0).dirichlet(np.ones(8), 50).astype(np.float32)
    assert (heaviest(weights, 8) == weights).all()
    weights[:, 3:] = 0
    assert (heaviest(weights, 3) == weights).all()


class Clock:
    """A machine: reading an image takes `read` seconds, each orientation of each network `look`."""

    def __init__(self, read, look, networks):
        self.now, self.read, self.look, self.networks = 0.0, read, look, networks

    def __call__(self):
        return self.now

    def chunk(self, budget, files):
        asked = sum(min(budget.plan.networks, own) for own in self.networks)
        computing = files * self.look * budget.plan.orientations * asked
        self.now += files * self.read + computing
        budget.spent(files, computing)


def run(seconds, files=640, read=0.01, look=0.01, networks=(3, 2), slower=1.0):
    clock, changes = Clock(read, look, networks), []
    budget = TimeBudget(seconds, files, 4, networks, lambda *change: changes.append(change), clock)
    seen = []
    for number in range(files // 64):
        seen.append(budget.plan)
        clock.look *= slower if number == 4 else 1.0
        clock.chunk(budget, 64)
    return clock.now, seen, changes


def test_with_time_enough_nothing_is_left_out():
    needed = 640 * (0.01 + 0.01 * 4 * 5)
    took, seen, changes = run(needed / (1 - RESERVE) + 1)
    assert set(seen) == {Plan(4, 3)} and not changes and took == pytest.approx(needed)


@pytest.mark.parametrize("share", [0.9, 0.5, 0.3, 0.25])
def test_all_are_answered_in_time_by_as_much_as_fits(share):
    needed = 640 * (0.01 + 0.01 * 4 * 5)
    took, seen, changes = run(needed * share)
    assert took <= needed * share and changes
    assert took > needed * share * 0.7  # and not by much less


def test_a_machine_that_gets_slower_leaves_out_more():
    needed = 640 * (0.01 + 0.01 * 4 * 5)
    took, seen, _ = run(needed / (1 - RESERVE) + 1, slower=3.0)
    assert seen[4] == Plan(4, 3) and seen[-1] != Plan(4, 3)
    assert took <= needed / (1 - RESERVE) + 1


def test_what_nothing_helps_is_said_once_and_answered_by_the_least():
    took, seen, changes = run(1.0)
    assert len(changes) == 1 and changes[0][0] == Plan(1, 1) and seen[1:] == [Plan(1, 1)] * 9
    assert changes[0][1] == 640 - 64 and changes[0][2] == pytest.approx(576 * (0.01 + 0.02))


def test_a_first_chunk_that_warms_up_counts_no_longer():
    clock, changes = Clock(0.01, 0.1, (1,)), []
    budget = TimeBudget(64 * 0.05 * 10 / (1 - RESERVE) + 30, 640, 4, (1,), lambda *one: changes.append(one), clock)
    clock.chunk(budget, 64)
    assert budget.plan != Plan(4, 1)
    clock.look = 0.01
    for _ in range(9):
        clock.chunk(budget, 64)
    assert budget.plan == Plan(4, 1)
