"""A metric: the score that everything is chosen by and reported in. Each is a class in a file of `scores/`."""

import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np

from competition.metrics.bootstrap import interval, resampled_rows
from competition.metrics.labels import Classes, Labels, as_indices


class Metric(ABC):
    """Score of predictions against the truth, with its direction and its bootstrap.

    A new metric says its `label` and implements `score`; `resampled` only where there is something faster than a loop.
    """

    label: ClassVar[str]  # for people, as in a sentence: "macro F1"
    greater_is_better: ClassVar[bool] = True
    needs: ClassVar[str] = "labels"  # what is scored: predicted labels
    per_class_note: ClassVar[str] = ""  # what F1 per class has to do with it, a sentence; "" for nothing

    @abstractmethod
    def score(self, y_true: np.ndarray, y_pred: np.ndarray, n_classes: int, weights: np.ndarray | None) -> float:
        """Score of y_pred (N,) against y_true (N,), class indices; weights: (N,), how often a row counts, or None."""

    def resampled(
        self,
        y_true: np.ndarray,
        predictions: Sequence[np.ndarray],
        n_classes: int,
        resamples: int,
        generator: np.random.Generator,
        weights: np.ndarray | None,
    ) -> np.ndarray:
        """(R, M) score of each of `predictions`, M of (N,) class indices, on each of R resamples: a plain loop."""
        scores = [
            [self.score(y_true[rows], y_pred[rows], n_classes, _at(weights, rows)) for y_pred in predictions]
            for drawn in resampled_rows(len(y_true), resamples, generator)
            for rows in drawn
        ]
        return np.array(scores, np.float64)

    def chance(self, n_classes: int) -> float:
        """About what guessing scores."""
        return 1 / n_classes

    @property
    def name(self) -> str:
        """Name in params.yaml: the file's."""
        return type(self).__module__.rpartition(".")[2]

    @property
    def title(self) -> str:
        """Label as a sentence begins: "Macro F1"."""
        return self.label[:1].upper() + self.label[1:]

    @property
    def source(self) -> Path:
        """File that holds its code, for the name of state that depends on it."""
        return Path(sys.modules[type(self).__module__].__file__)

    @property
    def sign(self) -> int:
        """1 if greater is better, else -1: sign * score is what to maximise."""
        return 1 if self.greater_is_better else -1

    def better(self, one: float, other: float) -> bool:
        """Return whether score `one` is better than `other`; not if they are equal."""
        return self.sign * one > self.sign * other

    def __call__(self, y_true: Labels, y_pred: Labels, classes: Classes, weights: np.ndarray | None = None) -> float:
        """Return score of y_pred (N,) against y_true (N,).

        weights: (N,), none below 0: how often each row counts; once when None. See `as_indices` for classes and errors.
        """
        return float(self.score(*as_indices(y_true, y_pred, classes), weights))

    def bootstrap(
        self,
        y_true: Labels,
        predictions: Sequence[Labels],
        classes: Classes,
        resamples: int,
        generator: np.random.Generator,
        weights: np.ndarray | None = None,
    ) -> np.ndarray:
        """(R, M) float64: score of each of M predictions, each (N,), on each of R bootstrap resamples of the N rows.

        weights: (N,), how often a drawn row counts; once when None. All predictions are scored on the same resamples,
        so that differences of columns are paired. See `as_indices` for classes and errors.
        """
        if resamples < 1 or not len(predictions):
            raise ValueError(f"resamples: {resamples}, predictions: {len(predictions)}; expected at least 1 of each")
        checked = [as_indices(y_true, y_pred, classes) for y_pred in predictions]
        columns = [y_pred for _, y_pred, _ in checked]
        return self.resampled(checked[0][0], columns, checked[0][2], resamples, generator, weights)

    def with_interval(
        self,
        y_true: Labels,
        y_pred: Labels,
        classes: Classes,
        resamples: int,
        confidence: float,
        generator: np.random.Generator,
    ) -> tuple[float, float, float]:
        """Return (value, low, high): score, and its percentile bootstrap interval at `confidence` in (0, 1).

        The interval says what other images of the same kind would do to the score, not what another training run would.
        """
        scores = self.bootstrap(y_true, [y_pred], classes, resamples, generator)[:, 0]
        return self(y_true, y_pred, classes), *interval(scores, confidence)


def _at(weights: np.ndarray | None, rows: np.ndarray) -> np.ndarray | None:
    return None if weights is None else weights[rows]
