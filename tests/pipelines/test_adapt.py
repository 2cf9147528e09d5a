"""Stage `adapt`: one more member, for the votes, for `predict` and for the report."""

import csv
import json
import shutil
from pathlib import Path

import pytest
from makers.project import FOLDS, PARAMS, made_further

from competition.data.predictions import load_predictions
from competition.members import adapted as members_adapted
from pipelines import adapt, ensemble, predict, vote

pytestmark = pytest.mark.slow

ALLOWED = PARAMS.replace("adapt: {members: []}", "rules: {pseudo_labels: true}\nadapt: {members: [lite0], epochs: 1}")


@pytest.fixture(scope="module")
def adapted(tmp_path_factory) -> Path:
    def run():
        for fold in FOLDS:
            adapt.main("lite0", fold)
        vote.main()
        ensemble.main()

    return made_further(tmp_path_factory, ALLOWED.replace("ensemble: {", "ensemble: {choose: lite0_adapted, "), run)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_adapted_member_votes_beside_its_base(adapted):
    names = {row["submission"] for row in rows(adapted / "submissions/leaderboard.csv")}
    assert {"lite0", "lite0_adapted", "lite0_adapted_hard", "features"} <= names
    final = json.loads((adapted / "submissions/final.json").read_text())
    assert final["chosen"] == "lite0_adapted"
    files = {"lite0": "folds/predictions/lite0", "lite0_adapted": "folds/adapted/predictions/lite0_adapted"}
    answers = {
        name: [load_predictions(adapted / f"{file}/{fold}.npz") for fold in FOLDS] for name, file in files.items()
    }
    for base, own in zip(*answers.values(), strict=True):
        for part, found in own.items():
            assert found.ids.tolist() == base[part].ids.tolist()
        assert (own["test"].probabilities != base["test"].probabilities).any()


def test_what_is_learnt_is_the_mean_of_all_that_are_adapted(adapted, monkeypatch):
    monkeypatch.chdir(adapted)
    found = members_adapted._answers(("lite0", "features"), 1)
    each = [load_predictions(f"folds/predictions/{name}/1.npz") for name in ("lite0", "features")]
    assert sorted(found) == ["test", "test_like"]
    for part, told in found.items():
        assert told.ids.tolist() == each[0][part].ids.tolist()
        pairs = [dict(zip(one[part].ids.tolist(), one[part].probabilities, strict=True)) for one in each]
        for id, row in zip(told.ids.tolist(), told.probabilities, strict=True):
            assert row == pytest.approx((pairs[0][id] + pairs[1][id]) / 2, abs=1e-6)


def test_new_images_get_its_answers(adapted, tmp_path, monkeypatch):
    monkeypatch.chdir(adapted)
    (tmp_path / "images").mkdir()
    for name in ("t1.png", "t2.png", "t3.png"):
        shutil.copy(f"data/raw/test/{name}", tmp_path / "images")
    predict.main(tmp_path / "images", out=tmp_path / "labels.csv")
    found = {row["file"].removesuffix(".png"): row["target"] for row in rows(tmp_path / "labels.csv")}
    final = {row["ID"]: row["target"] for row in rows(Path("submissions/final.csv"))}
    assert found and all(final[id] == target for id, target in found.items())


def test_without_being_asked_for_there_is_no_such_stage(adapted, tmp_path, monkeypatch):
    (tmp_path / "params.yaml").write_text(PARAMS)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="member 'lite0': not among adapt.members"):
        adapt.main("lite0", 0)
