"""Members, folds and submissions compared, by the scores they have out of fold."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from competition.files import replace_file
from competition.metrics import bootstrap_interval, macro_f1
from competition.seeds import generator
from competition.settings import EnsembleSettings
from competition.voting import OOF_VIEWS, Submission

DECIMALS = 6
NOTABLE = 0.5  # of the best member's score: grey pixels alone should get nowhere near it
LOG_WIDTH = 150  # characters, where no terminal gives its own
CHANCES = 3  # times what guessing scores


def score(true: Sequence[str], answers: Sequence[str], targets: Sequence[str], settings: EnsembleSettings) -> dict[str, float]:
    """Macro F1 as {"value", "low", "high"}, the interval by bootstrap.

    Every call draws the same rows, so that submissions are compared on the same resamples.
    """
    draws = generator(settings.seed, "bootstrap")
    found = bootstrap_interval(true, answers, targets, settings.resamples, settings.confidence, draws)
    return dict(zip(("value", "low", "high"), found, strict=True))


def leaderboard_row(
    submission: Submission, true: np.ndarray, folds: np.ndarray, targets: Sequence[str], settings: EnsembleSettings,
    seconds: tuple[float, float], note: str = "",
) -> dict[str, object]:  # fmt: skip
    """One submission's row of the leaderboard.

    true: (N,) targets and folds: (N,) ints, 0 upwards, aligned with the submission's out-of-fold answers;
    seconds: spent on training and on predicting, all folds together. `fold_<k>`, `mean` and `std` (over folds, as
    numpy's) are test-like macro F1; `clean` and `test_like` are over all out-of-fold images at once.
    """
    row: dict[str, object] = {"submission": submission.name, "member": submission.member, "vote": submission.vote}
    per_fold = [macro_f1(true[folds == k], submission.test_like[folds == k], targets) for k in np.unique(folds)]
    row |= {f"fold_{k}": value for k, value in zip(np.unique(folds), per_fold, strict=True)}
    row |= {"mean": np.mean(per_fold), "std": np.std(per_fold)}
    for view in OOF_VIEWS:
        scores = score(true, getattr(submission, view), targets, settings)
        row |= {view: scores["value"], f"{view}_low": scores["low"], f"{view}_high": scores["high"]}
    return row | {"train_seconds": round(seconds[0], 1), "predict_seconds": round(seconds[1], 1), "note": note}


def rank(rows: Sequence[dict[str, object]]) -> pd.DataFrame:
    """The leaderboard: best `test_like` first, of equals soft before hard, then by name."""
    board = pd.DataFrame(rows).round(DECIMALS)
    order = np.lexsort([board["submission"].astype(str), board["vote"] != "soft", -board["test_like"]])
    return board.iloc[order].reset_index(drop=True)


def giveaway_note(board: pd.DataFrame, grey_sizes: dict[str, int], n_classes: int) -> pd.DataFrame:
    """`board` with a note on every grey member that does well: then something else than the content tells classes apart.

    grey_sizes: member of kind grey -> its pixels. Does well: at least half the best other member's test-like macro F1
    (of all members', when all are grey), and above three times what guessing scores.
    """
    board = board.copy()
    is_grey = board["member"].isin(grey_sizes)
    best = board.loc[~is_grey, "test_like"].max() if (~is_grey).any() else board["test_like"].max()
    notable = is_grey & (board["test_like"] >= NOTABLE * best) & (board["test_like"] > CHANCES / n_classes)
    for row in board.index[notable]:
        size = grey_sizes[board.at[row, "member"]]
        value = board.at[row, "test_like"]
        board.at[row, "note"] = f"data gives itself away: {size}x{size} grey pixels alone score {value:.3f}"
    return board


def write_leaderboard(path: Path | str, board: pd.DataFrame) -> None:
    """Write the leaderboard as CSV."""
    with replace_file(path) as temporary:
        board.to_csv(temporary, index=False, lineterminator="\n", encoding="utf-8")


def read_leaderboard(path: Path | str) -> pd.DataFrame:
    """The leaderboard as written: names and notes as str, scores as float64. Raises FileNotFoundError."""
    if not Path(path).is_file():
        raise FileNotFoundError(f"{path}: not found; `python -m pipelines.vote` makes it")
    texts = {"submission": str, "member": str, "vote": str, "note": str}
    return pd.read_csv(path, dtype=texts, keep_default_na=False, encoding="utf-8")


def print_leaderboard(board: pd.DataFrame, console: Console | None = None, public: Mapping[str, str] | None = None) -> None:
    """Print the leaderboard as a table, scores to three decimals; `public`: submission -> the score its site gave it."""
    table = Table(title="Macro F1 out of fold", title_justify="left")
    shown = ("public",) if public else ()
    for column in ("#", "submission", "vote", "test-like", "interval", *shown, "folds", "clean", "train s", "note"):
        table.add_column(column, justify="left" if column in ("submission", "vote", "note") else "right")
    for place, row in enumerate(board.to_dict("records"), start=1):
        interval = f"{row['test_like_low']:.3f}-{row['test_like_high']:.3f}"
        told = (f"{float(public[row['submission']]):.3f}" if row["submission"] in public else "",) if public else ()
        folds = f"{row['mean']:.3f} ±{row['std']:.3f}"
        scores = (f"{row['test_like']:.3f}", interval, *told, folds, f"{row['clean']:.3f}", f"{row['train_seconds']:.0f}")
        table.add_row(str(place), row["submission"], row["vote"], *scores, row["note"])
    if console is None:
        console = Console() if sys.stdout.isatty() else Console(width=LOG_WIDTH)
    console.print(table)
