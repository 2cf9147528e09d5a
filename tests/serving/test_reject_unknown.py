"""predict --reject-unknown: the scores are the vote's own, and the threshold is counted by hand out of fold."""

from pathlib import Path

import pytest
from makers.pipeline import table
from makers.project import FOLDS, TEST, TRAIN, project  # noqa: F401

from competition.data.predictions import load_predictions
from competition.ensembling.precision_curve import lower_bound
from competition.ensembling.voting import soft_vote
from pipelines import predict

MEMBER = "lite0"


@pytest.fixture
def at_home(project, monkeypatch):  # noqa: F811
    monkeypatch.chdir(project)
    return project


def scores_of(part: str) -> dict[str, float]:
    """Image -> 1 minus its highest probability: of the folds' mean, or of the network that never saw it."""
    folds = [load_predictions(f"folds/predictions/{MEMBER}/{fold}.npz")[part] for fold in FOLDS]
    found = [soft_vote(folds)] if part == "test" else folds
    return {
        id_: 1 - float(row.max()) for one in found for id_, row in zip(one.ids.tolist(), one.probabilities, strict=True)
    }


@pytest.mark.parametrize("share", [0.7, 0.95])
def test_unknown_is_what_the_known_images_are_not(at_home, tmp_path, share, capsys):
    """The lowest score out of fold, at or below which so many known images are by the bound; of 18 none for 0.95."""
    predict.main(Path("data/raw/test"), tmp_path / "plain.csv", MEMBER)
    predict.main(Path("data/raw/test"), tmp_path / "found.csv", MEMBER, reject_unknown=share)
    known = sorted(scores_of("test_like").values())
    kept = [value for place, value in enumerate(known, 1) if lower_bound(place, TRAIN) >= share]
    rows, test = table(tmp_path / "found.csv"), scores_of("test")
    for row in rows:
        score = test[row["file"].split(".")[0]]
        assert float(row["unknown_score"]) == pytest.approx(score, abs=2e-5)
        assert row["unknown"] == ("yes" if kept and score > kept[0] else "no")
    assert [dict(list(row.items())[:-2]) for row in rows] == table(tmp_path / "plain.csv")
    said = capsys.readouterr().out
    rejected = sum(row["unknown"] == "yes" for row in rows)
    assert f"rejected unknown={rejected} images={TEST - 1}\n" in said
    assert ("warning: no image is called unknown asked_known=0.95" in said) == (share == 0.95)


def test_what_is_no_share_is_refused_before_the_work(at_home, tmp_path, monkeypatch):
    monkeypatch.setattr(predict, "load_vote", lambda *_, **__: pytest.fail("work was done"))
    with pytest.raises(ValueError, match="share of known images kept: 95; expected one between 0 and 1"):
        predict.main(Path("data/raw/test"), tmp_path / "found.csv", MEMBER, reject_unknown=95)
