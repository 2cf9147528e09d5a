"""The stage ensemble on a tiny project, held against the same votes counted one by one; and what stages say of what is
missing.
"""

import contextlib
import json
import os
import pickle
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from makers.votes import PARAMS, TARGETS, answers, write_fold, write_project
from sklearn.metrics import f1_score

from competition.common.files import digest
from competition.common.registry import load_plugin
from competition.data.predictions import load_predictions, save_predictions
from competition.ensembling.choice import decide
from competition.ensembling.ensembles import ensemble_candidates
from competition.ensembling.final_files import read_final
from competition.ensembling.final_vote import read_final_vote
from competition.ensembling.rules import RULES
from competition.metrics import metric
from pipelines import ensemble, vote

ON_LABELS = {*RULES.names()} - {"rank_average"}  # ranks are no labels
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def voted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("voted")
    with contextlib.chdir(folder):
        write_project()
        vote.main()
    return folder


@pytest.fixture
def fresh(voted, tmp_path, monkeypatch):
    """A project after the stage `vote`, the current folder."""
    shutil.copytree(voted, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def known():
    """Ensembles, pickled, by all that they are made of."""
    return {}


@pytest.fixture
def project(fresh, known, monkeypatch):
    """As `fresh`, but what an earlier test had fitted to the same predictions isn't fitted again: the slow part."""

    def candidates(inputs):
        # which of them is final is chosen only when all are there
        settings = inputs.settings.model_copy(update={"choose": "auto"})
        given = pickle.dumps((replace(inputs, settings=settings), RULES.names()))
        if given in known:
            return pickle.loads(known[given])
        found = ensemble_candidates(inputs)
        known[given] = pickle.dumps(found)
        return found

    monkeypatch.setattr(ensemble, "ensemble_candidates", candidates)
    return fresh


def test_same_input_same_bytes(fresh):
    contents = []
    for _ in range(2):
        vote.main()
        ensemble.main()
        contents.append(
            {str(path.relative_to("submissions")): path.read_bytes() for path in Path("submissions").rglob("*.*")}
        )
    assert contents[0] == contents[1]
    names = ("lite0", "lite0_hard", "features", "features_hard", "grey", "grey_hard", "lite0_specialist")
    tables = {
        "final.csv",
        "final.json",
        "metrics.json",
        "leaderboard.csv",
        "ensembles.csv",
        "oof.csv",
        "per_class.csv",
        "confusion.csv",
        "votes.json",
        "final_vote.json",
        "ensembles_oof.csv",
    }
    ensembles = {f"ensembles/{name}.csv" for name in ON_LABELS}
    assert contents[0].keys() == tables | ensembles | {f"members/{name}.csv" for name in names}


def cast(choose="auto", **ensemble_keys):
    """Ensemble with these settings of `ensemble`, of which none changes what `vote` does; returns (final.csv's answers,
    final.json).
    """
    keys = {"top": 3, "resamples": 100, "choose": choose} | ensemble_keys
    Path("params.yaml").write_text(
        PARAMS.replace("ensemble: {top: 3, resamples: 100}", f"ensemble: {json.dumps(keys)}")
    )
    ensemble.main()
    return answers("submissions/final.csv"), json.loads(Path("submissions/final.json").read_text())


def most_named(ballot):
    """The answer that most name, of equals the first one's."""
    return max(ballot, key=ballot.count)


MEMBERS = ("features", "grey", "lite0")
SINGLES = ["lite0", "features", "grey", "lite0_specialist"]


def test_every_bootstrap_draws_groups_whole(fresh, monkeypatch):
    folds = pd.read_csv("folds/folds.csv", dtype=str)
    in_fold = folds.groupby("fold").cumcount()
    folds.assign(group=folds["fold"] + "-" + (in_fold // 3).astype(str)).to_csv("folds/folds.csv", index=False)
    drawn, real = [], metric.times_drawn

    def times_drawn(n_rows, resamples, generator, groups=None):
        drawn.append((n_rows, None if groups is None else len(set(groups))))
        return real(n_rows, resamples, generator, groups)

    monkeypatch.setattr(metric, "times_drawn", times_drawn)
    for stage in (vote, ensemble):
        drawn.clear()
        stage.main()
        assert drawn and all(groups and groups < rows / 2 for rows, groups in drawn)


def test_the_hard_vote_of_the_top_is_counted_from_the_submissions(project):
    final, facts = cast("hard_top")
    leaderboard = pd.read_csv("submissions/leaderboard.csv")
    # a member's hard vote answers as its soft vote does out of fold, so it is no opinion of its own
    top = [name for name in leaderboard["submission"] if name in SINGLES][:3]
    assert (
        facts["fitted"] == {"votes": top}
        and facts["chosen"] == "hard_top"
        and facts["why"].startswith("named by ensemble.choose")
    )
    ballots = [answers(f"submissions/members/{name}.csv") for name in top]
    assert final.to_dict() == {id_: most_named([votes[id_] for votes in ballots]) for id_ in final.index}
    assert facts["agreement"] == {"best_member": top[0], "share": pytest.approx((final == ballots[0]).mean(), abs=1e-6)}
    assert {row["target"]: row["rows"] for row in facts["class_shares"]} == {
        target: (final == target).sum() for target in TARGETS
    }
    oof = pd.read_csv("submissions/oof.csv", dtype=str)
    expected = {view: [] for view in ("clean", "test_like")}
    for _, row in oof.iterrows():  # each fold is answered by the best of the other folds
        others = oof[oof["fold"] != row["fold"]]
        scores = {name: f1_score(others["target"], others[f"{name}.test_like"], average="macro") for name in SINGLES}
        best = sorted(SINGLES, key=lambda name: (-scores[name], name))[:3]
        for view, told in expected.items():
            told.append(most_named([row[f"{name}.{view}"] for name in best]))
    for view, told in expected.items():
        assert facts["score"][view]["value"] == pytest.approx(f1_score(oof["target"], told, average="macro"), abs=1e-6)
    assert facts["score"]["nested_choice"] is None  # a person chose


def test_the_simplest_candidate_within_one_standard_error_is_final(project, monkeypatch):
    seen = {}
    monkeypatch.setattr(
        ensemble, "decide", lambda candidates, *rest: decide(seen.setdefault("candidates", candidates), *rest)
    )
    final, facts = cast()
    rows = facts["candidates"]
    assert [row["submission"] for row in rows] == [
        # by bytes of weights: 30, 600, 27,000, 51,000. Votes need lite0, features, grey; the top three the specialist
        "grey",
        "features",
        "lite0",
        "hard",
        "soft",
        "foldwise_hard",
        "lite0_specialist",
        "hard_top",
        "weighted_soft",
        "greedy",
        "stacking",
    ]
    assert facts["best"] == max(rows, key=lambda row: row["test_like"] + row["vote_adds"])["submission"]
    within = [row for row in rows if row["within_one_standard_error"]]
    levels = [0 if row["submission"] in SINGLES else RULES[row["submission"]].level for row in within]
    simple = [row for row, level in zip(within, levels, strict=True) if level == min(levels)]
    assert facts["chosen"] == max(simple, key=lambda row: row["test_like"] + row["vote_adds"])["submission"]
    assert all(row["within_one_standard_error"] == (-row["difference"] <= row["standard_error"]) for row in rows)
    folder = "ensembles" if facts["chosen"] in RULES.names() else "members"
    assert final.equals(answers(f"submissions/{folder}/{facts['chosen']}.csv")) and facts["rows"] == 12
    oof = pd.read_csv("submissions/oof.csv", dtype=str)
    by_fold = {str(row["fold"]): row["candidate"] for row in facts["chosen_by_the_other_folds"]}
    said = {candidate.name: candidate.submission().test_like for candidate in seen["candidates"]}
    told = [TARGETS[said[by_fold[fold]][row]] for row, fold in enumerate(oof["fold"])]
    nested = facts["score"]["nested_choice"]["test_like"]
    assert nested["value"] == pytest.approx(f1_score(oof["target"], told, average="macro"), abs=1e-6)
    assert nested["low"] <= nested["value"] <= nested["high"]
    expected = facts["score"]["expected"]
    assert expected["low"] <= expected["value"] <= expected["high"] and 1 <= expected["effective_images"] <= len(oof)
    calibration = facts["calibration"]
    assert [row["member"] for row in calibration["members"]] == ["features", "grey", "lite0"] and calibration[
        "bins"
    ] == 15
    assert calibration["chosen"].keys() == {"temperature", "before", "after"}


def test_rules_may_forbid_a_look_at_the_test_images(project):
    cast()
    Path("params.yaml").write_text(Path("params.yaml").read_text() + "rules: {test_statistics: false}\n")
    before, metrics = Path("submissions/final.csv").read_bytes(), Path("submissions/metrics.json")
    assert json.loads(metrics.read_text()).keys() == {"clean", "test_like", "expected"}
    ensemble.main()
    assert json.loads(metrics.read_text()).keys() == {"clean", "test_like"}
    assert json.loads(Path("submissions/final.json").read_text())["score"]["expected"] is None
    assert Path("submissions/final.csv").read_bytes() == before


def test_all_candidates_have_a_table_as_the_leaderboard(project):
    _, facts = cast()
    leaderboard, members = pd.read_csv("submissions/ensembles.csv"), pd.read_csv("submissions/leaderboard.csv")
    assert set(leaderboard["submission"]) == {*ON_LABELS, *SINGLES} and leaderboard["test_like"].is_monotonic_decreasing
    assert list(leaderboard) == list(members) and leaderboard["significant"][0] == "best"
    of_name = {row["submission"]: row for row in facts["candidates"]}
    best = of_name[facts["best"]]
    for _, row in leaderboard.iterrows():
        told = of_name[row["submission"]]
        assert row["test_like"] == pytest.approx(told["test_like"], abs=2e-6)
        ahead = told["test_like"] + told["vote_adds"] - best["test_like"] - best["vote_adds"]
        assert told["difference"] == pytest.approx(ahead, abs=3e-6) and told["difference"] <= 0
    for name in ON_LABELS:
        assert answers(f"submissions/ensembles/{name}.csv")["t05"] == "2"
    soft = leaderboard.set_index("submission").loc["soft"]
    assert (soft["member"], soft["train_seconds"]) == ("features+grey+lite0", 3 * 33)
    # hard_top: the best three are lite0, its specialist and features, so lite0's seconds count once
    top = leaderboard.set_index("submission").loc["hard_top"]
    parts = {"lite0", "specialist", "features", "grey"} & set(top["member"].split("+"))
    assert top["train_seconds"] == 33 * len(parts)


def test_fewer_submissions_than_top_all_vote(project):
    _, facts = cast("hard_top", top=99)
    assert sorted(facts["fitted"]["votes"]) == sorted(SINGLES)


def write_external(name, target="x"):
    Path("submissions/external").mkdir(parents=True, exist_ok=True)
    Path(f"submissions/external/{name}.csv").write_text(
        "ID,target\n" + "".join(f"t{n:02d},{target}\n" for n in reversed(range(12)))
    )


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
    assert facts["score"] == before["score"] and facts["fitted"] == before["fitted"]  # of the validated voters
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
    assert not list(Path("submissions").glob("*final*")) and not list(Path("submissions").glob(".*"))


@pytest.mark.parametrize("renamed", [0, 1, 2, 3])
def test_a_run_that_is_killed_between_the_final_files_is_found_out(project, monkeypatch, renamed):
    cast("soft")
    final, replace_whole, done = Path("submissions/final.json"), os.replace, []
    before = final.read_bytes()

    def killed(source, target):
        if Path(source).parent.name.startswith(".final.") and Path(target).parent.name == "submissions":
            if len(done) == renamed:
                raise KeyboardInterrupt
            done.append(target)
        replace_whole(source, target)

    monkeypatch.setattr(os, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        cast("grey")
    monkeypatch.setattr(os, "replace", replace_whole)
    assert final.read_bytes() == before and not list(Path("submissions").glob(".*"))
    if renamed:
        with pytest.raises(ValueError, match=r"submissions/final\.csv: not the file that submissions/final\.json"):
            read_final()
        with pytest.raises(ValueError, match="run `dvc repro ensemble` again"):
            read_final_vote()
    else:
        assert read_final()["chosen"] == read_final_vote().chosen == "soft"
    cast("grey")
    assert read_final()["chosen"] == read_final_vote().chosen == "grey"
    Path("submissions/final.csv").write_text("edited")
    with pytest.raises(ValueError, match="it was edited, or a run was stopped"):
        read_final()


def test_the_ensembles_answers_out_of_fold_are_written(project):
    _, facts = cast("soft")
    oof, ensembles = (pd.read_csv(f"submissions/{name}.csv", dtype=str) for name in ("oof", "ensembles_oof"))
    columns = [f"{name}.{condition}" for name in ON_LABELS for condition in ("clean", "test_like")]
    assert list(ensembles)[:3] == ["ID", "target", "fold"] and set(ensembles.columns[3:]) == set(columns)
    assert ensembles[["ID", "target", "fold"]].equals(oof[["ID", "target", "fold"]])
    table = pd.read_csv("submissions/ensembles.csv").set_index("submission")
    for name in ON_LABELS:
        score = f1_score(ensembles["target"], ensembles[f"{name}.test_like"], average="macro")
        assert table.at[name, "test_like"] == pytest.approx(score, abs=1e-6)
    assert facts["files"].keys() == {"final.csv", "final_vote.json", "metrics.json"}


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


def test_the_effects_that_training_did_not_get_are_told(project):
    params = PARAMS + "augment: {test_like: {held_out: [jpeg]}%s}\n"
    for more, trained in (("", False), (", train_on_held_out: true", True)):
        Path("params.yaml").write_text(params % more)
        ensemble.main()
        told = json.loads(Path("submissions/final.json").read_text())["held_out_effects"]
        assert told == {"effects": ["jpeg"], "trained_on": trained}


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


def test_the_lineage_names_what_made_the_answers(project):
    _, facts = cast("lite0_specialist")
    lineage = facts["lineage"]
    assert [row["member"] for row in lineage["weights"]] == ["lite0", "specialist"] == facts["members"]
    assert lineage["git"] == {"commit": None, "dirty": None} and lineage["data_files"] == [
        "data/train.arrow",
        "data/test.arrow",
    ]
    Path("folds/weights/lite0/1.safetensors").write_bytes(b"1")
    Path("folds/audit.json").write_text('{"label_fixes": {"digest": "abc"}}')
    other = cast("lite0_specialist")[1]["lineage"]
    assert other["label_fixes"] == "abc" and lineage["label_fixes"] is None
    changed = [k for k in range(3) if other["weights"][0]["digests"][k] != lineage["weights"][0]["digests"][k]]
    assert changed == [1] and other["params"] == lineage["params"]


def test_a_member_that_is_missing_or_lacks_images_is_named(project):
    path = Path("folds/predictions/grey/2.npz")
    parts = load_predictions(path)
    save_predictions(path, parts | {"test": parts["test"].select(parts["test"].ids[1:])})
    with pytest.raises(ValueError, match=r"grey/2\.npz: test: 1 images are missing .*t00"):
        ensemble.main()
    path.unlink()
    with pytest.raises(FileNotFoundError, match=r"grey/2\.npz: not found; `dvc repro` trains"):
        ensemble.main()


def test_a_leaderboard_of_another_run_is_refused(project):
    leaderboard = pd.read_csv("submissions/leaderboard.csv")
    leaderboard[leaderboard["submission"] != "grey"].to_csv("submissions/leaderboard.csv", index=False)
    with pytest.raises(ValueError, match="leaderboard.csv: no grey; it is of another run; run `dvc repro` again"):
        ensemble.main()


def test_a_users_mistake_is_one_message(tmp_path, monkeypatch):
    (tmp_path / "params.yaml").write_text("")
    command, path = [sys.executable, "-m", "pipelines.split"], {"PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(command, cwd=tmp_path, env=path, capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr.startswith("error: data/train.arrow: not found")
    assert len(done.stderr.splitlines()) == 1
    monkeypatch.chdir(tmp_path)
    for stage in (vote, ensemble):
        with pytest.raises(FileNotFoundError, match="data/raw: no such folder"):
            stage.main()


def test_what_is_missing_is_named_with_the_command_that_makes_it(project):
    Path("submissions/leaderboard.csv").unlink()
    with pytest.raises(FileNotFoundError, match=r"leaderboard\.csv: not found; `dvc repro` makes it \(stage vote\)"):
        ensemble.main()
    Path("folds/scores/grey/2.json").unlink()
    with pytest.raises(FileNotFoundError, match=r"folds/scores/grey/2\.json: not found; `dvc repro`"):
        vote.main()
    Path("folds/folds.csv").unlink()
    with pytest.raises(FileNotFoundError, match=r"folds/folds\.csv: not found; `dvc repro` makes it \(stage split\)"):
        vote.main()


@pytest.fixture
def plugin():
    """A rule in a file of its own, registered for one test."""
    load_plugin(Path(__file__).parents[1] / "plugins/dummy_rule.py")
    yield "dummy_rule"
    del RULES._things["dummy_rule"], sys.modules["plugin.dummy_rule"]


def test_a_plugins_rule_is_a_candidate_like_any_other(fresh, plugin):
    final, facts = cast(plugin)
    assert facts["chosen"] == read_final_vote().chosen == plugin
    assert final.equals(answers(f"submissions/ensembles/{plugin}.csv"))
    assert plugin in set(pd.read_csv("submissions/ensembles.csv")["submission"])
    vote = read_final_vote().vote()
    tests = {
        name: [load_predictions(f"folds/predictions/{name}/{k}.npz")["test"] for k in range(3)] for name in MEMBERS
    }
    voted = vote.predict(tests)
    named = [TARGETS[index] for index in voted.answers]
    assert dict(zip(voted.predictions.ids.tolist(), named, strict=True)) == {
        id_: answer for id_, answer in final.items() if id_ != "t05"
    }


def test_a_rule_that_no_file_has_is_refused(project):
    with pytest.raises(ValueError, match="ensemble.choose: 'dummy_rule'; expected one of .*'greedy', 'hard'"):
        cast("dummy_rule")
