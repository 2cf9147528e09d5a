"""What every command says of the machine: who else is at work, what DVC can't do here, a worker that was killed."""
# ruff: noqa: F811

import os
import re
import runpy
import signal
import sys
from concurrent.futures import BrokenExecutor
from pathlib import Path

import pytest
import yaml
from makers.commands import call, project  # noqa: F401
from sklearn.utils.parallel import Parallel, delayed

from competition.common import environment, locks
from competition.common.imports import ROOT
from competition.common.locks import HELD, Use, hold
from competition.common.project import dvc_problems, keep_dvc_lock, linked_folders
from competition.compute.launcher import RANKS
from competition.compute.pool import deal
from competition.settings.machine import MachineSettings
from pipelines import sample
from pipelines._main import ANEW, KEPT, run

STAGES = [stage["cmd"].split()[2:] for stage in yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"].values()]
BESIDE = [*STAGES, ["pipelines.tune"], ["pipelines.adopt", "x"], ["pipelines.sample"], ["pipelines.fit_augmentation"]]


def started(module, *arguments):
    """Return what a command says that is started as `python -m module arguments`, in this process."""
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as caught:
        patch.setattr(sys, "argv", [module, *arguments])
        runpy.run_module(module, run_name="__main__", alter_sys=False)
    return str(caught.value.code)


@pytest.fixture
def alone(project, monkeypatch):
    for name in (HELD, "DVC_STAGE", *RANKS):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(locks, "PATIENCE", 0.05)
    return project


@pytest.mark.parametrize("command", BESIDE, ids=lambda command: command[0])
def test_a_command_is_refused_while_the_images_are_packed(alone, monkeypatch, command):
    with hold(Use.PACK, "pipelines.prepare"):
        monkeypatch.delenv(HELD)  # as in another process
        said = started(command[0], *(re.sub(r"\$\{.*\}", "0", word) for word in command[1:]))
    assert re.match(rf"error: `pipelines\.prepare` \(process {os.getpid()} on .*wait until", said), said


def test_the_same_stage_is_refused_twice_and_named_by_its_fold(alone, monkeypatch):
    with hold(Use.TRAIN, "pipelines.train lite0 0"):
        monkeypatch.delenv(HELD)
        assert "`pipelines.train lite0 0` (process" in started("pipelines.train", "lite0", "0")
        assert "error: folds/classes.csv: not found" in started("pipelines.train", "lite0", "1")  # got further


def test_a_training_is_refused_beside_a_tuning_and_the_report_is_not(alone, monkeypatch):
    with hold(Use.TUNE, "pipelines.tune"):
        monkeypatch.delenv(HELD)
        assert "`pipelines.tune` (process" in started("pipelines.train", "lite0", "0")
        assert "is at work" not in started("pipelines.vote")


def by_the_pool():
    list(deal(signal.raise_signal, [(signal.SIGKILL,)] * 3, MachineSettings(workers=2)))


def by_joblib():
    Parallel(n_jobs=2)(delayed(signal.raise_signal)(signal.SIGKILL) for _ in range(3))


def broken():
    raise BrokenExecutor("a process in the process pool was terminated abruptly")


@pytest.mark.parametrize(("work", "stopped"), [(by_the_pool, KEPT), (by_joblib, ANEW), (broken, KEPT), (broken, ANEW)])
def test_a_killed_worker_is_one_line(work, stopped, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["command"])
    with pytest.raises(SystemExit) as caught:
        run(lambda: work(), stopped)
    said = caught.value.code
    assert said.startswith("error: a worker process was killed from outside") and "\n" not in said
    assert ("what was finished is kept" in said) == (stopped == KEPT) and "machine.workers" in said
    assert capsys.readouterr().err == ""


@pytest.fixture
def repository(project):
    Path(".git").mkdir()
    Path(".dvc").mkdir()
    Path("dvc.yaml").write_text("stages: {}\n")
    Path("folds").mkdir()
    return project


def test_nothing_is_said_of_a_repository(repository, monkeypatch):
    monkeypatch.setattr(environment, "replaced", set())
    assert dvc_problems() == []


@pytest.mark.parametrize("name", ["data", "folds", "submissions"])
def test_a_folder_that_is_a_link_to_another_place_is_found(repository, tmp_path_factory, name, monkeypatch, call):
    place = tmp_path_factory.mktemp("disk")
    Path(name).rename(place / name)
    Path(name).symlink_to(place / name)
    (problem,) = linked_folders()
    assert problem.startswith(f"{name} is a link to {place}/{name}, and DVC keeps only") and problem in dvc_problems()
    monkeypatch.setenv("DVC_STAGE", "prepare")
    said = started("pipelines.prepare")
    assert said == f"error: {problem}" and not (Path("data") / "train.arrow").exists()
    Path(".dvc/config").write_text("[core]\n    no_scm = True\n")
    assert linked_folders() == []


def test_a_link_within_the_project_or_to_the_raw_data_is_none_of_them(repository, tmp_path_factory):
    place = tmp_path_factory.mktemp("disk")
    Path("data/raw").rename(place / "raw")
    Path("data/raw").symlink_to(place / "raw")
    assert linked_folders() == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda: Path(".git").rmdir(), "no git repository: git init, or"),
        (lambda: Path(".dvc").rmdir(), "no .dvc folder: python -m dvc init"),
        (lambda: environment.replaced.add("HOME"), "no home folder: export HOME=/tmp"),
        (lambda: environment.replaced.add("LOGNAME"), "the user's number has no name: export USER=me"),
    ],
    ids=["git", "dvc", "home", "name"],
)
def test_the_first_command_says_what_dvc_lacks(repository, call, change, said):
    before = set(environment.replaced)
    try:
        change()
        code, out, _ = call(sample, "--train", "17", "--test", "17", "--workers", "1", "--force")
    finally:
        environment.replaced.clear()
        environment.replaced.update(before)
    assert code == 0 and f"warning: dvc repro won't run here problem={said}" in out


def test_the_stages_keep_a_copy_of_dvc_lock(repository, monkeypatch):
    keep_dvc_lock()  # there is none before the first stage has ended
    Path("dvc.lock").write_text("schema: '2.0'\n")
    monkeypatch.setenv("DVC_STAGE", "vote")
    started("pipelines.vote")
    Path("dvc.lock").write_text("sche")
    assert Path("data/locks/dvc.lock").read_text() == "schema: '2.0'\n"
