"""A network's training on a fold: when its files are missing, and the taking of files that were made ahead."""

import json
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from competition.common import paths
from competition.members import resume_key
from competition.members.fold_training import FoldTraining
from competition.settings.params import Settings


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
