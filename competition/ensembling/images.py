"""Images that an ensemble answers: out of fold, of an unlocked holdout, of the submission."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from competition.common import paths
from competition.data.task import Task
from competition.folds.split import HOLDOUT, UNSCORED, make_folds
from competition.metrics.metric import Metric

SLICES = 10  # of the out-of-fold images, at the least: each is answered by what was fitted on the others


@dataclass(frozen=True, eq=False)
class Images:
    """Images of an ensemble: out of fold, holdout and test, with labels and classes.

    seen: ID, target, fold, group of the N out-of-fold images; holdout: the same of the H images of an unlocked holdout,
    or no rows. test_ids: the submission's, in its order; task: labels and answers as arrays; metric: what answers are
    scored by. unscored: targets of the images that every fold trains on, and none scores.
    """

    seen: pd.DataFrame
    holdout: pd.DataFrame
    test_ids: Sequence[str]
    task: Task
    metric: Metric
    unscored: Sequence[str] = ()

    @property
    def targets(self) -> tuple[str, ...]:
        """(C,) the classes."""
        return self.task.targets

    @cached_property
    def y_true(self) -> np.ndarray:
        """(N, ...) labels of the out-of-fold images."""
        return self.task.encode(self.seen["target"].tolist())

    @cached_property
    def training_labels(self) -> np.ndarray:
        """(N + U, ...) labels of the out-of-fold images, and of the unscored ones."""
        return self.task.encode([*self.seen["target"], *self.unscored])

    @cached_property
    def holdout_labels(self) -> np.ndarray:
        """(H, ...) labels of the unlocked holdout's images."""
        return self.task.encode(self.holdout["target"].tolist())

    @cached_property
    def fallback(self) -> np.ndarray:
        """Answer to a test image that nobody could read."""
        return self.task.base_rate(self.training_labels)

    def plain(self, probabilities: np.ndarray) -> np.ndarray:
        """Return the answers that probabilities (n, C) give without a fitted decision rule."""
        return self.metric.plain(probabilities, self.task.several)

    def score(self, answers: np.ndarray, rows: np.ndarray | slice = slice(None)) -> float:
        """Return the metric's score of `answers`, (N, ...), to the out-of-fold images; of `rows` of both."""
        return self.metric(self.y_true[rows], answers[rows], len(self.targets))

    def in_submission(self, ids: Sequence[str], answers: np.ndarray) -> np.ndarray:
        """Return (T, ...) answers to the submission's rows, of `answers` to the images `ids`; else the fallback."""
        row_of = {id_: row for row, id_ in enumerate(ids)}
        rows = np.array([row_of.get(id_, -1) for id_ in self.test_ids], dtype=np.int64)
        found = self.task.empty(len(rows))
        found[:] = self.fallback
        found[rows >= 0] = answers[rows[rows >= 0]]
        return found

    @cached_property
    def folds(self) -> np.ndarray:
        """(N,) fold numbers of the out-of-fold images."""
        return self.seen["fold"].to_numpy(np.int64)

    @cached_property
    def groups(self) -> np.ndarray:
        """(N,) groups of the out-of-fold images: what is in one says the same, and is drawn as one."""
        return self.seen["group"].to_numpy(str)

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
    folds: pd.DataFrame, test_ids: Sequence[str], task: Task, metric: Metric, unlock_holdout: bool = False
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
    unscored = folds["target"][folds["fold"] == UNSCORED].tolist()
    return Images(seen, unlocked, test_ids, task, metric, unscored)
