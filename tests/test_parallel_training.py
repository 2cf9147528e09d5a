"""Networks trained in parallel: the same weights as by hand, whatever stops them, and nobody's error but one's own."""

import contextlib
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep

import psutil
import pytest
from makers.pipeline import PARAMS, call, environment, make_folder
from makers.sample import generated

import pipelines.augment
import pipelines.prepare
import pipelines.split
from competition.common import paths
from competition.common.locks import hold_another
from competition.compute import shares
from competition.compute.shares import Share, share_of
from competition.members import parallel, resume_key
from competition.members.fold_training import FoldTraining
from competition.settings.load import load_settings
from competition.settings.params import Settings

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


@pytest.fixture
def trained(tmp_path, monkeypatch) -> Callable[[], FoldTraining]:
    """Makes the training of a network whose files are there, by weights of one's own, as dvc.yaml knows."""
    monkeypatch.chdir(tmp_path)
    for path in (paths.AUGMENTED_STORE, paths.TEST_RESIZED_STORE, paths.FOLDS, Path("own.pth"), Path("plugin.py")):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"one")
    paths.CLASSES.write_text("target,class_name,images\na,a,3\nb,b,3\n")
    Path("dvc.yaml").write_text("stages: {train: {deps: [own.pth, folds/folds.csv]}}")
    network = {"kind": "finetuned", "network": "test_resnet", "weights": "own.pth"}

    def training(**changed) -> FoldTraining:
        settings = {"members": {"net": network | changed}, "train": {"members": ["net"]}, "specialize": {"base": []}}
        made = Settings.model_validate(settings).model_copy(update={"plugins": ("plugin.py",)})
        return FoldTraining(made, "net", 0)

    one = training()
    for kind in (paths.weights, paths.predictions, paths.scores):
        kind("net", 0).parent.mkdir(parents=True)
        kind("net", 0).write_text(json.dumps({"made_by": one.made_by}))
    return training


def test_what_no_stage_of_dvcs_runs_again_for_makes_no_network_missing(trained, monkeypatch):
    """Else a member that is added trains all others anew, for nobody."""
    before = trained().made_ahead
    Path("plugin.py").write_text("# edited, and dvc.yaml doesn't list it")
    assert not trained().is_missing
    monkeypatch.setattr(resume_key, "version", lambda package: "0.0")  # upgraded
    assert not trained().is_missing and trained().made_ahead != before  # nothing old is gone on from


@pytest.mark.parametrize("path", ["own.pth", "data/augmented.arrow", "data/test_squares.arrow", "folds/folds.csv"])
def test_what_a_stage_runs_again_for_makes_its_network_missing(trained, path):
    assert not trained().is_missing and trained(epochs=3).is_missing
    Path(path).write_bytes(b"other")
    assert trained().is_missing


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


FIGURES = {"best_epoch": 3, "train_seconds": 1.5, "predict_seconds": 0.5}
AHEAD = {"scores/b3_5/1.json": json.dumps(FIGURES | {"score": {"clean": 0.51234, "test_like": None}})}
AHEAD |= {f"{kind}/b3_5/1.{end}": kind for kind, end in (("weights", "safetensors"), ("history", "csv"))}


def make_ahead(training: FoldTraining) -> None:
    for name, text in AHEAD.items():
        (training.made_ahead / "folds" / name).parent.mkdir(parents=True)
        (training.made_ahead / "folds" / name).write_text(text)


@pytest.fixture
def ahead(tmp_path, monkeypatch) -> FoldTraining:
    """A training whose files were made ahead."""
    monkeypatch.chdir(tmp_path)
    members = {"members": {"b3_5": {"kind": "grey"}}, "train": {"members": ["b3_5"]}, "specialize": {"base": []}}
    training = FoldTraining(Settings(**members), "b3_5", 1)
    training.__dict__["made_ahead"] = Path("data/state/train-b3_5-1-0a-0b")
    make_ahead(training)
    return training


def test_all_files_that_were_made_ahead_are_taken(ahead):
    assert ahead.take() == FIGURES | {"clean": 0.5123}
    assert {name: Path("folds", name).read_text() for name in AHEAD} == AHEAD
    assert list(ahead.made_ahead.parent.iterdir()) == []


def killed_at(place: int, call: Callable[[], object]) -> bool:
    """Call in another process, killed before it removes the file number `place`; return whether it was."""
    if process := os.fork():
        return os.waitpid(process, 0)[1] == signal.SIGKILL
    real, removed = os.unlink, []

    def unlink(*given, **options):
        removed.append(given)
        if len(removed) > place:
            os.kill(os.getpid(), signal.SIGKILL)
        real(*given, **options)

    os.unlink = unlink
    call()
    os._exit(0)


@pytest.mark.parametrize("place", range(4))
def test_what_a_killed_take_leaves_is_not_taken_for_whole_and_cleared_away(ahead, place):
    assert killed_at(place, ahead.take) == (place < len(AHEAD))
    assert not ahead.made_ahead.exists()  # its stage trains again, from its state
    make_ahead(ahead)
    shutil.rmtree("folds")  # as DVC does before a stage
    assert ahead.take()["clean"] == 0.5123 and len(list(Path("folds").rglob("*.*"))) == len(AHEAD)
    assert list(ahead.made_ahead.parent.iterdir()) == []
