"""Trials are held against others at the same fold and epoch alone."""

import optuna
import pytest
from optuna.trial import TrialState, create_trial

from competition.tuning.pruning import OWN, RungPruner, rungs_of, step_of

RUNG = 7


def study_of(*values, state=TrialState.COMPLETE, step=RUNG, elsewhere=()):
    """A study of trials with these values at the rung, and one trial for each of `elsewhere` (step -> value)."""
    study = optuna.create_study(direction="maximize")
    for values_of_trial in [*({step: value} for value in values), *elsewhere]:
        study.add_trial(
            create_trial(
                state=state, value=0.5 if state == TrialState.COMPLETE else None, intermediate_values=values_of_trial
            )
        )
    return study


def ended(study, values, **attributes):
    trial = study.ask()
    for name, value in attributes.items():
        trial.set_user_attr(name, value)
    for step, value in values.items():
        trial.report(value, step)
    return RungPruner({RUNG, 20}).prune(study, study.trials[trial.number])


@pytest.mark.parametrize(
    ("value", "expected"), [(0.55, False), (0.45, False), (0.41, False), (0.39, True), (0.1, True)]
)
def test_the_lower_half_ends(value, expected):
    # with 0.3 0.4 0.5 0.6 it is one of five: 0.41 is third, with two better ones, fewer than half of five; 0.39 has
    # three
    assert ended(study_of(0.3, 0.4, 0.5, 0.6), {RUNG: value}) == expected


def test_equals_are_not_worse():
    assert not ended(study_of(0.5, 0.5, 0.5, 0.5, 0.5), {RUNG: 0.5})


def test_fewer_than_five_are_too_few():
    assert not ended(study_of(0.6, 0.7, 0.8), {RUNG: 0.1})


def test_only_values_of_the_same_step_count():
    high = study_of(0.2, 0.2, 0.2, 0.2, elsewhere=[{6: 0.9, 8: 0.9}] * 9)  # much better, but an epoch before and after
    assert not ended(high, {RUNG: 0.3})
    low = study_of(0.6, 0.6, 0.6, 0.6, elsewhere=[{6: 0.1, 8: 0.1}] * 9)
    assert ended(low, {RUNG: 0.3})
    assert ended(low, {3: 0.95, RUNG: 0.3})  # a better epoch of its own doesn't help: it is not of this rung


def test_a_trial_that_missed_a_rung_is_not_held_against_it():
    assert not ended(study_of(0.6, 0.6, 0.6, 0.6, 0.6), {6: 0.1, 8: 0.1})


def test_those_that_were_ended_count_and_those_that_died_do_not():
    assert ended(study_of(0.6, 0.6, 0.6, 0.6, state=TrialState.PRUNED), {RUNG: 0.3})
    assert not ended(study_of(0.6, 0.6, 0.6, 0.6, state=TrialState.FAIL), {RUNG: 0.3})


def test_the_settings_as_they_are_are_never_ended():
    assert not ended(study_of(0.6, 0.6, 0.6, 0.6, 0.6), {RUNG: 0.3}, **{OWN: True})


def test_steps_and_rungs_by_hand():
    # 18 epochs: a fold has the steps 0 to 17 for its epochs, and 18 for its end; the next begins at 19
    assert [step_of(0, 0, 18), step_of(0, 18, 18), step_of(1, 0, 18), step_of(2, 17, 18)] == [0, 18, 19, 55]
    # after 5 and after 9 epochs of the first fold, the ends of the first two of three
    assert rungs_of(3, 18) == {4, 8, 18, 37}
    assert rungs_of(2, 1) == {0, 1}
    steps = [step_of(fold, epoch, 4) for fold in range(3) for epoch in range(5)]
    assert len(set(steps)) == 15
