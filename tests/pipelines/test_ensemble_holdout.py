"""The stage ensemble's score on the locked holdout: once, and of the very vote that made final.csv."""
# ruff: noqa: F811

import shutil
from pathlib import Path

import pandas as pd
import pytest
from makers.ensemble_stage import cast, fresh, project  # noqa: F401
from makers.votes import TARGETS, write_fold
from sklearn.metrics import f1_score

from competition.data.predictions import load_predictions

pytestmark = pytest.mark.slow


def test_a_holdout_is_not_unlocked_where_the_ledger_is_lost(project, monkeypatch):
    """A queued experiment of DVC's runs in a copy of the project."""
    copy = project / ".dvc/tmp/exps/tmpabc"
    shutil.copytree(project, copy, ignore=shutil.ignore_patterns(".dvc"))
    monkeypatch.chdir(copy)
    with pytest.raises(ValueError, match="ensemble.unlock_holdout: true, in a queued or temporary experiment"):
        cast("soft", unlock_holdout=True)
    assert not Path("submissions/holdout.csv").exists() and cast("soft")[1]["holdout"] is None


def test_the_holdout_is_scored_once(project):
    locked = cast("soft")
    assert locked[1]["holdout"] is None and not Path("submissions/holdout.csv").exists()
    final, facts = cast("soft", unlock_holdout=True)
    assert final.equals(locked[0])
    folds = pd.read_csv("folds/folds.csv", dtype=str)
    holdout = folds[folds["fold"] == "-1"]
    assert facts["holdout"]["images"] == len(holdout)
    ledger = Path("submissions/holdout.csv").read_bytes()
    (entry,) = pd.read_csv("submissions/holdout.csv", dtype=str).to_dict("records")
    assert entry["submission"] == "soft" and float(entry["test_like"]) == facts["holdout"]["test_like"]["value"]
    assert cast("soft", unlock_holdout=True)[1]["holdout"] == facts["holdout"]  # the same answers again
    with pytest.raises(
        ValueError, match=r"holdout\.csv: .* unlocked on \d{4}-\d\d-\d\d, for other answers or targets \(soft: "
    ):
        cast("grey", unlock_holdout=True)
    assert Path("submissions/holdout.csv").read_bytes() == ledger
    assert cast("grey")[1]["holdout"] is None  # locked again
    seen = pd.read_csv("submissions/holdout_seen.csv", dtype=str)["ID"]
    assert set(seen) == set(folds["ID"]) - set(holdout["ID"])
    Path("submissions/holdout.csv").unlink()  # even so
    folds.to_csv("folds/kept.csv", index=False)
    other = folds.assign(fold=folds["fold"].replace({"-1": "0", "0": "-1"}))
    other.to_csv("folds/folds.csv", index=False)
    with pytest.raises(ValueError, match="images of the holdout were trained on or scored since"):
        cast("soft", unlock_holdout=True)
    Path("folds/kept.csv").replace("folds/folds.csv")


@pytest.mark.parametrize("name", ["hard_top", "lite0_specialist", "stacking"])
def test_every_kind_of_vote_can_be_cast_on_the_holdout(project, name):
    _, facts = cast(name, unlock_holdout=True)
    folds = pd.read_csv("folds/folds.csv", dtype=str)
    y_true = folds[folds["fold"] == "-1"].set_index("ID")["target"]
    if name == "lite0_specialist":
        parts = [
            load_predictions(f"folds/predictions/lite0/{k}.npz")["holdout_clean"].select(y_true.index) for k in range(3)
        ]
        special = [load_predictions(f"folds/predictions/specialist/{k}.npz")["holdout_clean"] for k in range(3)]
        told = []
        for row, id_ in enumerate(y_true.index):
            answer = TARGETS[sum(part.probabilities[row].astype(float) for part in parts).argmax()]
            if answer != "10":
                answer = ("2", "x")[sum(part.select([id_]).probabilities[0].astype(float) for part in special).argmax()]
            told.append(answer)
        assert facts["holdout"]["clean"]["value"] == pytest.approx(
            f1_score(y_true, told, average="macro", zero_division=0), abs=1e-6
        )
    assert facts["holdout"]["images"] == len(y_true) and 0 <= facts["holdout"]["test_like"]["value"] <= 1


def test_a_holdout_that_was_not_predicted_is_asked_for(project):
    folds = pd.read_csv("folds/folds.csv", dtype=str)
    write_fold("grey", 1, folds[folds["fold"] == "1"], 0.1)
    with pytest.raises(
        ValueError, match=r"grey/1\.npz: expected predictions named .*'holdout_clean', 'holdout_test_like'.*, found"
    ):
        cast(unlock_holdout=True)
