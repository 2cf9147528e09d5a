"""Networks trained in parallel: the same weights as by hand, whatever stops them, and nobody's error but one's own."""

import contextlib
import hashlib
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from time import monotonic, sleep

import psutil
import pytest
from makers.pipeline import PARAMS, call, environment, make_folder
from makers.sample import generated

import pipelines.augment
import pipelines.prepare
import pipelines.split
from competition.common.locks import Busy, hold_another
from competition.compute import shares
from competition.compute.shares import Share, share_of
from competition.members import parallel
from competition.members.fold_training import FoldTraining
from competition.settings.load import load_settings

FOLDS = 0, 1
FILES = [f"folds/{kind}/lite0/{fold}.{ending}" for kind, ending in (("weights", "safetensors"), ("predictions", "npz"))
         for fold in FOLDS]  # fmt: skip


def made(folder: Path) -> dict[str, str]:
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in FILES}


@pytest.fixture(scope="module")
def packed(tmp_path_factory) -> Path:
    """A project up to its packed copies: one network of two folds, two workers."""
    params = PARAMS.replace("[lite0, features, grey]", "[lite0]") + "machine: {workers: 2}\n"
    folder = make_folder(tmp_path_factory.mktemp("packed"), generated(tmp_path_factory)[0], params)
    with contextlib.chdir(folder):
        for stage in (pipelines.prepare, pipelines.split, pipelines.augment):
            stage.main()
    return folder


@pytest.fixture(scope="module")
def alone(packed, tmp_path_factory) -> Path:
    """The project after its networks were trained by hand, one after the other."""
    folder = tmp_path_factory.mktemp("alone") / "project"
    shutil.copytree(packed, folder)
    for fold in FOLDS:
        assert "training in parallel" not in call(folder, "pipelines.train", "lite0", str(fold))
    return folder


def in_dvc(folder: Path, fold: int) -> subprocess.Popen:
    command = [sys.executable, "-m", "pipelines.train", "lite0", str(fold)]
    own = environment() | {"DVC_STAGE": f"train@lite0-{fold}"}
    output = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.Popen(command, cwd=folder, env=own, **output)


def said(process: subprocess.Popen) -> str:
    told = process.communicate(timeout=300)[0]
    assert process.returncode == 0, told
    return told


@pytest.mark.slow
def test_the_first_stage_trains_all_and_the_others_take_what_it_left_also_after_a_kill(packed, alone, tmp_path):
    folder, end = tmp_path / "project", monotonic() + 300
    shutil.copytree(packed, folder)
    process = in_dvc(folder, 0)
    while not list((folder / "data/state").glob("train-lite0-*.pt")):
        assert process.poll() is None and monotonic() < end
        sleep(0.02)
    family = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    for one in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            one.kill()
    process.communicate()
    first = said(in_dvc(folder, 0))
    assert "training in parallel at_once=2 lite0=0/1" in first and "trained ahead member=lite0 fold=1" in first
    assert "lite0 0  epoch   1" in first and "lite0 1  epoch   1" in first
    assert not (folder / FILES[1]).exists()  # its stage has still to come
    second = said(in_dvc(folder, 1))
    assert "loss" not in second and "trained member=lite0 fold=1 best_epoch=" in second
    assert made(folder) == made(alone)
    assert not list((folder / "data/state").glob("train-*/"))


@pytest.fixture
def here(alone, tmp_path, monkeypatch):
    shutil.copytree(alone, tmp_path / "project")
    monkeypatch.chdir(tmp_path / "project")
    monkeypatch.setattr(parallel, "set_up_process", lambda threads: None)
    return [FoldTraining(load_settings(), "lite0", fold) for fold in FOLDS]


@pytest.mark.slow
def test_what_is_trained_by_the_same_settings_is_not_missing(here):
    assert [one.is_missing for one in here] == [False, False]
    Path(FILES[0]).unlink()
    assert here[0].is_missing


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "after"), [("learning_rate: 0.001", "learning_rate: 0.002"), ("passes: 20", "passes: 4"), ("", "")]
)
def test_what_was_made_by_other_settings_or_of_other_images_is_not_taken(here, before, after):
    ahead = here[1].made_ahead
    ahead.mkdir()
    assert not here[1].is_missing
    params = Path("params.yaml")
    if before:
        assert params.read_text().count(before) == 1
        params.write_text(params.read_text().replace(before, after))
    else:
        with Path("data/test_squares.arrow").open("ab") as file:
            file.write(b"other")
    changed = FoldTraining(load_settings(), "lite0", 1)
    assert changed.made_ahead != ahead and changed.is_missing


@pytest.mark.slow
def test_an_error_stops_its_own_stage_alone(here, monkeypatch):
    def broken(training, data, report):
        raise ValueError("the loss is nan")

    monkeypatch.setattr(FoldTraining, "run", broken)
    assert parallel._train("lite0", 1, 1, False) == ("lite0", 1, {"problem": "ValueError: the loss is nan"})
    with pytest.raises(ValueError, match="the loss is nan"):
        parallel._train("lite0", 1, 1, True)


@pytest.mark.slow
def test_what_another_command_trains_is_left_to_it(here, monkeypatch):
    monkeypatch.setattr("competition.common.locks.PATIENCE", 0.05)
    with hold_another("pipelines.train lite0 1"):
        *_, told = parallel._train("lite0", 1, 1, False)
    assert "Busy: `pipelines.train lite0 1` (process" in told["problem"]


@pytest.mark.slow
def test_what_a_killed_commands_worker_still_trains_is_waited_for(here, monkeypatch, capsys):
    monkeypatch.setattr("competition.common.locks.PATIENCE", 0.05)
    monkeypatch.setattr(FoldTraining, "run", lambda training, data, report: None)
    monkeypatch.setattr(FoldTraining, "write_ahead", lambda training, trained: None)
    with contextlib.ExitStack() as still, contextlib.ExitStack() as soon:
        still.enter_context(hold_another("a worker of pipelines.train lite0 0"))
        end = threading.Timer(0.5, still.pop_all().close)
        soon.callback(end.join)
        end.start()
        assert parallel._train("lite0", 0, 1, True) == ("lite0", 0, {})
    assert "waiting for `a worker of pipelines.train lite0 0` (process" in capsys.readouterr().out
    monkeypatch.setattr(parallel, "EPOCH", 0.1)
    with (
        hold_another("a worker of pipelines.train lite0 0"),
        pytest.raises(Busy, match="`a worker of pipelines.train lite0 0` .process .* is at work in this folder"),
    ):
        parallel._train("lite0", 0, 1, True)


@pytest.mark.slow
def test_a_worker_whose_command_was_killed_leaves_nothing_to_be_taken(here, monkeypatch):
    """Killed after the last epoch, while the images are predicted."""

    def killed_meanwhile(training, data, report):
        monkeypatch.setattr("os.getppid", lambda: 1)

    monkeypatch.setattr(FoldTraining, "run", killed_meanwhile)
    with pytest.raises(SystemExit):
        parallel._train("lite0", 0, 1, True)
    assert not here[0].made_ahead.exists()


@pytest.mark.parametrize(
    ("jobs", "cores", "workers", "expected"),
    [
        (6, 2, 0, Share(2, 1)),
        (3, 2, 0, Share(3, 1)),  # none waits for the last one
        (1, 2, 0, Share(1, 2)),
        (5, 2, 0, Share(3, 1)),
        (6, 16, 0, Share(6, 2)),
        (6, 4, 1, Share(1, 4)),
        (4, 1, 0, Share(1, 1)),
        (4, 1, 2, Share(2, 1)),
    ],
)
def test_shares_of_the_cores(monkeypatch, jobs, cores, workers, expected):
    monkeypatch.setattr(shares, "cores", lambda: cores)
    monkeypatch.setattr(shares.psutil, "virtual_memory", lambda: type("Memory", (), {"total": 1 << 40}))
    assert share_of(jobs, workers) == expected


def test_as_many_at_a_time_as_memory_holds(monkeypatch):
    monkeypatch.setattr(shares, "cores", lambda: 16)
    monkeypatch.setattr(shares.psutil, "virtual_memory", lambda: type("Memory", (), {"total": 8 << 30}))
    assert share_of(16) == Share(2, 8)
