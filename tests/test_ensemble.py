"""The stages split, vote and ensemble on a tiny project, held against the same votes counted one by one."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score

from competition.duplicates import COLUMNS, write_duplicates
from competition.predictions import Predictions, load_predictions, save_predictions
from competition.shards import write_rows
from pipelines import ensemble, split, vote

TARGETS = ("2", "10", "x")
PARAMS = """
split: {folds: [0, 1, 2], holdout: 0.1}
train: {members: [lite0, features, grey]}
specialize: {mode: replace}
ensemble: {top: 3, resamples: 100}
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project folder after the stage `specialize`, with folds made by `split`."""
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text(PARAMS)
    raw = Path("data/raw")
    raw.mkdir(parents=True)
    rows = [{"id": f"{n:03d}", "target": TARGETS[n % 3], "image": b""} for n in range(40)]
    write_rows("data/train.arrow", rows)
    pairs = [["train", "000", "2", "train", "003", "2", False], ["train", "001", "10", "test", "t01", "", False]]
    write_duplicates("folds/duplicates.csv", pd.DataFrame([["near", 0.97, *pair] for pair in pairs], columns=COLUMNS))
    train = "".join(f"{row['id']},{row['target']}\n" for row in rows)
    (raw / "train.csv").write_text("ID,target\n" + train)
    (raw / "sample_submission.csv").write_text("ID,target\n" + "".join(f"t{n:02d},2\n" for n in reversed(range(12))))
    (raw / "meta.csv").write_text("target,class_name\n2,two\n10,ten\nx,ex\n")
    split.main()
    folds = pd.read_csv("folds/folds.csv", dtype=str)
    for member, skill in (("lite0", 0.25), ("features", 0.2), ("grey", 0.02)):
        for k in range(3):
            write_fold(member, k, folds[folds["fold"] == str(k)], skill)
    for k in range(3):
        write_specialist(k)
    return tmp_path


def write_fold(member, k, validation, skill):
    generator = np.random.default_rng([len(member), k])

    def part(ids, true):
        noise = generator.dirichlet(np.ones(3), len(ids))
        return Predictions(list(ids), skill * np.eye(3)[true] + (1 - skill) * noise, TARGETS)

    true = [TARGETS.index(target) for target in validation["target"]]
    test = [f"t{n:02d}" for n in range(12) if n != 5]  # t05 could not be read
    parts = {view: part(validation["ID"], true) for view in ("clean", "test_like")}
    save_predictions(f"folds/predictions/{member}/{k}.npz", parts | {"test": part(test, generator.integers(3, size=11))})
    write_scores(member, k)


def write_specialist(k):
    """What a specialist for "2" and "x" leaves: it is asked only where lite0 answers with one of them."""
    base = [load_predictions(f"folds/predictions/lite0/{j}.npz") for j in range(3)]
    votes = {view: base[k][view].probabilities for view in ("clean", "test_like")}
    votes["test"] = np.mean([fold["test"].probabilities for fold in base], axis=0)
    generator = np.random.default_rng([99, k])
    parts = {}
    for view, probabilities in votes.items():
        ids = base[k][view].ids[probabilities.argmax(axis=1) != TARGETS.index("10")]
        parts[view] = Predictions(ids, generator.dirichlet(np.ones(2), len(ids)), ("2", "x"))
    save_predictions(f"folds/predictions/specialist/{k}.npz", parts)
    write_scores("specialist", k, hard_classes=["2", "x"])


def write_scores(member, k, **facts):
    scores = {"member": member, "fold": k, "kind": "grey", "macro_f1": {}, "train_seconds": 10 + k, "predict_seconds": 1}
    Path(f"folds/scores/{member}").mkdir(parents=True, exist_ok=True)
    Path(f"folds/scores/{member}/{k}.json").write_text(json.dumps(scores | facts))


def answers(path, column="target"):
    return pd.read_csv(path, dtype=str).set_index("ID")[column]


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


def test_vote_and_ensemble(project, capsys):
    vote.main()
    out = capsys.readouterr().out
    assert "warning: test images without a prediction images=1 answered=2 ids=t05" in out  # 14 of 40 images are of class 2
    board = pd.read_csv("submissions/leaderboard.csv")
    names = {"lite0", "lite0_hard", "features", "features_hard", "grey", "grey_hard", "lite0_specialist"}
    assert set(board["submission"]) == names
    assert board["test_like"].is_monotonic_decreasing
    seconds = board.set_index("submission")["train_seconds"]
    assert (seconds["lite0"], seconds["lite0_specialist"]) == (33, 66)  # 10 + 11 + 12, twice with the specialist's
    for name in names:
        assert list(answers(f"submissions/members/{name}.csv").index) == [f"t{n:02d}" for n in reversed(range(12))]
        assert answers(f"submissions/members/{name}.csv")["t05"] == "2"

    tests = [load_predictions(f"folds/predictions/lite0/{k}.npz")["test"] for k in range(3)]
    for row, id_ in enumerate(tests[0].ids):
        mean = sum(part.probabilities[row].astype(float) for part in tests) / 3
        assert answers("submissions/members/lite0.csv")[id_] == TARGETS[mean.argmax()]
        ballot = [str(part.answers[row]) for part in tests]
        assert answers("submissions/members/lite0_hard.csv")[id_] == max(ballot, key=ballot.count)  # of equals the first

    special = [load_predictions(f"folds/predictions/specialist/{k}.npz")["test"] for k in range(3)]
    for id_, base in answers("submissions/members/lite0.csv").items():
        expected = base
        if id_ in special[0].ids:  # so lite0 answers with "2" or "x"
            mean = sum(part.select([id_]).probabilities[0].astype(float) for part in special)
            expected = ("2", "x")[mean.argmax()]
        assert answers("submissions/members/lite0_specialist.csv")[id_] == expected

    oof = pd.read_csv("submissions/oof.csv", dtype=str)
    for k in range(3):
        for view in ("clean", "test_like"):
            specialist = load_predictions(f"folds/predictions/specialist/{k}.npz")[view]
            rows = oof[oof["fold"] == str(k)].set_index("ID")
            replaced = dict(zip(specialist.ids.tolist(), specialist.answers.tolist(), strict=True))
            expected = rows[f"lite0.{view}"].to_dict() | replaced
            assert rows[f"lite0_specialist.{view}"].to_dict() == expected
    assert "-1" not in set(oof["fold"]) and len(oof) == (pd.read_csv("folds/folds.csv")["fold"] >= 0).sum()
    for _, row in board.iterrows():
        for view in ("clean", "test_like"):
            expected = f1_score(oof["target"], oof[f"{row['submission']}.{view}"], average="macro")
            assert row[view] == pytest.approx(expected, abs=1e-6)
    confusion = pd.read_csv("submissions/confusion.csv")
    assert (confusion["actual"] == oof["target"].map({"2": "two", "10": "ten", "x": "ex"})).all()

    ensemble.main()
    # a member's hard vote answers as its soft vote does out of fold, so it is no opinion of its own
    top = [name for name in board["submission"] if not name.endswith("_hard")][:3]
    final, facts = answers("submissions/final.csv"), json.loads(Path("submissions/final.json").read_text())
    ballots = [answers(f"submissions/members/{name}.csv") for name in top]
    for id_ in final.index:
        ballot = [votes[id_] for votes in ballots]
        assert final[id_] == max(ballot, key=ballot.count)
    assert facts["votes"] == top and facts["rows"] == 12
    assert facts["class_counts"] == {target: int((final == target).sum()) for target in TARGETS}
    assert facts["agreement_with_best"] == pytest.approx((final == ballots[0]).mean(), abs=1e-6)
    for view in ("clean", "test_like"):
        ballots = oof[[f"{name}.{view}" for name in top]].to_numpy().tolist()
        expected = f1_score(oof["target"], [max(ballot, key=ballot.count) for ballot in ballots], average="macro")
        assert facts["macro_f1"][view]["value"] == pytest.approx(expected, abs=1e-6)


def test_same_input_same_bytes(project):
    contents = []
    for _ in range(2):
        vote.main()
        ensemble.main()
        contents.append({str(path.relative_to("submissions")): path.read_bytes() for path in Path("submissions").rglob("*.*")})
    assert contents[0] == contents[1]
    names = ("lite0", "lite0_hard", "features", "features_hard", "grey", "grey_hard", "lite0_specialist")
    tables = {"final.csv", "final.json", "leaderboard.csv", "oof.csv", "confusion.csv", "specialist.json"}
    assert contents[0].keys() == tables | {f"members/{name}.csv" for name in names}


def test_fewer_submissions_than_top_all_vote(project):
    Path("params.yaml").write_text(PARAMS.replace("top: 3", "top: 99"))
    vote.main()
    ensemble.main()
    votes = json.loads(Path("submissions/final.json").read_text())["votes"]
    assert sorted(votes) == ["features", "grey", "lite0", "lite0_specialist"]


def test_of_submissions_that_answer_alike_only_the_best_ranked_votes():
    columns = {"a": "xyx", "a_hard": "xyx", "b": "xxx", "c": "xyy", "c_hard": "xyy"}
    oof = pd.DataFrame({f"{name}.{view}": list(letters) for name, letters in columns.items() for view in ("clean", "test_like")})
    assert ensemble.choose(list(columns), oof, 3) == ["a", "b", "c"]
    assert ensemble.choose(["c_hard", "a", "b", "c", "a_hard"], oof, 2) == ["c_hard", "a"]
    oof["a_hard.clean"] = list("yyy")  # alike on one view only
    assert ensemble.choose(list(columns), oof, 99) == ["a", "a_hard", "b", "c"]


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


def test_no_hard_classes_no_specialist(project):
    for k in range(3):
        path = Path(f"folds/scores/specialist/{k}.json")
        path.write_text(json.dumps(json.loads(path.read_text()) | {"hard_classes": []}))
        Path(f"folds/predictions/specialist/{k}.npz").unlink()
    vote.main()
    assert not Path("submissions/members/lite0_specialist.csv").exists()


def test_predictions_of_another_split_are_refused(project):
    folds = pd.read_csv("folds/folds.csv", dtype=str)
    write_fold("features", 1, folds[folds["fold"] == "2"], 0.5)
    with pytest.raises(ValueError, match=r"features/1\.npz: clean: .* not those of fold 1 .*another split"):
        vote.main()


def test_names_that_would_overwrite_are_refused(project):
    members = "members: {lite0: {kind: finetuned}, oof: {kind: grey}}"
    Path("params.yaml").write_text(f"split: {{folds: [0, 1, 2]}}\ntrain: {{members: [lite0, oof]}}\n{members}")
    with pytest.raises(ValueError, match="oof: submissions/ has"):
        vote.main()


def test_an_edited_submission_gives_no_final(project):
    vote.main()
    ensemble.main()
    before = Path("submissions/final.csv").read_bytes()
    best = Path("submissions/members") / (pd.read_csv("submissions/leaderboard.csv")["submission"][0] + ".csv")
    best.write_text(best.read_text().replace("t05,2", "t05,9"))
    with pytest.raises(ValueError, match=f"{best.name}: .*no class: 9"):
        ensemble.main()
    assert Path("submissions/final.csv").read_bytes() == before


def test_an_invalid_final_is_never_put_in_place(project, monkeypatch):
    vote.main()
    monkeypatch.setattr(ensemble, "vote", lambda voters, competition: np.array(["9"] * len(voters[0])))
    monkeypatch.setattr(ensemble, "score", lambda *_: {"value": 0.0})
    with pytest.raises(ValueError, match=r"submissions/final\.csv: 12 .*no class"):
        ensemble.main()
    assert not list(Path("submissions").glob("*final*"))


def test_a_users_mistake_is_one_message(tmp_path, monkeypatch):
    (tmp_path / "params.yaml").write_text("")
    command, path = [sys.executable, "-m", "pipelines.split"], {"PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run(command, cwd=tmp_path, env=path, capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr.startswith("error: data/train.arrow: not found")
    assert len(done.stderr.splitlines()) == 1
    monkeypatch.chdir(tmp_path)
    for stage in (vote, ensemble):
        with pytest.raises(FileNotFoundError, match="data/raw: no such folder"):
            stage.main()


def test_what_is_missing_is_named_with_the_command_that_makes_it(project):
    with pytest.raises(FileNotFoundError, match=r"leaderboard\.csv: not found; `python -m pipelines\.vote` makes it"):
        ensemble.main()
    Path("folds/scores/grey/2.json").unlink()
    with pytest.raises(FileNotFoundError, match=r"folds/scores/grey/2\.json: not found; `dvc repro`"):
        vote.main()
    Path("folds/folds.csv").unlink()
    with pytest.raises(FileNotFoundError, match=r"folds/folds\.csv: not found; `python -m pipelines\.split` makes it"):
        vote.main()
