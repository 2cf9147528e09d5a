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
from competition.ensembles.candidates import SINGLE
from competition.ensembles.choice import LEVELS, decide
from competition.files import digest
from competition.predictions import Predictions, concatenate, load_predictions, save_predictions
from competition.settings import ENSEMBLES
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
    write_rows("data/test.arrow", rows[:1])
    pairs = [["train", "000", "2", "train", "003", "2", False], ["train", "001", "10", "test", "t01", "", False]]
    write_duplicates("folds/duplicates.csv", pd.DataFrame([["near", 0.97, *pair] for pair in pairs], columns=COLUMNS))
    Path("folds/audit.json").write_text("{}")
    train = "".join(f"{row['id']},{row['target']}\n" for row in rows)
    (raw / "train.csv").write_text("ID,target\n" + train)
    (raw / "sample_submission.csv").write_text("ID,target\n" + "".join(f"t{n:02d},2\n" for n in reversed(range(12))))
    (raw / "meta.csv").write_text("target,class_name\n2,two\n10,ten\nx,ex\n")
    split.main()
    folds = pd.read_csv("folds/folds.csv", dtype=str)
    for member, skill in (("lite0", 0.25), ("features", 0.2), ("grey", 0.02)):
        for k in range(3):
            write_fold(member, k, folds[folds["fold"] == str(k)], skill, folds[folds["fold"] == "-1"])
    for k in range(3):
        write_specialist(k)
    return tmp_path


def write_fold(member, k, validation, skill, holdout=None):
    generator = np.random.default_rng([len(member), k])

    def part(ids, true):
        noise = generator.dirichlet(np.ones(3), len(ids))
        return Predictions(list(ids), skill * np.eye(3)[true] + (1 - skill) * noise, TARGETS)

    true = [TARGETS.index(target) for target in validation["target"]]
    test = [f"t{n:02d}" for n in range(12) if n != 5]  # t05 could not be read
    parts = {view: part(validation["ID"], true) for view in ("clean", "test_like")}
    parts["test"] = part(test, generator.integers(3, size=11))
    if holdout is not None:
        truth = [TARGETS.index(target) for target in holdout["target"]]
        parts |= {f"holdout_{view}": part(holdout["ID"], truth) for view in ("clean", "test_like")}
    save_predictions(f"folds/predictions/{member}/{k}.npz", parts)
    write_scores(member, k)


def write_specialist(k):
    """What a specialist for "2" and "x" leaves: it is asked only where lite0 answers with one of them."""
    base = [load_predictions(f"folds/predictions/lite0/{j}.npz") for j in range(3)]
    votes = {view: base[k][view].probabilities for view in ("clean", "test_like")}
    for view in ("test", "holdout_clean", "holdout_test_like"):
        votes[view] = np.mean([fold[view].probabilities for fold in base], axis=0)
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
    weights = Path(f"folds/weights/{member}/{k}.safetensors")
    weights.parent.mkdir(parents=True, exist_ok=True)
    weights.write_bytes(b"0" * {"grey": 10, "features": 200, "lite0": 9000, "specialist": 8000}[member])


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


def test_a_holdout_that_comes_to_nothing_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_rows("data/train.arrow", [{"id": f"{n}", "target": f"{n % 3}", "image": b""} for n in range(9)])
    write_duplicates("folds/duplicates.csv", pd.DataFrame([], columns=COLUMNS))
    Path("params.yaml").write_text("split: {folds: [0, 1], holdout: 0.1}")
    with pytest.raises(ValueError, match="split.holdout: 0.1 of each class's few images comes to none"):
        split.main()
    assert not Path("folds/folds.csv").exists()
    Path("params.yaml").write_text("split: {folds: [0, 1], holdout: 0.2}")
    split.main()
    assert (pd.read_csv("folds/folds.csv").fold == -1).sum() == 3


def test_vote(project, capsys):
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
    per_class = pd.read_csv("submissions/per_class.csv", dtype={"target": str})
    assert list(per_class) == ["target", "class_name", "images", *board["submission"]]
    for name in names:
        expected = f1_score(oof["target"], oof[f"{name}.test_like"], average=None, labels=list(TARGETS))
        np.testing.assert_allclose(per_class[name], expected, atol=1e-6)
    worst = per_class.sort_values(board["submission"][0]).iloc[0]
    assert f"worst classes of {board['submission'][0]}, test-like F1: {worst['target']} {worst['class_name']}" in out
    confusion = pd.read_csv("submissions/confusion.csv")
    assert (confusion["actual"] == oof["target"].map({"2": "two", "10": "ten", "x": "ex"})).all()


def test_same_input_same_bytes(project):
    contents = []
    for _ in range(2):
        vote.main()
        ensemble.main()
        contents.append({str(path.relative_to("submissions")): path.read_bytes() for path in Path("submissions").rglob("*.*")})
    assert contents[0] == contents[1]
    names = ("lite0", "lite0_hard", "features", "features_hard", "grey", "grey_hard", "lite0_specialist")
    tables = {"final.csv", "final.json", "metrics.json", "leaderboard.csv", "ensembles.csv", "oof.csv", "per_class.csv", "confusion.csv",
              "specialist.json"}
    ensembles = {f"ensembles/{name}.csv" for name in ENSEMBLES}
    assert contents[0].keys() == tables | ensembles | {f"members/{name}.csv" for name in names}


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
    write_fold("features", 1, folds[folds["fold"] == "2"], 0.5, folds[folds["fold"] == "-1"])
    with pytest.raises(ValueError, match=r"features/1\.npz: clean: .* not those of fold 1 .*another split"):
        vote.main()


@pytest.mark.parametrize("name", ["oof", "images", "soft"])  # a file, a column of per_class.csv, an ensemble
def test_names_that_would_overwrite_are_refused(project, name):
    members = f"members: {{lite0: {{kind: finetuned}}, {name}: {{kind: grey}}}}"
    Path("params.yaml").write_text(f"split: {{folds: [0, 1, 2]}}\ntrain: {{members: [lite0, {name}]}}\n{members}")
    with pytest.raises(ValueError, match=f"{name}: submissions/ has"):
        vote.main()


@pytest.mark.parametrize("member", ["lite0", "specialist"])
def test_an_image_of_the_holdout_is_never_scored(project, member):
    path = f"folds/predictions/{member}/1.npz"
    parts = load_predictions(path)
    whole, held = parts["test_like"], parts["holdout_test_like"].select(parts["holdout_test_like"].ids[:1])
    save_predictions(path, parts | {"test_like": concatenate([whole, held])})
    with pytest.raises(ValueError, match=rf"{member}/1\.npz: test_like: 1 IDs are not those of fold 1 .*: {held.ids[0]}; it comes"):
        vote.main()
    save_predictions(path, {name: part for name, part in parts.items() if name != "holdout_clean"})
    with pytest.raises(ValueError, match=rf"{member}/1\.npz: expected predictions named .*holdout_clean.*, found .*dvc repro"):
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


def cast(choose="auto", **ensemble_keys):
    """Vote and ensemble with these settings of `ensemble`; returns (final.csv's answers, final.json)."""
    keys = {"top": 3, "resamples": 100, "choose": choose} | ensemble_keys
    Path("params.yaml").write_text(PARAMS.replace("ensemble: {top: 3, resamples: 100}", f"ensemble: {json.dumps(keys)}"))
    if not Path("submissions/leaderboard.csv").exists():  # nothing of these settings changes what `vote` does
        vote.main()
    ensemble.main()
    return answers("submissions/final.csv"), json.loads(Path("submissions/final.json").read_text())


def most_named(ballot):
    """The answer that most name, of equals the first one's."""
    return max(ballot, key=ballot.count)


SINGLES = ["lite0", "features", "grey", "lite0_specialist"]


def test_the_hard_vote_of_the_top_is_counted_from_the_submissions(project):
    final, facts = cast("hard_top")
    board = pd.read_csv("submissions/leaderboard.csv")
    # a member's hard vote answers as its soft vote does out of fold, so it is no opinion of its own
    top = [name for name in board["submission"] if name in SINGLES][:3]
    assert facts["fitted"] == {"votes": top} and facts["chosen"] == "hard_top" and facts["why"].startswith("named by ensemble.choose")
    ballots = [answers(f"submissions/members/{name}.csv") for name in top]
    assert final.to_dict() == {id_: most_named([votes[id_] for votes in ballots]) for id_ in final.index}
    assert facts["agreement"] == {"best_member": top[0], "share": pytest.approx((final == ballots[0]).mean(), abs=1e-6)}
    assert {row["target"]: row["rows"] for row in facts["class_shares"]} == {target: (final == target).sum() for target in TARGETS}
    oof = pd.read_csv("submissions/oof.csv", dtype=str)
    expected = {view: [] for view in ("clean", "test_like")}
    for _, row in oof.iterrows():  # each fold is answered by the best of the other folds
        others = oof[oof["fold"] != row["fold"]]
        scores = {name: f1_score(others["target"], others[f"{name}.test_like"], average="macro") for name in SINGLES}
        best = sorted(SINGLES, key=lambda name: (-scores[name], name))[:3]
        for view, told in expected.items():
            told.append(most_named([row[f"{name}.{view}"] for name in best]))
    for view, told in expected.items():
        assert facts["macro_f1"][view]["value"] == pytest.approx(f1_score(oof["target"], told, average="macro"), abs=1e-6)
    assert facts["macro_f1"]["nested_choice"] is None  # a person chose


def test_the_simplest_candidate_within_one_standard_error_is_final(project, monkeypatch):
    seen = {}
    monkeypatch.setattr(ensemble, "decide", lambda candidates, *rest: decide(seen.setdefault("candidates", candidates), *rest))
    final, facts = cast()
    rows = facts["candidates"]
    assert [row["submission"] for row in rows] == [
        # by bytes of weights: 30, 600, 27,000, 51,000. All votes need lite0, features, grey
        "grey", "features", "lite0", "lite0_specialist", "hard_top", "hard", "soft", "foldwise_hard", "weighted_soft", "greedy", "stacking"]
    assert facts["best"] == max(rows, key=lambda row: row["test_like"])["submission"]
    within = [row for row in rows if row["within_one_standard_error"]]
    levels = [LEVELS.get(row["submission"], LEVELS[SINGLE]) for row in within]
    simple = [row for row, level in zip(within, levels, strict=True) if level == min(levels)]
    assert facts["chosen"] == max(simple, key=lambda row: row["test_like"])["submission"]
    assert all(row["within_one_standard_error"] == (-row["difference"] <= row["standard_error"]) for row in rows)
    folder = "ensembles" if facts["chosen"] in ENSEMBLES else "members"
    assert final.equals(answers(f"submissions/{folder}/{facts['chosen']}.csv")) and facts["rows"] == 12
    oof = pd.read_csv("submissions/oof.csv", dtype=str)
    by_fold = {str(row["fold"]): row["candidate"] for row in facts["chosen_by_the_other_folds"]}
    said = {candidate.name: candidate.submission(TARGETS).test_like for candidate in seen["candidates"]}
    told = [said[by_fold[fold]][row] for row, fold in enumerate(oof["fold"])]
    nested = facts["macro_f1"]["nested_choice"]["test_like"]
    assert nested["value"] == pytest.approx(f1_score(oof["target"], told, average="macro"), abs=1e-6)
    assert nested["low"] <= nested["value"] <= nested["high"]
    expected = facts["macro_f1"]["expected"]
    assert expected["low"] <= expected["value"] <= expected["high"] and 1 <= expected["effective_images"] <= len(oof)
    calibration = facts["calibration"]
    assert [row["member"] for row in calibration["members"]] == ["features", "grey", "lite0"] and calibration["bins"] == 15
    assert calibration["chosen"].keys() == {"temperature", "before", "after"}


def test_rules_may_forbid_a_look_at_the_test_images(project):
    cast()
    Path("params.yaml").write_text(Path("params.yaml").read_text() + "rules: {test_statistics: false}\n")
    before, metrics = Path("submissions/final.csv").read_bytes(), Path("submissions/metrics.json")
    assert json.loads(metrics.read_text()).keys() == {"clean", "test_like", "expected"}
    ensemble.main()
    assert json.loads(metrics.read_text()).keys() == {"clean", "test_like"}
    assert json.loads(Path("submissions/final.json").read_text())["macro_f1"]["expected"] is None
    assert Path("submissions/final.csv").read_bytes() == before


def test_all_candidates_have_a_table_as_the_leaderboard(project):
    _, facts = cast()
    board, members = pd.read_csv("submissions/ensembles.csv"), pd.read_csv("submissions/leaderboard.csv")
    assert set(board["submission"]) == {*ENSEMBLES, *SINGLES} and board["test_like"].is_monotonic_decreasing
    assert list(board) == list(members) and board["told_apart"][0] == "best"
    of_name = {row["submission"]: row for row in facts["candidates"]}
    for _, row in board.iterrows():
        for key in ("test_like", "difference", "difference_low", "difference_high", "standard_error"):
            assert row[key] == pytest.approx(of_name[row["submission"]][key], abs=2e-6), (row["submission"], key)
        assert (row["told_apart"] == "yes") == of_name[row["submission"]]["told_apart"]
    for name in ENSEMBLES:
        assert answers(f"submissions/ensembles/{name}.csv")["t05"] == "2"
    soft = board.set_index("submission").loc["soft"]
    assert (soft["member"], soft["train_seconds"]) == ("features+grey+lite0", 3 * 33)
    # hard_top: the best three are lite0, its specialist and features, so lite0's seconds count once
    top = board.set_index("submission").loc["hard_top"]
    parts = {"lite0", "specialist", "features", "grey"} & set(top["member"].split("+"))
    assert top["train_seconds"] == 33 * len(parts)


def test_fewer_submissions_than_top_all_vote(project):
    _, facts = cast("hard_top", top=99)
    assert sorted(facts["fitted"]["votes"]) == sorted(SINGLES)


def write_external(name, target="x"):
    Path("submissions/external").mkdir(parents=True, exist_ok=True)
    Path(f"submissions/external/{name}.csv").write_text("ID,target\n" + "".join(f"t{n:02d},{target}\n" for n in reversed(range(12))))


def test_external_submissions_vote_unvalidated(project, capsys):
    alone, before = cast("hard_top", top=1)
    for name in ("colleague", "site-2"):
        write_external(name)
    final, facts = cast("hard_top", top=1, external=["colleague", "site-2"])
    assert "warning: not validated votes=colleague,site-2" in capsys.readouterr().out
    assert set(final) == {"x"} and set(alone) != {"x"}  # two of three votes
    row = {"validated": False, "in_scores": False, "votes": True, "agreement": 1.0}
    assert facts["external"] == [{"name": "colleague"} | row, {"name": "site-2"} | row]
    told = [row["digest"] for row in facts["lineage"]["external"]]
    assert told == [digest(Path(f"submissions/external/{name}.csv")) for name in ("colleague", "site-2")]
    assert facts["macro_f1"] == before["macro_f1"] and facts["fitted"] == before["fitted"]  # of the validated voters
    other, facts = cast("soft", external=["colleague"])
    assert "warning: external votes are not in final.csv chosen=soft" in capsys.readouterr().out
    assert facts["external"][0]["votes"] is False and other.equals(cast("soft")[0])


def test_an_external_submission_that_is_not_valid_gives_no_final(project):
    cast()
    before = Path("submissions/final.csv").read_bytes()
    write_external("colleague", "9")
    with pytest.raises(ValueError, match=r"external/colleague\.csv: 12 .*no class: 9"):
        cast(external=["colleague"])
    with pytest.raises(ValueError, match=r"external/nobody\.csv: no such file"):
        cast(external=["nobody"])
    assert Path("submissions/final.csv").read_bytes() == before


def test_an_invalid_final_is_never_put_in_place(project, monkeypatch):
    monkeypatch.setattr(ensemble, "check_submission", lambda path, competition: [f"{path}: 12 answers are no class"])
    with pytest.raises(ValueError, match=r"^submissions/final\.csv: 12 .*no class"):
        cast()
    assert not list(Path("submissions").glob("*final*"))


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
    with pytest.raises(ValueError, match=r"holdout\.csv: .* unlocked on \d{4}-\d\d-\d\d, for other answers or targets \(soft: "):
        cast("grey", unlock_holdout=True)
    assert Path("submissions/holdout.csv").read_bytes() == ledger
    assert cast("grey")[1]["holdout"] is None  # locked again


@pytest.mark.parametrize("name", ["hard_top", "lite0_specialist", "stacking"])
def test_every_kind_of_vote_can_be_cast_on_the_holdout(project, name):
    _, facts = cast(name, unlock_holdout=True)
    folds = pd.read_csv("folds/folds.csv", dtype=str)
    true = folds[folds["fold"] == "-1"].set_index("ID")["target"]
    if name == "lite0_specialist":
        parts = [load_predictions(f"folds/predictions/lite0/{k}.npz")["holdout_clean"].select(true.index) for k in range(3)]
        special = [load_predictions(f"folds/predictions/specialist/{k}.npz")["holdout_clean"] for k in range(3)]
        told = []
        for row, id_ in enumerate(true.index):
            answer = TARGETS[sum(part.probabilities[row].astype(float) for part in parts).argmax()]
            if answer != "10":
                answer = ("2", "x")[sum(part.select([id_]).probabilities[0].astype(float) for part in special).argmax()]
            told.append(answer)
        assert facts["holdout"]["clean"]["value"] == pytest.approx(f1_score(true, told, average="macro", zero_division=0), abs=1e-6)
    assert facts["holdout"]["images"] == len(true) and 0 <= facts["holdout"]["test_like"]["value"] <= 1


def test_a_holdout_that_was_not_predicted_is_asked_for(project):
    folds = pd.read_csv("folds/folds.csv", dtype=str)
    write_fold("grey", 1, folds[folds["fold"] == "1"], 0.1)
    with pytest.raises(ValueError, match=r"grey/1\.npz: expected predictions named .*'holdout_clean', 'holdout_test_like'.*, found"):
        cast(unlock_holdout=True)


def test_the_lineage_names_what_made_the_answers(project):
    _, facts = cast("lite0_specialist")
    lineage = facts["lineage"]
    assert [row["member"] for row in lineage["weights"]] == ["lite0", "specialist"] == facts["members"]
    assert lineage["git"] == {"commit": None, "dirty": None} and lineage["data_files"] == ["data/train.arrow", "data/test.arrow"]
    Path("folds/weights/lite0/1.safetensors").write_bytes(b"1")
    Path("folds/audit.json").write_text('{"label_fixes": {"digest": "abc"}}')
    other = cast("lite0_specialist")[1]["lineage"]
    assert other["label_fixes"] == "abc" and lineage["label_fixes"] is None
    changed = [k for k in range(3) if other["weights"][0]["digests"][k] != lineage["weights"][0]["digests"][k]]
    assert changed == [1] and other["params"] == lineage["params"]


def test_a_member_that_is_missing_or_lacks_images_is_named(project):
    vote.main()
    path = Path("folds/predictions/grey/2.npz")
    parts = load_predictions(path)
    save_predictions(path, parts | {"test": parts["test"].select(parts["test"].ids[1:])})
    with pytest.raises(ValueError, match=r"grey/2\.npz: test: 1 images are missing .*t00"):
        ensemble.main()
    path.unlink()
    with pytest.raises(FileNotFoundError, match=r"grey/2\.npz: not found; `dvc repro` trains"):
        ensemble.main()


def test_a_leaderboard_of_another_run_is_refused(project):
    vote.main()
    board = pd.read_csv("submissions/leaderboard.csv")
    board[board["submission"] != "grey"].to_csv("submissions/leaderboard.csv", index=False)
    with pytest.raises(ValueError, match="leaderboard.csv: no grey; it is of another run, vote again"):
        ensemble.main()


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
