"""Images that an ensemble answers: out of fold, of an unlocked holdout, of the submission."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from competition.common import paths
from competition.folds.predictions import most_frequent
from competition.folds.split import HOLDOUT, make_folds
from competition.metrics.metric import Metric

SLICES = 10  # of the out-of-fold images, at the least: each is answered by what was fitted on the others


@dataclass(frozen=True, eq=False)
class Images:
    """Which images are answered, and with what.

    seen: ID, target, fold, group of the N out-of-fold images; holdout: the same of the H images of an unlocked holdout,
    or no rows. test_ids: the submission's, in its order; targets: (C,). fallback: the target for a test image that
    nobody could read; metric: what answers are scored by.
    """

    seen: pd.DataFrame
    holdout: pd.DataFrame
    test_ids: Sequence[str]
    targets: tuple[str, ...]
    fallback: str
    metric: Metric

    def indices(self, answers: Sequence[str] | np.ndarray) -> np.ndarray:
        """Return (n,) int64 class indices of targets."""
        position = {target: index for index, target in enumerate(self.targets)}
        return np.array([position[answer] for answer in answers], dtype=np.int64)

    @cached_property
    def y_true(self) -> np.ndarray:
        """(N,) class indices of the out-of-fold images."""
        return self.indices(self.seen["target"])

    @cached_property
    def folds(self) -> np.ndarray:
        """(N,) fold numbers of the out-of-fold images."""
        return self.seen["fold"].to_numpy(np.int64)

    @cached_property
    def slices(self) -> np.ndarray:
        """(N,) numbers: every fold dealt out, groups whole and no label looked at, so that there are SLICES or more.

        No image's network knows the image, so what is fitted on networks' answers needs no fold left out, only the
        images that it is scored on: with a third of them left out it would be scored as worse than what all of them
        give.
        """
        numbers = np.unique(self.folds)
        slices, each = np.zeros(len(self.folds), dtype=np.int64), -(-SLICES // max(1, len(numbers)))
        for number, fold in enumerate(numbers):
            here = self.seen[self.folds == fold]
            if (parts := min(each, here["group"].nunique())) > 1:
                slices[self.folds == fold] = make_folds(
                    here["ID"].tolist(), [""] * len(here), here["group"].tolist(), parts, 0
                )
            slices[self.folds == fold] += number * each
        return slices


def images_of(
    folds: pd.DataFrame, test_ids: Sequence[str], targets: tuple[str, ...], metric: Metric, unlock_holdout: bool = False
) -> Images:
    """Return the images of `folds` (ID, target, fold, group): the holdout's only once it is unlocked.

    Raises ValueError where one is unlocked that isn't there.
    """
    seen, holdout = folds[folds["fold"] >= 0].reset_index(drop=True), folds[folds["fold"] == HOLDOUT]
    if unlock_holdout and holdout.empty:
        raise ValueError(
            f"ensemble.unlock_holdout: true, but {paths.FOLDS} has no image of fold -1; raise split.holdout"
        )
    unlocked = holdout if unlock_holdout else holdout.iloc[:0]
    return Images(seen, unlocked, test_ids, targets, most_frequent(seen["target"], targets), metric)
