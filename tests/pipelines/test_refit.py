"""Members trained on all images: they vote beside their folds' networks, in final.csv and for new images."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from makers.project import FOLDS, PARAMS, TEST, TRAIN, made_further, make_once

from competition.data.predictions import load_predictions, save_predictions
from pipelines import ensemble, predict, specialize, train, vote

pytestmark = pytest.mark.slow

ASKED = PARAMS.replace("refit: {members: [], seeds: [0]}", "refit: {members: [lite0], seeds: [3, 5]}")
NETWORKS = ("refit-3", "refit-5")


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    def run():
        for network in NETWORKS:
            train.main("lite0", network)
        vote.main()
        ensemble.main()

    return made_further(tmp_path_factory, ASKED.replace("ensemble: {", "ensemble: {choose: soft, "), run)


def answers(folder: Path, member: str, network: object) -> dict:
    return load_predictions(folder / f"folds/predictions/{member}/{network}.npz")


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_it_learns_from_all_images_for_as_long_as_the_folds_did_and_is_scored_nowhere(made, capsys, monkeypatch):
    kept = [json.loads((made / f"folds/scores/lite0/{fold}.json").read_text())["best_epoch"] + 1 for fold in FOLDS]
    for network in NETWORKS:
        assert set(answers(made, "lite0", network)) == {"test"}
        history = pd.read_csv(made / f"folds/history/lite0/{network}.csv")
        assert len(history) == round(np.median(kept)) and history["test_like"].isna().all()
        assert history["kept"].tolist() == [0] * (len(history) - 1) + [1]
        assert not (made / f"folds/scores/lite0/{network}.json").exists()
    first, second = (answers(made, "lite0", network)["test"].probabilities for network in NETWORKS)
    assert (first != second).any()
    monkeypatch.chdir(made)
    train.main("lite0", "refit-3")
    assert f"images={TRAIN} validation=0" in capsys.readouterr().out


def test_a_members_vote_is_the_mean_of_all_its_networks(made):
    every = [answers(made, "lite0", network)["test"] for network in (*FOLDS, *NETWORKS)]
    ids = every[0].ids.tolist()
    mean = np.mean([one.select(ids).probabilities for one in every], axis=0, dtype=np.float64)
    targets = np.array(every[0].targets)[mean.argmax(axis=1)]
    voted = {row["ID"]: row["target"] for row in rows(made / "submissions/members/lite0.csv")}
    assert len(voted) == TEST and all(voted[id] == target for id, target in zip(ids, targets, strict=True))


def test_out_of_fold_nothing_changes(made, tmp_path_factory):
    plain = make_once(tmp_path_factory)
    columns = ["lite0", "features", "grey"]
    found = [pd.read_csv(folder / "submissions/oof.csv") for folder in (plain, made)]
    shared = [column for column in found[0] if any(name in column for name in columns)]
    assert shared and found[0][shared].equals(found[1][shared])


def test_new_images_are_answered_by_all_networks_too(made, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(made)
    (tmp_path / "images").mkdir()
    for name in ("t1.png", "t2.png", "t3.png"):
        shutil.copy(f"data/raw/test/{name}", tmp_path / "images")
    predict.main(tmp_path / "images", out=tmp_path / "lite0.csv", member="lite0")
    assert "networks=4 " in capsys.readouterr().out  # two of the folds, two of all images
    predict.main(tmp_path / "images", out=tmp_path / "labels.csv")
    found = {row["file"].removesuffix(".png"): row["target"] for row in rows(tmp_path / "labels.csv")}
    final = {row["ID"]: row["target"] for row in rows(Path("submissions/final.csv"))}
    assert found and all(final[id] == target for id, target in found.items())


def test_a_changed_network_is_noticed(made, tmp_path, monkeypatch, capsys):
    shutil.copytree(made, tmp_path / "copy")
    monkeypatch.chdir(tmp_path / "copy")
    shutil.copy("folds/weights/lite0/refit-3.safetensors", "folds/weights/lite0/refit-5.safetensors")
    (tmp_path / "images").mkdir()
    shutil.copy("data/raw/test/t1.png", tmp_path / "images")
    predict.main(tmp_path / "images", out=tmp_path / "labels.csv", member="lite0")
    assert any("lite0" in line for line in capsys.readouterr().out.splitlines() if "warning" in line)


def test_what_is_not_asked_for_is_refused(made, monkeypatch):
    monkeypatch.chdir(made)
    with pytest.raises(ValueError, match="refit-9: lite0 has no such fold .* expected one of 0, 1, refit-3, refit-5"):
        train.main("lite0", "refit-9")
    with pytest.raises(ValueError, match="refit-3: grey has no such fold"):
        train.main("grey", "refit-3")


def test_the_specialist_is_asked_about_what_all_networks_of_its_base_answer(tmp_path_factory):
    """Networks of all images may turn an easy answer into a hard class: the specialist answers these images too."""

    def say(network: object, target: str, probability: float):
        path = Path(f"folds/predictions/lite0/{network}.npz")
        parts = load_predictions(path)
        targets = parts["test"].targets
        rest = (1 - probability) / (len(targets) - 1)
        row = [probability if one == target else rest for one in targets]
        save_predictions(path, parts | {"test": parts["test"].like(np.array([row] * len(parts["test"])))})

    def run():
        for network in NETWORKS:
            train.main("lite0", network)
            say(network, "7", 0.9)
        for fold in FOLDS:
            say(fold, "x", 0.6)
        for fold in FOLDS:
            specialize.main(fold)
        vote.main()

    params = ASKED.replace('hard_classes: ["7", "10", x]', 'hard_classes: ["7", "10"]')
    made = made_further(tmp_path_factory, params, run)
    for fold in FOLDS:
        assert len(answers(made, "specialist", fold)["test"]) == len(answers(made, "lite0", fold)["test"])
