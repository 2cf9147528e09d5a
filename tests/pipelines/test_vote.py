"""The stages split and vote on a tiny project, held against the same votes counted one by one."""

import json
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from makers.votes import PARAMS, TARGETS, answers, write_fold, write_project
from sklearn.metrics import f1_score

from competition.audit.duplicate_table import COLUMNS, write_duplicates
from competition.data.classes import write_classes
from competition.data.image_store import write_rows
from competition.data.predictions import Predictions, concatenate, load_predictions, save_predictions
from competition.ensembling.final_vote import read_final_vote
from competition.folds.unscored import read_unscored
from competition.leaderboard.per_class import CLASS_COLUMNS
from competition.settings.ensemble import RESERVED
from competition.settings.load import load_settings
from competition.settings.specialize import SpecializeSettings
from pipelines import ensemble, split, vote


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_project()
    return tmp_path


def test_split(project, capsys):
    folds = pd.read_csv("folds/folds.csv", dtype=str).set_index("ID")
    assert list(folds.index) == [f"{n:03d}" for n in range(40)]
    assert folds.at["003", "group"] == folds.at["000", "group"] == "000"
    assert folds.at["003", "fold"] == folds.at["000", "fold"]
    assert Counter(folds["fold"])["-1"] in (3, 4, 5)  # a tenth of 40, one class at a time
    first = Path("folds/folds.csv").read_bytes()
    split.main()
    assert Path("folds/folds.csv").read_bytes() == first
    assert "groups=39" in capsys.readouterr().out


def test_images_of_folds_that_are_not_trained_are_learnt_from_and_not_scored(project, tmp_path, monkeypatch):
    Path("params.yaml").write_text(PARAMS.replace("[0, 1, 2]", "[0, 1, 2, 3, 4]"))
    split.main()
    of_five = pd.read_csv("folds/folds.csv", dtype={"ID": str, "target": str, "group": str})
    monkeypatch.chdir((tmp_path / "three of five").mkdir() or tmp_path / "three of five")
    write_project(PARAMS.replace("[0, 1, 2]", "[0, 1, 2], n_splits: 5"))
    folds = pd.read_csv("folds/folds.csv", dtype={"ID": str, "target": str, "group": str})
    pd.testing.assert_frame_equal(folds, of_five.assign(fold=of_five["fold"].where(of_five["fold"] < 3, -2)))
    assert folds["fold"].value_counts().loc[-2] > 10
    assert read_unscored("folds/unscored.csv") == set(folds.loc[folds["fold"] == -2, "ID"])
    vote.main()
    ensemble.main()
    told = {
        id: TARGETS[row.argmax()]
        for fold in range(3)
        for part in [load_predictions(f"folds/predictions/lite0/{fold}.npz")["test_like"]]
        for id, row in zip(part.ids, part.probabilities, strict=True)
    }
    scored = folds[folds["fold"] >= 0]
    assert set(told) == set(scored["ID"])
    score = f1_score(scored["target"], scored["ID"].map(told), average="macro")
    board = pd.read_csv("submissions/leaderboard.csv").set_index("submission")
    assert board.at["lite0", "test_like"] == pytest.approx(score, abs=1e-6)


def test_a_holdout_that_comes_to_nothing_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_rows("data/train.arrow", [{"id": f"{n}", "target": f"{n % 3}", "image": b""} for n in range(9)])
    write_duplicates("folds/duplicates.csv", pd.DataFrame([], columns=COLUMNS))
    write_classes("folds/classes.csv", [{"target": f"{n}", "class_name": f"{n}", "images": 3} for n in range(3)])
    Path("data/raw").mkdir()
    Path("data/raw/train.csv").write_text("ID,target\n" + "".join(f"{n},{n % 3}\n" for n in range(9)))
    Path("params.yaml").write_text("split: {folds: [0, 1], holdout: 0.1}")
    with pytest.raises(ValueError, match="split.holdout: 0.1 of each class's few images comes to none"):
        split.main()
    assert not Path("folds/folds.csv").exists()
    Path("params.yaml").write_text("split: {folds: [0, 1], holdout: 0.2}")
    split.main()
    assert (pd.read_csv("folds/folds.csv").fold == -1).sum() == 3


NAMES = {"lite0", "lite0_hard", "features", "features_hard", "grey", "grey_hard", "lite0_specialist"}


def test_every_submission_stands_on_the_leaderboard_and_answers_all_rows(project, capsys):
    vote.main()
    out = capsys.readouterr().out
    assert "warning: test images without a prediction images=1 answered=most frequent ids=t05" in out
    board = pd.read_csv("submissions/leaderboard.csv")
    assert set(board["submission"]) == NAMES
    assert board["test_like"].is_monotonic_decreasing
    seconds = board.set_index("submission")["train_seconds"]
    assert (seconds["lite0"], seconds["lite0_specialist"]) == (33, 66)  # 10 + 11 + 12, twice with the specialist's
    for name in NAMES:
        assert list(answers(f"submissions/members/{name}.csv").index) == [f"t{n:02d}" for n in reversed(range(12))]
        assert answers(f"submissions/members/{name}.csv")["t05"] == "2"


def test_votes_on_the_test_set_are_those_counted_one_by_one(project):
    with open("params.yaml", "a") as params:
        params.write("task: {decision: plain}\n")  # no offsets of classes
    vote.main()
    tests = [load_predictions(f"folds/predictions/lite0/{k}.npz")["test"] for k in range(3)]
    for row, id_ in enumerate(tests[0].ids):
        mean = sum(part.probabilities[row].astype(float) for part in tests) / 3
        assert answers("submissions/members/lite0.csv")[id_] == TARGETS[mean.argmax()]
        ballot = [str(part.answers[row]) for part in tests]
        # of equals the first
        assert answers("submissions/members/lite0_hard.csv")[id_] == max(ballot, key=ballot.count)

    special = [load_predictions(f"folds/predictions/specialist/{k}.npz")["test"] for k in range(3)]
    for id_, base in answers("submissions/members/lite0.csv").items():
        expected = base
        if id_ in special[0].ids:  # so lite0 answers with "2" or "x"
            mean = sum(part.select([id_]).probabilities[0].astype(float) for part in special)
            expected = ("2", "x")[mean.argmax()]
        assert answers("submissions/members/lite0_specialist.csv")[id_] == expected


def test_out_of_fold_the_specialist_replaces_what_it_was_asked_about(project):
    with open("params.yaml", "a") as params:
        params.write("task: {decision: plain}\n")  # no offsets of classes
    vote.main()
    oof = pd.read_csv("submissions/oof.csv", dtype=str)
    for k in range(3):
        for view in ("clean", "test_like"):
            specialist = load_predictions(f"folds/predictions/specialist/{k}.npz")[view]
            rows = oof[oof["fold"] == str(k)].set_index("ID")
            replaced = dict(zip(specialist.ids.tolist(), specialist.answers.tolist(), strict=True))
            expected = rows[f"lite0.{view}"].to_dict() | replaced
            assert rows[f"lite0_specialist.{view}"].to_dict() == expected
    assert "-1" not in set(oof["fold"]) and len(oof) == (pd.read_csv("folds/folds.csv")["fold"] >= 0).sum()


def test_the_scores_are_scikit_learns(project, capsys):
    vote.main()
    board, oof = pd.read_csv("submissions/leaderboard.csv"), pd.read_csv("submissions/oof.csv", dtype=str)
    for _, row in board.iterrows():
        for view in ("clean", "test_like"):
            expected = f1_score(oof["target"], oof[f"{row['submission']}.{view}"], average="macro")
            assert row[view] == pytest.approx(expected, abs=1e-6)
    per_class = pd.read_csv("submissions/per_class.csv", dtype={"target": str})
    assert list(per_class) == ["target", "class_name", "images", *board["submission"]]
    for name in NAMES:
        expected = f1_score(oof["target"], oof[f"{name}.test_like"], average=None, labels=list(TARGETS))
        np.testing.assert_allclose(per_class[name], expected, atol=1e-6)
    worst = per_class.sort_values(board["submission"][0]).iloc[0]
    assert (
        f"worst classes of {board['submission'][0]}, test-like F1: {worst['target']} {worst['class_name']}"
        in capsys.readouterr().out
    )
    confusion = pd.read_csv("submissions/confusion.csv")
    assert (confusion["actual"] == oof["target"].map({"2": "two", "10": "ten", "x": "ex"})).all()


def test_a_specialist_that_was_not_asked_about_a_hard_answer_is_refused(project):
    path = "folds/predictions/specialist/1.npz"
    parts = load_predictions(path)
    save_predictions(path, parts | {"clean": parts["clean"].select(parts["clean"].ids[1:])})
    with pytest.raises(ValueError, match=rf"1 IDs \({parts['clean'].ids[0]}\) have no prediction"):
        vote.main()


def test_a_specialist_of_another_split_is_refused(project):
    Path("folds/predictions/specialist/0.npz").replace("kept.npz")
    Path("folds/predictions/specialist/1.npz").replace("folds/predictions/specialist/0.npz")
    Path("kept.npz").replace("folds/predictions/specialist/1.npz")
    with pytest.raises(ValueError, match=r"specialist/0\.npz: clean: .*another split"):
        vote.main()


def test_what_was_decided_about_the_specialist(project):
    vote.main()
    decided = json.loads(Path("submissions/votes.json").read_text())["specialist"]
    assert decided["hard_classes"] == ["2", "x"] and decided["mode"] == "replace" and decided["weight"] == 1
    board = pd.read_csv("submissions/leaderboard.csv").set_index("submission")
    assert board.at["lite0_specialist", "note"] == decided["note"]
    path = Path("folds/scores/specialist/1.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"hard_classes": ["2", "10"]}))
    with pytest.raises(ValueError, match="hard classes differ"):
        vote.main()


@pytest.mark.slow
def test_without_a_specialist_there_is_no_file_no_row_and_no_candidate(project, monkeypatch):
    monkeypatch.setattr(SpecializeSettings, "base_member", None)
    for folder in ("scores", "predictions", "weights"):
        shutil.rmtree(f"folds/{folder}/specialist")
    vote.main()
    assert json.loads(Path("submissions/votes.json").read_text()) == {"specialist": None}
    assert not Path("submissions/members/lite0_specialist.csv").exists()
    assert "lite0_specialist" not in set(pd.read_csv("submissions/leaderboard.csv")["submission"])
    ensemble.main()
    assert "lite0_specialist" not in set(pd.read_csv("submissions/ensembles.csv")["submission"])
    assert "lite0_specialist" not in read_final_vote().votes


def test_predictions_of_another_split_are_refused(project):
    folds = pd.read_csv("folds/folds.csv", dtype=str)
    write_fold("features", 1, folds[folds["fold"] == "2"], 0.5, folds[folds["fold"] == "-1"])
    with pytest.raises(ValueError, match=r"features/1\.npz: clean: .* not those of fold 1 .*another split"):
        vote.main()


def test_the_columns_of_per_class_are_reserved():
    assert {*CLASS_COLUMNS} < {*RESERVED}


@pytest.mark.parametrize("name", ["oof", "images", "soft"])  # a file, a column of per_class.csv, an ensemble
def test_names_that_would_overwrite_are_refused(project, name):
    members = f"members: {{lite0: {{kind: finetuned}}, {name}: {{kind: grey}}}}"
    Path("params.yaml").write_text(f"split: {{folds: [0, 1, 2]}}\ntrain: {{members: [lite0, {name}]}}\n{members}")
    with pytest.raises(ValueError, match=f"{name}: submissions/ has"):
        load_settings()


@pytest.mark.parametrize("member", ["lite0", "specialist"])
def test_an_image_of_the_holdout_is_never_scored(project, member):
    path = f"folds/predictions/{member}/1.npz"
    parts = load_predictions(path)
    whole, held = parts["test_like"], parts["holdout_test_like"].select(parts["holdout_test_like"].ids[:1])
    save_predictions(path, parts | {"test_like": concatenate([whole, held])})
    with pytest.raises(
        ValueError, match=rf"{member}/1\.npz: test_like: 1 IDs are not those of fold 1 .*: {held.ids[0]}; it comes"
    ):
        vote.main()
    save_predictions(path, {name: part for name, part in parts.items() if name != "holdout_clean"})
    with pytest.raises(
        ValueError, match=rf"{member}/1\.npz: expected predictions named .*holdout_clean.*, found .*dvc repro"
    ):
        vote.main()


def test_the_labels_and_predictions_of_the_holdout_change_nothing(project):
    vote.main()
    before = {path: path.read_bytes() for path in Path("submissions").rglob("*.*")}
    for path in Path("folds/predictions").glob("*/*.npz"):
        parts = load_predictions(path)
        for name in ("holdout_clean", "holdout_test_like"):
            parts[name] = Predictions(parts[name].ids, parts[name].probabilities[:, ::-1], parts[name].targets)
        save_predictions(path, parts)
    folds = pd.read_csv("folds/folds.csv", dtype=str)
    folds.loc[folds["fold"] == "-1", "target"] = "x"
    folds.to_csv("folds/folds.csv", index=False)
    vote.main()
    assert {path: path.read_bytes() for path in Path("submissions").rglob("*.*")} == before


def test_a_folds_file_that_divides_a_group_is_refused(project):
    folds = pd.read_csv("folds/folds.csv", dtype=str).set_index("ID")
    folds.at["003", "fold"] = "0" if folds.at["000", "fold"] != "0" else "1"
    folds.to_csv("folds/folds.csv")
    with pytest.raises(ValueError, match=r"folds/folds\.csv: 1 groups stand in more than one fold: 000"):
        vote.main()
