"""Who works on a study, and what becomes of it: the same seed, stopped, killed (kill -9) and several workers; where it
is kept.
"""

import json
import time
from pathlib import Path

import optuna
import pytest
from filelock import FileLock, Timeout
from makers.tuning_workers import (
    OWN_POINT,
    TRIALS,
    helping,
    kill,
    killed_in_its_fourth,
    objective,
    started,
    wait_for,
    whole,
)
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState

from competition.common.optuna_logging import quiet_optuna
from competition.tuning import workers as working
from competition.tuning.pruning import OWN
from competition.tuning.storage import open_storage
from competition.tuning.study import open_study
from competition.tuning.workers import Worker, done, work

pytestmark = pytest.mark.slow

SPACE = {
    "rate": FloatDistribution(1e-4, 1.0, log=True),
    "depth": IntDistribution(1, 9),
    "loss": CategoricalDistribution(["a", "b"]),
}


@pytest.fixture(autouse=True)
def quickly(monkeypatch):
    monkeypatch.setattr(working, "POLL", 0.05)
    with quiet_optuna():
        yield


def opened(where, seed=0, resume=True):
    return open_study(open_storage(str(where)), "tiny", OWN_POINT, seed, rungs=[], resume=resume)


def worked(folder, objective=objective, trials=TRIALS, seed=0, **rest):
    study, worker = opened(folder / "tiny.journal", seed), Worker(folder / "tiny")
    try:
        work(study, objective, worker, trials, **rest)
    finally:
        worker.leave()
    return study


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    with quiet_optuna():
        return worked(tmp_path_factory.mktemp("unbroken"))


def test_a_seed_is_a_study_and_the_settings_as_they_are_come_first(unbroken, tmp_path):
    again, other = worked(tmp_path / "again"), worked(tmp_path / "other", seed=1)
    assert whole(again) == whole(unbroken) and len(whole(again)) == TRIALS
    assert whole(again)[0] == whole(other)[0] == OWN_POINT and again.trials[0].user_attrs[OWN]
    assert not [point for point in whole(other)[1:] if point in whole(again)]
    assert len({json.dumps(point) for point in whole(again)}) == TRIALS  # no two are drawn alike
    assert not list((tmp_path / "again" / "tiny").glob("*.worker"))


def test_a_study_that_was_stopped_goes_on_as_if_it_had_not_been(unbroken, tmp_path):
    begun = []

    def stopped(trial):
        begun.append(trial.number)
        if len(begun) == 12:
            raise KeyboardInterrupt
        return objective(trial)

    with pytest.raises(KeyboardInterrupt):
        worked(tmp_path, stopped)
    study = worked(tmp_path)
    assert whole(study) == whole(unbroken)
    assert [trial.state for trial in study.trials].count(TrialState.FAIL) == 1 and len(study.trials) == TRIALS + 1


def test_more_trials_and_no_time(tmp_path):
    assert done(worked(tmp_path, deadline=0.0)) == 0
    assert done(worked(tmp_path, trials=2)) == 2
    assert done(worked(tmp_path, trials=2)) == 2 and done(worked(tmp_path, trials=3)) == 3


def test_a_trial_in_error_ends_the_work_and_is_not_tried_again(tmp_path):
    def broken(trial):
        objective(trial)
        raise ValueError("no such weights")

    with pytest.raises(ValueError, match="no such weights"):
        worked(tmp_path, broken)
    study = worked(tmp_path, trials=3)
    assert [trial.state.name for trial in study.trials] == ["FAIL", "COMPLETE", "COMPLETE", "COMPLETE"]
    assert study.trials[0].user_attrs["error"] == "ValueError: no such weights" and study.trials[1].params != OWN_POINT


def test_the_trial_of_a_worker_that_was_killed_is_taken_up_at_the_same_point(unbroken, tmp_path):
    process = started(killed_in_its_fourth, tmp_path, str(tmp_path / "tiny.journal"), "tiny")
    wait_for(tmp_path / "hangs", process)
    kill(process)
    before = opened(tmp_path / "tiny.journal").trials[3]
    assert before.state == TrialState.RUNNING
    study = worked(tmp_path)
    lost, found = study.trials[3], study.trials[4]
    assert lost.state == TrialState.FAIL and found.state == TrialState.COMPLETE and found.params == before.params
    assert found.user_attrs["worker"] != lost.user_attrs["worker"]
    assert whole(study) == whole(unbroken)


def test_two_workers_one_killed_and_the_study_is_whole(tmp_path):
    where = str(tmp_path / "tiny.journal")
    hanging = started(killed_in_its_fourth, tmp_path, where, "tiny")
    helper = started(helping, tmp_path, where, TRIALS)
    wait_for(tmp_path / "hangs", hanging)
    while done(opened(where)) < TRIALS - 1:  # it does all the others, and waits for the last
        assert helper.is_alive()
        time.sleep(0.05)
    assert helper.is_alive()
    kill(hanging)
    helper.join(60)
    assert helper.exitcode == 0
    study = opened(where)
    assert len(whole(study)) == TRIALS and len({json.dumps(point) for point in whole(study)}) == TRIALS
    assert len({trial.user_attrs["worker"] for trial in study.trials}) == 2
    assert [trial.state for trial in study.trials if trial.state != TrialState.COMPLETE] == [TrialState.FAIL]
    number = int((tmp_path / "hangs").read_text())
    taken_up = next(trial for trial in study.trials if trial.system_attrs.get("failed_trial") == number)
    assert taken_up.params == study.trials[number].params


def test_a_trial_that_kills_every_worker_is_given_up(tmp_path):
    study, worker = opened(tmp_path / "tiny.journal"), Worker(tmp_path / "tiny")
    for _ in range(working.TRIES + 1):
        working.take_up(study, worker)
        study.ask(SPACE)
        study.tell(study.trials[-1].number, state=TrialState.FAIL)
    working.take_up(study, worker)
    assert [trial.params for trial in study.trials] == [OWN_POINT] * (working.TRIES + 1)
    worker.leave()


def test_a_trial_whose_worker_died_before_it_gave_its_name_is_taken_up(tmp_path):
    opened(tmp_path / "tiny.journal").ask()
    study = worked(tmp_path, trials=3)
    assert [trial.state.name for trial in study.trials] == ["FAIL", "COMPLETE", "COMPLETE", "COMPLETE"] and done(
        study
    ) == 3
    assert study.trials[0].params in ({}, OWN_POINT) and OWN_POINT in [trial.params for trial in study.trials[1:]]


def test_a_worker_that_could_not_end_its_trial_is_still_found_dead(tmp_path, monkeypatch):
    """The disk is full, say: neither the error nor the trial's end can be written."""

    def full(*_, **__):
        raise OSError("no space left on device")

    def broken(trial):
        objective(trial)
        monkeypatch.setattr(optuna.trial.Trial, "set_user_attr", full)
        monkeypatch.setattr(optuna.storages.JournalStorage, "set_trial_state_values", full)
        raise OSError("no space left on device")

    with pytest.raises((OSError, AssertionError)):  # the latter is Optuna's, which did not expect that
        worked(tmp_path, broken, trials=2)
    monkeypatch.undo()
    monkeypatch.setattr(working, "POLL", 0.05)
    study = worked(tmp_path, trials=2)
    assert [trial.state.name for trial in study.trials] == ["FAIL", "COMPLETE", "COMPLETE"] and study.trials[
        1
    ].params == OWN_POINT


def test_a_point_is_settled_before_another_worker_looks_for_its_own(tmp_path):
    seen = []

    def begin(trial):
        objective(trial)
        seen.append(turn_is_held(tmp_path))

    worked(tmp_path, trials=2, begin=begin)
    assert seen == [True, True]


def turn_is_held(folder):
    try:
        with FileLock(folder / "tiny/turn.lock", timeout=0):
            return False
    except Timeout:
        return True


def test_a_worker_from_elsewhere_is_left_alone(tmp_path):
    study, worker = opened(tmp_path / "tiny.journal"), Worker(tmp_path / "tiny")
    trial = study.ask(SPACE)
    trial.set_user_attr("worker", "another-machine-1-2")
    work(study, objective, worker, 3)  # and not waited for either
    assert [trial.state.name for trial in study.trials] == ["RUNNING", "COMPLETE", "COMPLETE"]
    worker.leave()


# where it is kept


def test_a_study_that_is_there_is_not_gone_on_with_unasked(tmp_path):
    opened(tmp_path / "tiny.journal", resume=False)
    with pytest.raises(ValueError, match="study tiny is there already; --resume"):
        opened(tmp_path / "tiny.journal", resume=False)


@pytest.mark.parametrize(
    ("where", "kind", "expected"),
    [
        (".", ValueError, "is a folder"),
        ("notes.txt", ValueError, "not a journal"),
        ("number.json", ValueError, "not a journal"),
        ("sqlite:///tune.db", ValueError, "SQLite fails"),
        ("nosuch://host/x", ValueError, "NoSuchModuleError"),
        ("postgresql://u:secret@127.0.0.1:1/x", (ValueError, ModuleNotFoundError), r"postgresql://u:\*\*\*@"),
        ("postgresql+pg8000://u:secret@127.0.0.1:1/x", (ValueError, ModuleNotFoundError), r"pg8000://u:\*\*\*@"),
        ("redis://:secret@127.0.0.1:1", (ValueError, ModuleNotFoundError), "redis"),
    ],
)
def test_an_address_that_can_not_be_used(tmp_path, monkeypatch, where, kind, expected):
    monkeypatch.chdir(tmp_path)
    Path("notes.txt").write_text("my notes\n")
    Path("number.json").write_text("3\n")
    with pytest.raises(kind, match=expected) as caught:
        open_storage(where)
    assert "secret" not in str(caught.value)
    assert Path("notes.txt").read_text() == "my notes\n"


def test_an_empty_file_is_a_new_journal(tmp_path):
    (tmp_path / "x.journal").touch()
    assert isinstance(open_storage(str(tmp_path / "x.journal")), optuna.storages.JournalStorage)
