"""The stage ensemble: candidates and the choice, held against the same votes counted one by one."""
# ruff: noqa: F811

import pandas as pd
import pytest
from makers.ensemble_stage import ON_LABELS, SINGLES, cast, fresh, project  # noqa: F401
from makers.votes import TARGETS, answers
from sklearn.metrics import f1_score

from competition.ensembling.choice import decide
from competition.ensembling.rules import RULES
from competition.metrics import metric
from pipelines import ensemble, vote

pytestmark = pytest.mark.slow


def most_named(ballot):
    """The answer that most name, of equals the first one's."""
    return max(ballot, key=ballot.count)


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


def test_the_best_candidate_is_final(project, monkeypatch):
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
        "soft",
        "hard",
        "foldwise_hard",
        "lite0_specialist",
        "hard_top",
        "weighted_soft",
        "greedy",
        "stacking",
    ]
    best = max(rows, key=lambda row: row["test_like"])["submission"]  # of equals the first, the simplest
    assert facts["chosen"] == facts["best"] == best
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
        assert told["difference"] == pytest.approx(told["test_like"] - best["test_like"], abs=3e-6)
        assert told["difference"] <= 0
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
