"""Members, folds and submissions compared, by the scores they have out of fold."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from competition.common.files import replace_file
from competition.common.seeds import generator
from competition.folds.predictions import OOF_VIEWS
from competition.leaderboard.submission import Submission
from competition.metrics.bootstrap import interval
from competition.metrics.metric import Metric
from competition.metrics.paired import PairedDifference, paired_differences
from competition.settings.ensemble import EnsembleSettings

DECIMALS = 6
NOTABLE = 0.5  # of the best member's score: grey pixels alone should get nowhere near it
CHANCES = 3  # times what guessing scores
TEXTS = ("submission", "member", "vote", "significant", "note")
STANDING = ("difference", "difference_low", "difference_high", "standard_error", "significant")


def score(
    true: Sequence[str], answers: Sequence[str], targets: Sequence[str], metric: Metric, settings: EnsembleSettings
) -> dict[str, float]:
    """Score as {"value", "low", "high"}, the interval by bootstrap: on the same resamples as `compare` draws."""
    draws = generator(settings.seed, "bootstrap")
    found = metric.with_interval(true, answers, targets, settings.resamples, settings.confidence, draws)
    return dict(zip(("value", "low", "high"), found, strict=True))


def compare(
    submissions: Sequence[Submission],
    true: np.ndarray,
    folds: np.ndarray,
    targets: Sequence[str],
    metric: Metric,
    settings: EnsembleSettings,
    seconds: Mapping[str, tuple[float, float]],
    notes: Mapping[str, str],
) -> pd.DataFrame:
    """The leaderboard: one row per submission, best `test_like` first, of equals soft before hard, then by name.

    true: (N,) targets and folds: (N,) ints, aligned with the submissions' out-of-fold answers; seconds: submission ->
    spent on training and on predicting, all folds together; notes: submission -> text, of those that have one.
    `fold_<k>`, `mean` and `std` (over folds, as numpy's) are the test-like score; `clean` and `test_like` are over all
    `images` out of fold at once. The columns STANDING hold the paired difference to the first row, test-like;
    `significant` is best, yes or no. All rows are scored on the same resamples.
    """
    scores = _scores(submissions, true, targets, metric)
    best_first = -metric.sign * scores["test_like"]
    order = np.lexsort([[s.name for s in submissions], [s.vote != "soft" for s in submissions], best_first])
    ranked, scores = [submissions[index] for index in order], {view: scores[view][order] for view in OOF_VIEWS}
    drawn = _resampled(ranked, true, targets, metric, settings)
    names = [s.name for s in ranked]
    stand = paired_differences(names, scores["test_like"], drawn["test_like"], settings.confidence, metric.sign)
    rows = []
    for place, submission in enumerate(ranked):
        row = {"submission": submission.name, "member": submission.member, "vote": submission.vote}
        row |= fold_scores(submission.test_like, true, folds, targets, metric)
        for view in OOF_VIEWS:
            low, high = interval(drawn[view][:, place], settings.confidence)
            row |= {view: scores[view][place], f"{view}_low": low, f"{view}_high": high}
        row |= standing_columns(stand[place], place == 0) | {"images": len(true)}
        row |= zip(("train_seconds", "predict_seconds"), np.round(seconds[submission.name], 1).tolist(), strict=True)
        rows.append(row | {"note": notes.get(submission.name, "")})
    return pd.DataFrame(rows).round(DECIMALS)


def _scores(
    submissions: Sequence[Submission], true: np.ndarray, targets: Sequence[str], metric: Metric
) -> dict[str, np.ndarray]:
    """View -> (M,) scores, rounded: scores that differ by less are equal, in whatever order their parts were
    added.
    """
    return {
        view: np.round([metric(true, getattr(submission, view), targets) for submission in submissions], DECIMALS)
        for view in OOF_VIEWS
    }


def _resampled(
    submissions: Sequence[Submission],
    true: np.ndarray,
    targets: Sequence[str],
    metric: Metric,
    settings: EnsembleSettings,
) -> dict[str, np.ndarray]:
    """View -> (R, M) scores on the R resamples that all views and submissions share."""
    answers = [getattr(submission, view) for view in OOF_VIEWS for submission in submissions]
    drawn = metric.bootstrap(true, answers, targets, settings.resamples, generator(settings.seed, "bootstrap"))
    return dict(zip(OOF_VIEWS, np.split(drawn, len(OOF_VIEWS), axis=1), strict=True))


def fold_scores(
    answers: np.ndarray, true: np.ndarray, folds: np.ndarray, targets: Sequence[str], metric: Metric
) -> dict[str, float]:
    """`fold_<k>`: score of fold k's answers; `mean` and `std`: over folds. Of (N,) arrays."""
    per_fold = {k: metric(true[folds == k], answers[folds == k], targets) for k in np.unique(folds).tolist()}
    values = list(per_fold.values())
    return {f"fold_{k}": value for k, value in per_fold.items()} | {"mean": np.mean(values), "std": np.std(values)}


def standing_columns(standing: PairedDifference, best: bool) -> dict[str, object]:
    """A standing as the columns STANDING; `best`: it is the one that the others are held against."""
    told = "best" if best else "yes" if standing.significant else "no"
    return dict(
        zip(STANDING, (standing.difference, standing.low, standing.high, standing.standard_error, told), strict=True)
    )


def giveaway_note(board: pd.DataFrame, grey_sizes: dict[str, int], n_classes: int, metric: Metric) -> pd.DataFrame:
    """`board` with a note on every grey member that does well: then something else than the content tells classes
    apart.

    grey_sizes: member of kind grey -> its pixels. Does well: at least half the best other member's test-like score
    (of all members', when all are grey), and above three times what guessing scores; of a metric of which less is
    better at most twice, and below a third.
    """
    board = board.copy()
    is_grey = board["member"].isin(grey_sizes)
    sign, scores = metric.sign, metric.sign * board["test_like"]
    best = scores[~is_grey].max() if (~is_grey).any() else scores.max()
    above_chance = scores > sign * CHANCES**sign * metric.chance(n_classes)
    notable = is_grey & (scores >= NOTABLE**sign * best) & above_chance
    for row in board.index[notable]:
        size = grey_sizes[board.at[row, "member"]]
        value = board.at[row, "test_like"]
        board.at[row, "note"] = f"data gives itself away: {size}x{size} grey pixels alone score {value:.3f}"
    return board


def write_leaderboard(path: Path | str, board: pd.DataFrame) -> None:
    """Write the leaderboard as CSV."""
    with replace_file(path) as temporary:
        board.to_csv(temporary, index=False, lineterminator="\n", encoding="utf-8")


def _stage(path: Path | str) -> str:
    return "ensemble" if Path(path).name == "ensembles.csv" else "vote"


def read_leaderboard(path: Path | str) -> pd.DataFrame:
    """The leaderboard as written: TEXTS as str, scores as float64. Raises FileNotFoundError, and ValueError for an
    older one.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"{path}: not found; `dvc repro` makes it (stage {_stage(path)})")
    board = pd.read_csv(path, dtype=dict.fromkeys(TEXTS, str), keep_default_na=False, encoding="utf-8")
    if missing := [
        column for column in dict.fromkeys((*TEXTS, *STANDING, "images", *OOF_VIEWS)) if column not in board
    ]:
        raise ValueError(f"{path}: no column {', '.join(missing)}; another version wrote it: `dvc repro` makes it anew")
    return board
