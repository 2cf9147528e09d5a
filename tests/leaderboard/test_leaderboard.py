"""The leaderboard against scikit-learn, plain loops and by hand."""

import io

import numpy as np
import pandas as pd
import pytest
from makers.metrics import F1
from makers.tasks import made_task
from rich.console import Console
from sklearn.metrics import f1_score, log_loss

from competition.common.seeds import generator
from competition.leaderboard.leaderboard import (
    compare,
    fold_scores,
    giveaway_note,
    read_leaderboard,
    score,
    write_leaderboard,
)
from competition.leaderboard.per_class import class_scores, worst_classes
from competition.leaderboard.submission import Submission
from competition.leaderboard.tables import make_console, print_leaderboard
from competition.metrics.paired import paired_differences
from competition.metrics.scores import METRICS
from competition.settings.ensemble import EnsembleSettings

TARGETS = ("a", "b", "c", "d")
N = 60
TRUE, FOLDS = np.arange(N) % 4, np.arange(N) // 20
COLUMNS = [
    "submission",
    "member",
    "vote",
    "fold_0",
    "fold_1",
    "fold_2",
    "mean",
    "std",
    "clean",
    "clean_low",
    "clean_high",
    "test_like",
    "test_like_low",
    "test_like_high",
    "difference",
    "difference_low",
    "difference_high",
    "standard_error",
    "significant",
    "images",
    "train_seconds",
    "predict_seconds",
    "note",
]
SETTINGS = EnsembleSettings(resamples=100, confidence=0.9, seed=3)


def made_up(name, vote="soft", accuracy=0.8, seed=0):
    random = np.random.default_rng(seed)
    clean, test_like = (np.where(random.random(N) < a, TRUE, random.choice(4, N)) for a in (0.95, accuracy))
    return Submission(name, name.removesuffix("_hard"), vote, clean, test_like, test_like[:5])


def board_of(*submissions, notes=None, settings=SETTINGS):
    return compare(
        submissions, TRUE, FOLDS, len(TARGETS), F1, settings, {s.name: (12.34, 5) for s in submissions}, notes or {}
    )


def test_images_of_one_group_are_drawn_together():
    submissions, groups = [made_up("a"), made_up("b", seed=1)], np.arange(N) // 4
    seconds = {s.name: (1, 1) for s in submissions}
    board = compare(submissions, TRUE, FOLDS, len(TARGETS), F1, SETTINGS, seconds, {}, groups).set_index("submission")
    found = score(TRUE, submissions[1].clean, len(TARGETS), F1, SETTINGS, groups)
    draws = generator(SETTINGS.seed, "bootstrap")
    drawn = F1.bootstrap(TRUE, [submissions[1].clean], len(TARGETS), SETTINGS.resamples, draws, groups=groups)[:, 0]
    low, high = np.quantile(drawn, [0.05, 0.95])
    assert (found["low"], found["high"]) == pytest.approx((low, high))
    assert tuple(board.loc["b", ["clean_low", "clean_high"]]) == pytest.approx((low, high), abs=1e-6)
    alone = board_of(*submissions).set_index("submission")
    assert alone.loc["b", "clean_low"] != board.loc["b", "clean_low"]


def plain(y_true, answers):
    return f1_score(y_true, answers, average="macro", zero_division=0)


def test_a_row():
    submission = made_up("lite0")
    board = board_of(submission, notes={"lite0": "x"})
    assert list(board) == COLUMNS and len(board) == 1
    row = board.iloc[0]
    per_fold = [plain(TRUE[k * 20 : k * 20 + 20], submission.test_like[k * 20 : k * 20 + 20]) for k in range(3)]
    assert [row[f"fold_{k}"] for k in range(3)] == pytest.approx(per_fold, abs=1e-6)
    assert (row["mean"], row["std"]) == pytest.approx((np.mean(per_fold), np.std(per_fold)), abs=1e-6)
    for view in ("clean", "test_like"):
        assert row[view] == pytest.approx(plain(TRUE, getattr(submission, view)), abs=1e-6)
    assert row[["difference", "difference_low", "difference_high", "standard_error", "significant"]].tolist() == [
        0,
        0,
        0,
        0,
        "best",
    ]
    assert (row["images"], row["train_seconds"], row["predict_seconds"], row["note"]) == (60, 12.3, 5, "x")


@pytest.mark.slow
def test_intervals_are_the_plain_loops():
    submissions = [made_up("a"), made_up("b", seed=4), made_up("c", accuracy=0.2, seed=9)]
    board = board_of(*submissions).set_index("submission")
    random = generator(SETTINGS.seed, "bootstrap")
    draws = [random.integers(N, size=N) for _ in range(SETTINGS.resamples)]
    resampled = {
        view: {s.name: np.array([plain(TRUE[rows], getattr(s, view)[rows]) for rows in draws]) for s in submissions}
        for view in ("clean", "test_like")
    }
    best = max(submissions, key=lambda s: plain(TRUE, s.test_like))
    assert board.index[0] == best.name
    for submission in submissions:
        name, row = submission.name, board.loc[submission.name]
        for view in ("clean", "test_like"):
            expected = np.quantile(resampled[view][name], [0.05, 0.95])
            assert row[[f"{view}_low", f"{view}_high"]].tolist() == pytest.approx(expected.tolist(), abs=1e-6)
        differences = resampled["test_like"][name] - resampled["test_like"][best.name]
        low, high = np.quantile(differences, [0.05, 0.95])
        assert row["difference"] == pytest.approx(
            plain(TRUE, submission.test_like) - plain(TRUE, best.test_like), abs=2e-6
        )
        found = row[["difference_low", "difference_high", "standard_error"]].tolist()
        assert found == pytest.approx([low, high, np.std(differences, ddof=1)], abs=1e-6)
        assert row["significant"] == ("best" if submission is best else "no" if low <= 0 <= high else "yes")
    assert set(board["significant"]) == {"best", "yes", "no"}
    alone = score(TRUE, best.test_like, len(TARGETS), F1, SETTINGS)  # on the same resamples
    found = board.loc[best.name, ["test_like", "test_like_low", "test_like_high"]].tolist()
    assert found == pytest.approx([alone["value"], alone["low"], alone["high"]], abs=1e-6)


def test_a_submission_has_the_same_numbers_in_any_company():
    best, other = made_up("best", accuracy=0.9), made_up("other", accuracy=0.5, seed=1)
    two = board_of(other, best)
    three = board_of(best, made_up("third", accuracy=0.3, seed=2), other)
    pd.testing.assert_frame_equal(two, three[three["submission"] != "third"])


def test_paired_differences_by_hand():
    drawn = np.array([[0.5, 0.4, 0.5, 0.2], [0.6, 0.7, 0.6, 0.3], [0.4, 0.3, 0.4, 0.1]])
    first, second, same, last = paired_differences("abcd", [0.5, 0.45, 0.5, 0.2], drawn, 0.9)
    assert (first.difference, first.low, first.high, first.standard_error, first.significant) == (0, 0, 0, 0, False)
    # b - a: -0.1, 0.1, -0.1; quantiles 0.05 and 0.95 of three values lie a tenth of the way inwards
    assert (second.name, second.score, second.significant) == ("b", 0.45, False)
    assert (second.difference, second.low, second.high) == pytest.approx((-0.05, -0.1, 0.08))
    assert second.standard_error == pytest.approx(np.sqrt(0.04 / 3))  # mean -1/30, squares (4 + 16 + 4) / 900, over 2
    assert (same.difference, same.significant) == (0, False)
    # d - a: -0.3 each time
    assert last.significant and (last.low, last.high, last.standard_error) == pytest.approx((-0.3, -0.3, 0))


def test_best_first_then_soft_then_name():
    submissions = [
        made_up("b_hard", "hard"),
        made_up("worse", accuracy=0.3),
        made_up("b"),
        made_up("a"),
        made_up("z", accuracy=1),
    ]
    board = board_of(*submissions)
    assert board["submission"].tolist() == ["z", "a", "b", "b_hard", "worse"]
    assert board.equals(board_of(*submissions[::-1]))
    alike = board_of(*submissions[:1], *submissions[2:4])
    assert alike["significant"].tolist() == ["best", "no", "no"] and (alike["difference"] == 0).all()


def test_grey_pixels_that_score_are_noted():
    board = board_of(made_up("lite0"), made_up("grey", accuracy=0.7), made_up("grey_hard", "hard", accuracy=0.7))
    noted = giveaway_note(board, {"grey": 20}, n_classes=17, metric=F1).set_index("submission")
    value = board.set_index("submission").at["grey", "test_like"]
    assert noted.at["grey", "note"] == f"data gives itself away: 20x20 grey pixels alone score {value:.3f}"
    assert (
        giveaway_note(board, {"grey": 20}, 17, F1, several=True)["note"] == ""
    ).all()  # of sets nobody knows a guess's
    assert noted.at["lite0", "note"] == "" and noted.at["grey_hard", "note"] == noted.at["grey", "note"]
    chance, best = 1 / 17, board["test_like"].max()
    board.loc[board["member"] == "grey", "test_like"] = chance + 0.49 * (best - chance)  # less than half of the way
    assert (giveaway_note(board, {"grey": 20}, n_classes=17, metric=F1)["note"] == "").all()
    assert (giveaway_note(board, {}, n_classes=17, metric=F1)["note"] == "").all()
    board["test_like"] = chance + 0.12 * (1 - chance)  # all guess
    assert (giveaway_note(board, {"grey": 20}, n_classes=17, metric=F1)["note"] == "").all()


@pytest.mark.parametrize(
    ("metric", "several", "classes", "grey", "noted"),
    [
        ("log_loss", False, 17, 1.66, True),  # halfway from log 17 to 0.5
        ("log_loss", False, 17, 1.68, False),
        ("log_loss", True, 17, 0.40, True),  # of several labels from log 2 to 0.12
        ("log_loss", True, 17, 0.41, False),
        ("roc_auc", False, 2, 0.71, True),  # from 0.5 to 0.9
        ("roc_auc", True, 9, 0.69, False),
        ("quadratic_weighted_kappa", False, 5, 0.46, True),
        ("quadratic_weighted_kappa", False, 5, 0.44, False),
    ],
)
def test_grey_pixels_are_held_against_guessing_by_any_metric(metric, several, classes, grey, noted):
    best = 0.12 if several and metric == "log_loss" else 0.5 if metric == "log_loss" else 0.9
    board = pd.DataFrame({"member": ["lite0", "grey"], "test_like": [best, grey], "note": ["", ""]})
    found = giveaway_note(board, {"grey": 20}, classes, METRICS[metric](), several)
    assert (found.at[1, "note"] != "") == noted and found.at[0, "note"] == ""


def sure(share, seed, sureness=0.9):
    """Probabilities (N, 4) of which `share` give the true class the most, `sureness`."""
    answers = made_up("any", accuracy=share, seed=seed).test_like
    return np.where(np.eye(4)[answers] == 1, sureness, (1 - sureness) / 3)


def test_of_log_loss_less_is_better():
    """The best comes first, differences and signs are as the metric has them."""
    loss = METRICS["log_loss"]()
    parts = {"poor": sure(0.3, 1), "good": sure(0.95, 2), "too_sure": sure(0.95, 2, 0.999999)}
    submissions = [Submission(name, name, "soft", one, one, one[:5]) for name, one in parts.items()]
    seconds = {name: (1, 1) for name in parts}
    board = compare(submissions, TRUE, FOLDS, len(TARGETS), loss, SETTINGS, seconds, {})
    assert board["test_like"].is_monotonic_increasing
    assert board["submission"][0] == "good" and board["significant"].tolist()[::2] == ["best", "yes"]
    assert (board["difference"][1:] > 0).all() and (board["difference_low"] <= board["difference_high"]).all()
    for row in board.to_dict("records"):
        expected = log_loss(TRUE, parts[row["submission"]])
        assert row["test_like"] == pytest.approx(expected, abs=1e-6)
        per_fold = [log_loss(TRUE[FOLDS == k], parts[row["submission"]][FOLDS == k], labels=range(4)) for k in range(3)]
        assert [row[f"fold_{k}"] for k in range(3)] == pytest.approx(per_fold, abs=1e-6)
        assert (row["test_like_low"] <= row["test_like"] <= row["test_like_high"]) and row["mean"] > 0


def test_a_fold_on_which_the_metric_is_not_defined_is_left_out():
    """AUC of a fold without the positive class."""
    auc, true, folds = METRICS["roc_auc"](), np.array([0, 1, 0, 1, 0, 0]), np.array([0, 0, 1, 1, 2, 2])
    positive = np.array([0.1, 0.9, 0.8, 0.3, 0.2, 0.1])
    found = fold_scores(np.column_stack([1 - positive, positive]), true, folds, 2, auc)
    assert (found["fold_0"], found["fold_1"]) == (1, 0) and np.isnan(found["fold_2"])
    assert (found["mean"], found["std"]) == (0.5, 0.5)


def test_file(tmp_path):
    board = board_of(made_up("lite0"), made_up("NA", accuracy=0.5), notes={"NA": "a, note"})
    write_leaderboard(tmp_path / "leaderboard.csv", board)
    first = (tmp_path / "leaderboard.csv").read_bytes()
    read = read_leaderboard(tmp_path / "leaderboard.csv")
    assert (
        list(read) == COLUMNS
        and read["submission"].tolist() == ["lite0", "NA"]
        and read["note"].tolist() == ["", "a, note"]
    )
    pd.testing.assert_frame_equal(read, board, check_dtype=False)
    write_leaderboard(tmp_path / "leaderboard.csv", read)
    assert (tmp_path / "leaderboard.csv").read_bytes() == first
    with pytest.raises(FileNotFoundError, match="stage vote"):
        read_leaderboard(tmp_path / "none.csv")
    write_leaderboard(tmp_path / "leaderboard.csv", board.drop(columns=["difference", "significant"]))
    with pytest.raises(ValueError, match=r"no column significant, difference; another .*`dvc repro` makes it anew"):
        read_leaderboard(tmp_path / "leaderboard.csv")


def printed(board, width, **options):
    output = io.StringIO()
    print_leaderboard(board, "Macro F1 out of fold", Console(file=output, width=width), **options)
    return output.getvalue()


def line_of(text, name):
    return next(line for line in text.splitlines() if f" {name} " in line)


def test_table():
    names = {"lite0_specialist": 0.85, "lite0": 0.8, "grey": 0.2}
    board = board_of(
        *(made_up(name, accuracy=a, seed=i) for i, (name, a) in enumerate(names.items())), notes={"grey": "note [7]"}
    )
    best, alike, worse = board["submission"]
    assert board["significant"].tolist() == ["best", "no", "yes"]
    text = printed(board, 150, public={alike: 0.87654})
    assert " best " in line_of(text, best) and f"{board['test_like'][0]:.3f}" in line_of(text, best)
    difference = " ({difference_low:+.3f} to {difference_high:+.3f})"
    assert f"≈ {board['difference'][1]:+.3f}" + difference.format(**board.loc[1]) in line_of(text, alike)
    assert f" {board['difference'][2]:+.3f}" + difference.format(**board.loc[2]) in line_of(
        text, worse
    ) and "≈" not in line_of(text, worse)
    assert "0.877" in line_of(text, alike) and "0.877" not in line_of(text, best)
    assert text.splitlines()[-2:] == [
        f"≈ can't be told apart from the best, the interval of the difference holds 0: {alike}",
        "grey: note [7]",
    ]
    assert max(map(len, text.splitlines())) <= 150 and "clean" in text and "public" not in printed(board, 150)
    for public in ({}, {alike: 0.87654}):
        narrow = printed(board, 80, public=public)
        rows = [line for line in narrow.splitlines() if line.startswith("│")]
        # no cell is wrapped or cut on a small terminal
        assert len(rows) == 3 and "…" not in narrow and "clean" not in narrow
        assert ("0.877" in narrow) == bool(public)
    assert make_console().width == 150  # where pytest holds the output, there is no terminal


def test_class_scores_are_scikit_learns():
    submissions = [made_up("a", accuracy=0.6), made_up("b", accuracy=0.8, seed=1)]
    names = {"a": "letter", "b": "b", "c": "form", "d": "memo", "e": "none of them"}
    table = class_scores(submissions, TRUE, made_task(list(names), list(names.values())))
    assert list(table) == ["target", "class_name", "images", "a", "b"] and table["images"].tolist() == [
        15,
        15,
        15,
        15,
        0,
    ]
    assert table["class_name"].tolist() == list(names.values())
    for submission in submissions:
        expected = f1_score(TRUE, submission.test_like, average=None, labels=range(5), zero_division=np.nan)
        np.testing.assert_allclose(table[submission.name], expected, atol=1e-6)
    worst = sorted(range(4), key=lambda row: table["a"][row])[:3]
    named = ["a letter", "b", "c form", "d memo"]
    assert worst_classes(table, "a") == [f"{named[row]} {table['a'][row]:.3f} (15 images)" for row in worst]
