"""Public scores against out-of-fold scores, and what a choice by public scores is worth.

A public score is itself taken from a sample, a share of the test images, so it scatters around the truth: it is
expected in a wider interval than out of fold's. And the best of several such scores is good partly by luck, the more
so the more are asked for.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from statistics import NormalDist, mean

import pandas as pd

from competition.common.csv import read_table
from competition.common.files import file_sha256
from competition.leaderboard.leaderboard import read_leaderboard
from competition.leaderboard.public_scores import SHARE, Bounds, PublicScore, read_public_scores, submission_files
from competition.metrics.metric import Metric

OFTEN = 1.0  # standard errors that luck alone adds to the best score: more with four files


@dataclass(frozen=True)
class Sizes:
    """Numbers of images that the two scores are taken from; share: of the test images that are public."""

    out_of_fold: int
    public: int
    share: float = 0.5


@dataclass(frozen=True, eq=False)
class PublicComparison:
    """Public scores compared with out-of-fold scores.

    rows: an ask each, by day: `submission`, `sha256`, `public`, `private`, `recorded`, `test_like`, `expected`,
    `difference` (public - expected, or - test_like where there is no expected), `low` and `high` (where the public
    score was expected), whether it lies `inside`, and `same_file`: whether the file that was handed in is the one that
    stands there now; None where it isn't known. days: on which the site was asked; files: different ones among the asks
    that out of fold can't tell apart; standard_error: of these files' public scores, in the mean. greater_is_better: of
    the metric; sizes: of the two sets, None where they aren't known.
    """

    rows: list[dict]
    days: int
    files: int
    standard_error: float | None
    greater_is_better: bool = True
    sizes: Sizes | None = None

    @property
    def newest(self) -> dict[str, float]:
        """Submission -> the public score of the file that stands there now."""
        return {row["submission"]: row["public"] for row in self.rows if row["same_file"] is not False}

    @property
    def combined(self) -> dict[str, float]:
        """Submission -> mean of its test-like and its public score, each counted by its images, the best first.

        Of the files that stand there now, where at least as many images are public as are out of fold; else {}: a
        smaller public part says less than they do.
        """
        if self.sizes is None or self.sizes.public < self.sizes.out_of_fold:
            return {}
        n, m = self.sizes.out_of_fold, self.sizes.public
        found = {
            row["submission"]: (n * row["test_like"] + m * row["public"]) / (n + m)
            for row in self.rows
            if row["same_file"] is not False and row["test_like"] is not None
        }
        return dict(sorted(found.items(), key=lambda item: item[1], reverse=self.greater_is_better))

    @property
    def luck(self) -> float | None:
        """How much better the best public score of the `files` is than its truth, at most, in expectation."""
        return None if self.standard_error is None else expected_maximum(self.files) * self.standard_error

    @property
    def too_often(self) -> bool:
        """Whether that is more than OFTEN standard errors: a choice by the public score is then one of luck."""
        return expected_maximum(self.files) > OFTEN

    def facts(self) -> dict[str, object]:
        """Return the same in JSON's types."""
        return {
            "asks": len(self.rows),
            "days": self.days,
            "files_not_significant": self.files,
            "standard_error": self.standard_error,
            "luck_of_the_highest": self.luck,
            "too_often": self.too_often,
            "combined": self.combined,
            "scores": self.rows,
        }


def read_sizes(folder: Path, leaderboard: pd.DataFrame, share: float) -> Sizes:
    """Return how many images are out of fold, and public: the `share` of the rows of the submissions in `folder`.

    Raises FileNotFoundError without them.
    """
    rows = len(read_table(folder / "members" / f"{leaderboard['submission'].iloc[0]}.csv").frame)
    return Sizes(int(leaderboard["images"].iloc[0]), max(1, round(rows * share)), share)


def read_comparison(
    folder: Path, leaderboard: pd.DataFrame | None, sizes: Sizes | None, confidence: float, metric: Metric
) -> PublicComparison:
    """The ledger of `folder` (submissions/) held against the leaderboard; None, both of them, where there is none."""
    present = {file.stem: file_sha256(file) for file in submission_files(folder)}
    worse = [] if leaderboard is None else leaderboard.loc[leaderboard["significant"] == "yes", "submission"].tolist()
    if (
        leaderboard is not None and (folder / "ensembles.csv").is_file()
    ):  # which has the members once more, against the best of all
        ensembles = read_leaderboard(folder / "ensembles.csv").query("submission not in @leaderboard.submission")
        worse += ensembles.loc[ensembles["significant"] == "yes", "submission"].tolist()
    asks = read_public_scores(folder / "public.csv", metric.bounds)
    return compare_public(asks, sizes, worse, confidence, present, metric.bounds, metric.greater_is_better)


def compare_public(
    asks: Sequence[PublicScore],
    sizes: Sizes | None,
    worse: Collection[str],
    confidence: float,
    present: Mapping[str, str],
    bounds: Bounds = SHARE,
    greater_is_better: bool = True,
) -> PublicComparison:
    """Return the asks compared with the out-of-fold scores that were recorded with them.

    sizes: None where they aren't known; no interval is expected then. worse: submissions that are significantly worse
    than the best, out of fold; confidence: of the recorded intervals; present: submission -> sha256 of the file that
    stands there now; bounds, greater_is_better: the metric's.
    """
    by_day = sorted(asks, key=lambda ask: ask.recorded)
    rows = [_row(ask, sizes, present, bounds) for ask in by_day]
    files = {
        ask.sha256 or (ask.submission, ask.public): ask
        for ask in asks
        if ask.submission not in worse or _same_file(ask, present) is False
    }
    intervals = [found for ask in files.values() if (found := _interval(ask))]
    error = (
        mean(public_error(high - low, sizes, confidence) for _, low, high in intervals) if sizes and intervals else None
    )
    return PublicComparison(rows, len({ask.recorded for ask in asks}), len(files), error, greater_is_better, sizes)


def expected_range(value: float, low: float, high: float, sizes: Sizes, bounds: Bounds = SHARE) -> tuple[float, float]:
    """Return (low, high) between which a public score is expected, given out of fold's `value` and its interval.

    The interval widened on either side by sqrt(1 + n / m), for n images out of fold and m public ones: two samples of
    one population scatter by s^2 / n and s^2 / m, their difference by the sum (the prediction interval for the mean of
    m future observations: Meeker, Hahn and Escobar, Statistical Intervals, 2017, chapter 4; the score is taken for a
    mean), within the metric's `bounds`. It knows of chance alone: scores outside, again and again, say that the
    test-like images are not like the test set.
    """
    wider = sqrt(1 + sizes.out_of_fold / sizes.public)
    return max(bounds[0], value - (value - low) * wider), min(bounds[1], value + (high - value) * wider)


def range_of_expected(
    value: float, low: float, high: float, images: float, sizes: Sizes, bounds: Bounds = SHARE
) -> tuple[float, float]:
    """Return (low, high) between which a public score is expected, given what is expected of the whole test set.

    That interval holds the scatter of the test set's labels already, s^2 / M of its M images, beside that of the
    `images` (effective number) which it was estimated from, s^2 / n. Of the m public ones it is s^2 / m.
    """
    test = sizes.public / sizes.share
    wider = sqrt((1 / images + 1 / sizes.public) / (1 / images + 1 / test))
    return max(bounds[0], value - (value - low) * wider), min(bounds[1], value + (high - value) * wider)


def public_error(width: float, sizes: Sizes, confidence: float) -> float:
    """The standard error of a public score, from the width of out of fold's interval: a normal's, times sqrt(n / m)."""
    return width / (2 * NormalDist().inv_cdf((1 + confidence) / 2)) * sqrt(sizes.out_of_fold / sizes.public)


def expected_maximum(count: int) -> float:
    """Return the expected highest of `count` independent standard normals, 0 for one: Blom's approximation.

    Statistical Estimates and Transformed Beta-Variables, 1958; within 0.03 up to 1000.

    Times the standard error of a public score, it is how much better than the truth the best of `count` equally good
    submissions' scores is expected to be; less where they answer alike, since then their luck is the same.
    """
    return NormalDist().inv_cdf((count - 0.375) / (count + 0.25)) if count > 1 else 0.0


def _row(ask: PublicScore, sizes: Sizes | None, present: Mapping[str, str], bounds: Bounds) -> dict:
    public, found, expected = (
        float(ask.public),
        _interval(ask),
        _numbers(ask.expected, ask.expected_low, ask.expected_high),
    )
    promised, (low, high) = expected or found, (None, None)
    if sizes and expected:
        low, high = range_of_expected(*expected, _number(ask.expected_images) or sizes.out_of_fold, sizes, bounds)
    elif sizes and found:
        low, high = expected_range(*found, sizes, bounds)
    return {
        "submission": ask.submission,
        "sha256": ask.sha256 or None,
        "public": public,
        "private": _number(ask.private),
        "recorded": ask.recorded,
        "test_like": found[0] if found else None,
        "expected": expected[0] if expected else None,
        "difference": public - promised[0] if promised else None,
        "low": low,
        "high": high,
        "inside": None if low is None else low <= public <= high,
        "same_file": _same_file(ask, present),
    }


def _same_file(ask: PublicScore, present: Mapping[str, str]) -> bool | None:
    return present.get(ask.submission) == ask.sha256 if ask.sha256 else None


def _interval(ask: PublicScore) -> tuple[float, float, float] | None:
    return _numbers(ask.test_like, ask.test_like_low, ask.test_like_high)


def _numbers(*texts: str) -> tuple[float, float, float] | None:
    numbers = tuple(map(_number, texts))
    return None if None in numbers else numbers


def _number(text: str) -> float | None:
    return float(text) if text else None
