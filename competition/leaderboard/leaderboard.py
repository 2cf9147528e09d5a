"""Leaderboard: submissions compared by their out-of-fold scores, submissions/leaderboard.csv."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from competition.common.csv import write_frame
from competition.common.seeds import generator
from competition.data.predictions import CONDITIONS
from competition.leaderboard.submission import Submission
from competition.metrics.bootstrap import interval
from competition.metrics.metric import Metric
from competition.metrics.paired import PairedDifference, paired_differences
from competition.settings.ensemble import EnsembleSettings

DECIMALS = 6
NOTABLE = 0.5  # of the best member's skill: grey pixels alone should get nowhere near it
LEAST_SKILL = 0.125  # of the way from guessing to a perfect score
TEXTS = ("submission", "member", "vote", "significant", "note")
DIFFERENCE_COLUMNS = ("difference", "difference_low", "difference_high", "standard_error", "significant")


def score(
    y_true: np.ndarray,
    answers: np.ndarray,
    n_classes: int,
    metric: Metric,
    settings: EnsembleSettings,
    groups: np.ndarray | None = None,
) -> dict[str, float]:
    """Return the score as {"value", "low", "high"}, a bootstrap interval on the resamples that `compare` draws."""
    draws = generator(settings.seed, "bootstrap")
    found = metric.with_interval(y_true, answers, n_classes, settings.resamples, settings.confidence, draws, groups)
    return dict(zip(("value", "low", "high"), found, strict=True))


def compare(
    submissions: Sequence[Submission],
    y_true: np.ndarray,
    folds: np.ndarray,
    n_classes: int,
    metric: Metric,
    settings: EnsembleSettings,
    seconds: Mapping[str, tuple[float, float]],
    notes: Mapping[str, str],
    groups: np.ndarray | None = None,
) -> pd.DataFrame:
    """Return the leaderboard: one row per submission, best `test_like` first, of equals soft before hard, then by name.

    y_true: (N, ...) labels and folds: (N,) ints, aligned with the out-of-fold answers; seconds: submission -> spent on
    training and on predicting, all folds together; notes: submission -> text, of those that have one; groups: (N,),
    drawn whole, see `times_drawn`. `fold_<k>`, `mean` and `std` (over folds, as numpy's) are the test-like score;
    `clean` and `test_like` are over all `images` out of fold at once. The columns DIFFERENCE_COLUMNS hold the paired
    difference to the first row, test-like; `significant` is best, yes or no. All rows are scored on the same resamples.
    """
    scores = _scores(submissions, y_true, n_classes, metric)
    best_first = -metric.sign * scores["test_like"]
    order = np.lexsort([[s.name for s in submissions], [s.vote != "soft" for s in submissions], best_first])
    ranked, scores = [submissions[index] for index in order], {one: scores[one][order] for one in CONDITIONS}
    resampled = _resampled(ranked, y_true, groups, n_classes, metric, settings)
    differences = paired_differences(
        [one.name for one in ranked], scores["test_like"], resampled["test_like"], settings.confidence, metric.sign
    )
    rows = []
    for place, submission in enumerate(ranked):
        row = {"submission": submission.name, "member": submission.member, "vote": submission.vote}
        row |= fold_scores(submission.test_like, y_true, folds, n_classes, metric)
        for condition in CONDITIONS:
            low, high = interval(resampled[condition][:, place], settings.confidence)
            row |= {condition: scores[condition][place], f"{condition}_low": low, f"{condition}_high": high}
        row |= difference_columns(differences[place], place == 0) | {"images": len(y_true)}
        row |= zip(("train_seconds", "predict_seconds"), np.round(seconds[submission.name], 1).tolist(), strict=True)
        rows.append(row | {"note": notes.get(submission.name, "")})
    return pd.DataFrame(rows).round(DECIMALS)


def _scores(
    submissions: Sequence[Submission], y_true: np.ndarray, n_classes: int, metric: Metric
) -> dict[str, np.ndarray]:
    """Condition -> (M,) scores, rounded: scores that differ by less are equal, whatever the order of summation."""
    return {
        condition: np.round([metric(y_true, getattr(one, condition), n_classes) for one in submissions], DECIMALS)
        for condition in CONDITIONS
    }


def _resampled(
    submissions: Sequence[Submission],
    y_true: np.ndarray,
    groups: np.ndarray | None,
    n_classes: int,
    metric: Metric,
    settings: EnsembleSettings,
) -> dict[str, np.ndarray]:
    """Return condition -> (R, M) scores on the R resamples that all conditions and submissions share."""
    answers = [getattr(submission, condition) for condition in CONDITIONS for submission in submissions]
    draws = generator(settings.seed, "bootstrap")
    resampled = metric.bootstrap(y_true, answers, n_classes, settings.resamples, draws, groups=groups)
    return dict(zip(CONDITIONS, np.split(resampled, len(CONDITIONS), axis=1), strict=True))


def fold_scores(
    answers: np.ndarray, y_true: np.ndarray, folds: np.ndarray, n_classes: int, metric: Metric
) -> dict[str, float]:
    """`fold_<k>`: score of fold k's answers, NaN where it isn't defined; `mean` and `std`: over the others.

    y_true, answers: (N, ...); folds: (N,).
    """
    per_fold = {
        k: metric.score(y_true[folds == k], answers[folds == k], n_classes, None) for k in np.unique(folds).tolist()
    }
    values = np.array([float(value) for value in per_fold.values()])
    mean, std = (np.nan, np.nan) if np.isnan(values).all() else (np.nanmean(values), np.nanstd(values))
    return {f"fold_{k}": value for k, value in per_fold.items()} | {"mean": mean, "std": std}


def difference_columns(one: PairedDifference, best: bool) -> dict[str, object]:
    """Return a paired difference as DIFFERENCE_COLUMNS; best: it is the one that the others are compared with."""
    significant = "best" if best else "yes" if one.significant else "no"
    values = one.difference, one.low, one.high, one.standard_error, significant
    return dict(zip(DIFFERENCE_COLUMNS, values, strict=True))


def giveaway_note(
    leaderboard: pd.DataFrame, grey_sizes: dict[str, int], n_classes: int, metric: Metric, several: bool = False
) -> pd.DataFrame:
    """Return `leaderboard` with a note on every grey member that does well: then not the content alone shows the class.

    grey_sizes: member of kind grey -> its pixels; several: an image may have several labels, whose sets nobody knows a
    guess's score of: no note then where labels are scored. Does well: it goes at
    least half as far from what guessing scores towards a perfect score as the best other member (as any, when all are
    grey), and an eighth of the way.
    """
    leaderboard = leaderboard.copy()
    is_grey = leaderboard["member"].isin(() if several and metric.takes == "labels" else grey_sizes)
    chance, perfect = metric.chance(n_classes, several), metric.bounds[metric.greater_is_better]
    skill = (leaderboard["test_like"] - chance) / (perfect - chance)
    best = skill[~is_grey].max() if (~is_grey).any() else skill.max()
    notable = is_grey & (skill >= NOTABLE * best) & (skill >= LEAST_SKILL)
    for row in leaderboard.index[notable]:
        size = grey_sizes[leaderboard.at[row, "member"]]
        value = leaderboard.at[row, "test_like"]
        leaderboard.at[row, "note"] = f"data gives itself away: {size}x{size} grey pixels alone score {value:.3f}"
    return leaderboard


def write_leaderboard(path: Path | str, leaderboard: pd.DataFrame) -> None:
    """Write the leaderboard as CSV."""
    write_frame(path, leaderboard)


def _stage(path: Path | str) -> str:
    return "ensemble" if Path(path).name == "ensembles.csv" else "vote"


def read_leaderboard(path: Path | str) -> pd.DataFrame:
    """Return the leaderboard as written: TEXTS as str, scores as float64.

    Raises FileNotFoundError, and ValueError for one of another version.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"{path}: not found; `dvc repro` makes it (stage {_stage(path)})")
    leaderboard = pd.read_csv(path, dtype=dict.fromkeys(TEXTS, str), keep_default_na=False, encoding="utf-8")
    if missing := [
        column
        for column in dict.fromkeys((*TEXTS, *DIFFERENCE_COLUMNS, "images", *CONDITIONS))
        if column not in leaderboard
    ]:
        raise ValueError(f"{path}: no column {', '.join(missing)}; another version wrote it: `dvc repro` makes it anew")
    numbers = [column for column in leaderboard if column not in TEXTS]
    return leaderboard.assign(**leaderboard[numbers].apply(pd.to_numeric))  # an empty cell: a fold without a score
