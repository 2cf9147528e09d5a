"""Learning-rate schedules against torch's own, and the image sizes of progressive resizing."""

import numpy as np
import pytest
import torch
from torch.optim import lr_scheduler

from competition.settings.finetuned import FinetunedSettings
from competition.settings.progressive_resizing import size_at
from competition.training.learning_rate import LearningRate
from competition.training.schedules import SCHEDULES

KINDS = SCHEDULES.names()


def optimizer_of(rates=(0.1, 0.01)):
    return torch.optim.SGD([{"params": [torch.zeros(1, requires_grad=True)], "lr": rate} for rate in rates])


def schedule_of(steps=(10,) * 6, **changes):
    optimizer = optimizer_of()
    return LearningRate(optimizer, FinetunedSettings(**changes), steps)


def rates_of(schedule, steps):
    """Return the rate of each of the next `steps` steps."""
    rates = []
    for _ in range(steps):
        rates.append(schedule.rate)
        schedule.optimizer.step()
        schedule.step()
    return rates


def torch_rates(make, steps):
    optimizer = optimizer_of()
    scheduler, rates = make(optimizer), []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


def factors_of(kind, steps, warmup):
    schedule = SCHEDULES[kind](FinetunedSettings(warmup=warmup), [steps])
    return [schedule.factor(step) for step in range(steps)]


def test_rates_are_the_peaks_times_the_factor():
    assert rates_of(schedule_of(warmup=0.1), 60) == [0.1 * factor for factor in factors_of("cosine", 60, 0.1)]


def test_cosine_and_its_warm_up_by_hand():
    factors = factors_of("cosine", 100, 0.1)
    assert np.allclose(factors[:10], np.arange(1, 11) / 10)
    assert np.allclose(factors[10:], 0.5 * (1 + np.cos(np.pi * np.arange(90) / 90)))
    for steps, warmup in [(1, 0), (1, 1), (2, 0.5), (7, 1)]:
        assert all(0 <= factor <= 1 for factor in factors_of("cosine", steps, warmup))


def test_cosine_after_its_warm_up_is_torchs():
    expected = torch_rates(lambda optimizer: lr_scheduler.CosineAnnealingLR(optimizer, 55), 55)
    assert rates_of(schedule_of(warmup=5 / 60), 60)[5:] == pytest.approx(expected)


def test_step_is_torchs():
    optimizer = optimizer_of()
    expected, scheduler = [], lr_scheduler.StepLR(optimizer, 2, 0.3)
    for steps in (7, 10, 7, 10, 7):  # epochs needn't be of equal length
        expected += [optimizer.param_groups[0]["lr"]] * steps
        optimizer.step()
        scheduler.step()
    schedule = schedule_of((7, 10, 7, 10, 7), schedule="step", step_epochs=2, step_factor=0.3, warmup=0)
    assert rates_of(schedule, 41) == pytest.approx(expected)


SCORES = [0.1, 0.3, 0.3, 0.2, 0.25, 0.29, 0.31, 0.3, 0.3, 0.3, 0.3, 0.3, 0.5]


def test_plateau_is_torchs():
    reference = optimizer_of()
    scheduler = lr_scheduler.ReduceLROnPlateau(reference, mode="max", factor=0.5, patience=2, threshold=0)
    schedule = schedule_of((2,) * len(SCORES), schedule="plateau", plateau_patience=2, step_factor=0.5, warmup=0)
    rates = []
    for score in SCORES:
        rates += rates_of(schedule, 2)
        assert rates[-1] == rates[-2] == pytest.approx(reference.param_groups[0]["lr"])
        schedule.epoch_done(score)
        scheduler.step(score)
    # falls after the 5th and the 10th score
    assert sorted(set(rates), reverse=True) == pytest.approx([0.1, 0.05, 0.025])


def test_scores_during_the_warm_up_make_no_plateau():
    schedule = schedule_of((2,) * 10, schedule="plateau", plateau_patience=1, warmup=0.5)  # 10 steps, 5 epochs
    for epoch, expected in enumerate([0.2, 0.4, 0.6, 0.8, 1, 1, 0.5]):
        assert rates_of(schedule, 2)[-1] == pytest.approx(0.1 * expected), epoch
        schedule.epoch_done(0.0 if epoch else 0.5)


@pytest.mark.parametrize("warmup", [0.1, 0.25, 0.4])
def test_one_cycle_is_torchs(warmup):
    expected = torch_rates(
        lambda optimizer: lr_scheduler.OneCycleLR(
            optimizer, [0.1, 0.01], 60, pct_start=max(warmup, 0.25), cycle_momentum=False
        ),
        60,
    )
    assert rates_of(schedule_of(schedule="one_cycle", warmup=warmup), 60) == pytest.approx(expected)


@pytest.mark.parametrize("steps", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("warmup", [0.0, 0.3, 1.0])
def test_a_cycle_of_few_steps_has_a_peak(steps, warmup):
    factors = factors_of("one_cycle", steps, warmup)
    assert all(0 < factor <= 1 for factor in factors) and max(factors) > 0.8


@pytest.mark.parametrize("kind", ["cosine", "step", "plateau", "constant"])
def test_warm_up_is_linear(kind):
    rates = rates_of(schedule_of(schedule=kind, warmup=0.2), 60)
    assert rates[:12] == pytest.approx([0.1 * (step + 1) / 12 for step in range(12)])
    if kind == "constant":
        assert rates[12:] == [0.1] * 48


@pytest.mark.parametrize("kind", KINDS)
def test_groups_keep_their_ratio_and_no_rate_is_above_the_peak(kind):
    schedule = schedule_of(schedule=kind)
    for _ in range(60):
        first, second = (group["lr"] for group in schedule.optimizer.param_groups)
        assert first == pytest.approx(10 * second) and 0 < first <= 0.1
        schedule.optimizer.step()
        schedule.step()


@pytest.mark.parametrize("kind", KINDS)
def test_a_schedule_goes_on_where_it_was(kind, tmp_path):
    def run(schedule, epochs):
        rates = []
        for score in epochs:
            rates += rates_of(schedule, 10)
            schedule.epoch_done(score)
        return rates

    changes = {"schedule": kind, "step_epochs": 2, "plateau_patience": 1}
    scores = [0.5, 0.4, 0.4, 0.4, 0.6, 0.1]
    unbroken = run(schedule_of(**changes), scores)
    stopped = schedule_of(**changes)
    begun = run(stopped, scores[:3])
    torch.save({"optimizer": stopped.optimizer.state_dict(), "schedule": stopped.state_dict()}, tmp_path / "state.pt")
    state = torch.load(tmp_path / "state.pt", weights_only=True)
    resumed = schedule_of(**changes)
    resumed.optimizer.load_state_dict(state["optimizer"])
    resumed.load_state_dict(state["schedule"])
    assert begun + run(resumed, scores[3:]) == unbroken


@pytest.mark.parametrize("kind", KINDS)
def test_slowing_down_is_for_good(kind):
    usual, slowed = schedule_of(schedule=kind), schedule_of(schedule=kind)
    expected = rates_of(usual, 60)
    begun = rates_of(slowed, 20)
    slowed.slow_down(0.5)
    again = schedule_of(schedule=kind)
    again.load_state_dict(slowed.state_dict())
    again.slow_down(0.5)
    assert begun + rates_of(slowed, 40) == pytest.approx(expected[:20] + [rate / 2 for rate in expected[20:]])
    assert rates_of(again, 40) == pytest.approx([rate / 4 for rate in expected[20:]])


@pytest.mark.parametrize("kind", KINDS)
def test_steps_beyond_the_last_do_not_rise_again(kind):
    rates = rates_of(schedule_of(schedule=kind), 70)
    assert max(rates[60:]) <= rates[59]


def test_sizes_grow_to_the_last_third():
    assert [size_at(epoch, 9, None, 192) for epoch in range(9)] == [192] * 9
    sizes = [size_at(epoch, 9, 96, 192) for epoch in range(9)]
    assert sizes[0] == 96 and sizes == sorted(sizes) and sizes[6:] == [192] * 3 and set(sizes) == {96, 128, 160, 192}
    assert [size_at(epoch, 1, 96, 100) for epoch in range(1)] == [96] and size_at(2, 3, 96, 100) == 100
