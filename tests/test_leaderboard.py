"""The leaderboard against scikit-learn and by hand."""

import io

import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from sklearn.metrics import f1_score

from competition.leaderboard import (
    giveaway_note,
    leaderboard_row,
    print_leaderboard,
    rank,
    read_leaderboard,
    write_leaderboard,
)
from competition.settings import EnsembleSettings
from competition.voting import Submission

TARGETS = ("a", "b", "c", "d")
COLUMNS = ["submission", "member", "vote", "fold_0", "fold_1", "fold_2", "mean", "std", "clean", "clean_low", "clean_high",
           "test_like", "test_like_low", "test_like_high", "train_seconds", "predict_seconds", "note"]  # fmt: skip


def made_up(name, vote="soft", accuracy=0.8, seed=0, n=60):
    generator = np.random.default_rng(seed)
    true = np.array(TARGETS)[np.arange(n) % 4]
    clean, test_like = (np.where(generator.random(n) < a, true, generator.choice(TARGETS, n)) for a in (0.95, accuracy))
    submission = Submission(name, name.removesuffix("_hard"), vote, clean, test_like, test_like[:5])
    folds = np.arange(n) // 20
    return leaderboard_row(submission, true, folds, TARGETS, EnsembleSettings(resamples=100), (12.34, 5), "x"), submission, true


def test_a_row():
    row, submission, true = made_up("lite0")
    assert list(row) == COLUMNS
    per_fold = [
        f1_score(true[k * 20 : k * 20 + 20], submission.test_like[k * 20 : k * 20 + 20], average="macro") for k in range(3)
    ]
    assert [row[f"fold_{k}"] for k in range(3)] == pytest.approx(per_fold)
    assert (row["mean"], row["std"]) == pytest.approx((np.mean(per_fold), np.std(per_fold)))
    for view in ("clean", "test_like"):
        assert row[view] == pytest.approx(f1_score(true, getattr(submission, view), average="macro"))
        assert row[f"{view}_low"] <= row[view] <= row[f"{view}_high"]
    assert (row["train_seconds"], row["predict_seconds"], row["note"]) == (12.3, 5, "x")


def test_best_first_then_soft_then_name():
    rows = [
        made_up("b_hard", "hard")[0],
        made_up("worse", accuracy=0.3)[0],
        made_up("b")[0],
        made_up("a")[0],
        made_up("z", accuracy=1)[0],
    ]
    assert rank(rows)["submission"].tolist() == ["z", "a", "b", "b_hard", "worse"]
    assert rank(rows[::-1]).equals(rank(rows))


def test_grey_pixels_that_score_are_noted():
    board = rank([made_up("lite0")[0], made_up("grey", accuracy=0.7)[0], made_up("grey_hard", "hard", accuracy=0.7)[0]])
    board["note"] = ""
    noted = giveaway_note(board, {"grey": 20}, n_classes=17).set_index("submission")
    value = board.set_index("submission").at["grey", "test_like"]
    assert noted.at["grey", "note"] == f"data gives itself away: 20x20 grey pixels alone score {value:.3f}"
    assert noted.at["lite0", "note"] == "" and noted.at["grey_hard", "note"] == noted.at["grey", "note"]
    assert (giveaway_note(board, {"grey": 20}, n_classes=4)["note"] == "").all() == (value <= 3 / 4)
    board.loc[board["member"] == "grey", "test_like"] = 0.49 * board["test_like"].max()
    assert (giveaway_note(board, {"grey": 20}, n_classes=17)["note"] == "").all()
    assert (giveaway_note(board, {}, n_classes=17)["note"] == "").all()


def test_file_and_table(tmp_path):
    board = rank([made_up("lite0")[0], made_up("NA", accuracy=0.5)[0]])
    board["note"] = ["", "a, note"]
    write_leaderboard(tmp_path / "leaderboard.csv", board)
    first = (tmp_path / "leaderboard.csv").read_bytes()
    read = read_leaderboard(tmp_path / "leaderboard.csv")
    assert (
        list(read.columns) == COLUMNS
        and read["submission"].tolist() == ["lite0", "NA"]
        and read["note"].tolist() == ["", "a, note"]
    )
    pd.testing.assert_frame_equal(read, board, check_dtype=False)
    write_leaderboard(tmp_path / "leaderboard.csv", read)
    assert (tmp_path / "leaderboard.csv").read_bytes() == first
    output = io.StringIO()
    print_leaderboard(read, Console(file=output, width=160))
    assert "lite0" in output.getvalue() and f"{board['test_like'][0]:.3f}" in output.getvalue()
    with pytest.raises(FileNotFoundError, match="pipelines.vote"):
        read_leaderboard(tmp_path / "none.csv")
