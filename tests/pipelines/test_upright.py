"""Stage `upright`, and the stages after it on pages that were turned upright."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from makers.project import PARAMS, TEST, TRAIN, UNREADABLE, write_competition

from competition.augmentation.offline import Augmenter
from competition.common import paths
from competition.data.image_store import ImageStore
from competition.settings.load import load_settings
from competition.upright import fit, learn
from competition.upright.gain import Gain
from competition.upright.straighten import open_straightener
from pipelines import augment, ensemble, predict, prepare, split, train, upright, vote

pytestmark = pytest.mark.slow

UPRIGHT = (
    "upright: {use: USE, network: test_efficientnet, weights: none, corners_size: 32, orientation_size: 32, "
    "policy: none, copies: 1, corners_epochs: 1, orientation_epochs: 2, batch_size: 4, frozen_stages: 0}\n"
)
TURNED = "{policy: none, transforms: {rotate: {probability: 1}, mirror: {probability: 0.5}}"


def params(use: str) -> str:
    lines = PARAMS.replace("specialize: {base: [lite0]", "specialize: {base: []").splitlines(keepends=True)
    lines = [line for line in lines if not line.startswith(("upright:", "augment:"))]
    augment = f"augment: {{size: 40, copies: 1, {TURNED[1:]}, test_like: {TURNED}}}}}\n"
    return "".join(lines) + augment + UPRIGHT.replace("USE", use)


@pytest.fixture(scope="module")
def split_project(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("split")
    write_competition(folder / "data/raw")
    (folder / "params.yaml").write_text(params("on"))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        prepare.main()
        split.main()
    return folder


@pytest.fixture(scope="module")
def upright_project(split_project, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("upright") / "on"
    shutil.copytree(split_project, folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        upright.main()
    return folder


def project(split_project: Path, folder: Path, monkeypatch, use: str = "on") -> Path:
    """Return a copy of the project, and stand in it."""
    shutil.copytree(split_project, folder / use)
    monkeypatch.chdir(folder / use)
    Path("params.yaml").write_text(params(use))
    return folder / use


def weights() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(paths.UPRIGHT.glob("*.safetensors"))}


def test_pages_are_turned_upright_and_new_ones_alike(upright_project, tmp_path, monkeypatch):
    project(upright_project, tmp_path, monkeypatch)
    facts = json.loads(paths.UPRIGHT_FACTS.read_text())
    assert facts["used"] and facts["test_like"]["pages"] == TRAIN
    assert set(weights()) == {"0.safetensors", "1.safetensors"} and (paths.UPRIGHT / "pages.png").is_file()
    augment.main()
    for path in (paths.AUGMENTED_STORE, paths.TEST_RESIZED_STORE):
        orientations = ImageStore(path).optional("orientations")
        assert np.abs(orientations.sum(axis=1) - 1).max() < 1e-6 and (orientations.argmax(axis=1) == 0).all()
    settings = load_settings()
    straighten = open_straightener(settings.upright, out_of_fold=True)
    make = Augmenter(str(paths.TRAIN_STORE.resolve()), settings.augment, straighten=straighten)
    whole, parts = make(range(TRAIN))[0], [make(part)[0] for part in (range(5), range(5, 6), range(6, TRAIN))]
    assert whole == [row for part in parts for row in part]  # whoever makes it, and with what else
    for member in ("lite0", "features", "grey"):
        for fold in (0, 1):
            train.main(member, fold)
    vote.main()
    ensemble.main()
    predict.main(Path("data/raw/test"), Path("found.csv"))
    with open("found.csv", encoding="utf-8") as file:
        found = {row["file"].split(".")[0]: row["target"] for row in csv.DictReader(file)}
    with open(paths.FINAL, encoding="utf-8") as file:
        expected = {row["ID"]: row["target"] for row in csv.DictReader(file)}
    assert len(found) == TEST - 1 and found == {id: expected[id] for id in found}
    assert UNREADABLE.split(".")[0] not in found


def test_what_is_off_makes_nothing(split_project, tmp_path, monkeypatch):
    project(split_project, tmp_path, monkeypatch, "off")
    monkeypatch.setattr(upright, "learn", None)  # would be an error
    upright.main()
    assert json.loads(paths.UPRIGHT_FACTS.read_text()) == {"used": False}
    assert list(paths.UPRIGHT.iterdir()) == []
    augment.main()
    assert ImageStore(paths.AUGMENTED_STORE).optional("orientations") is None


def test_auto_measures_what_it_gains(split_project, tmp_path, monkeypatch, capsys):
    project(split_project, tmp_path, monkeypatch, "auto")
    upright.main()
    trained, facts = weights(), json.loads(paths.UPRIGHT_FACTS.read_text())
    found = facts["frozen_features"]
    scores, losses = found["score"], found["log_loss"]
    assert 0 <= scores["as_it_is"] <= 1 and 0 <= scores["upright"] <= 1 and found["standard_error"] >= 0
    assert facts["used"] == (losses["as_it_is"] - losses["upright"] > 2 * found["standard_error"])
    monkeypatch.setattr(fit, "fit_fold", None)  # would be an error: the networks are trained once
    for gains in (False, True):
        monkeypatch.setattr(
            learn, "measured_gain", lambda *_, gains=gains: Gain({"upright": 1.0}, {"upright": 1.0}, 0.0, gains)
        )
        upright.main()
        assert json.loads(paths.UPRIGHT_FACTS.read_text())["used"] == gains and weights() == trained
        augment.main()
        assert (ImageStore(paths.AUGMENTED_STORE).optional("orientations") is not None) == gains
    monkeypatch.setattr(learn, "measured_gain", lambda *_: Gain.unknown((0, 1)))
    upright.main()
    assert not json.loads(paths.UPRIGHT_FACTS.read_text())["used"] and weights() == trained
    assert "warning: frozen features problem=no fold can be learnt" in capsys.readouterr().out


def test_a_stopped_stage_goes_on_to_the_same_weights(split_project, upright_project, tmp_path, monkeypatch):
    monkeypatch.chdir(upright_project)
    whole, facts = weights(), json.loads(paths.UPRIGHT_FACTS.read_text())
    project(split_project, tmp_path / "stopped", monkeypatch)
    shown: list[tuple[int, str, int]] = []

    def stop_at(place: int):
        def print_epoch(row: dict) -> None:
            shown.append((row["fold"], row["network"], row["epoch"]))
            if len(shown) == place:
                raise KeyboardInterrupt

        return print_epoch

    for place in (2, 4):
        monkeypatch.setattr(upright, "print_epoch", stop_at(place))
        with pytest.raises(KeyboardInterrupt):
            upright.main()
    monkeypatch.setattr(upright, "print_epoch", stop_at(0))
    upright.main()
    epochs = [("corners", 0), ("orientation", 0), ("orientation", 1)]
    assert shown == [(fold, *epoch) for fold in (0, 1) for epoch in epochs]  # none of them twice
    assert weights() == whole
    again = json.loads(paths.UPRIGHT_FACTS.read_text())
    assert {**again, "seconds": 0} == {**facts, "seconds": 0}
    assert not list(paths.STATE.glob("upright-*"))
