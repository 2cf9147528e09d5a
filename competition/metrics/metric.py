"""A metric: the score that everything is chosen by and reported in. Each is a class in a file of `scores/`."""

import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from competition.metrics.bootstrap import DrawnScorer, interval, times_drawn
from competition.metrics.checks import checked_answers, checked_weights

LabelScorer = Callable[[int, np.ndarray], float]


class Metric(ABC):
    """Score of answers against the truth, with its direction, what it takes, and its bootstrap.

    A new metric says its `label` and implements `score`; `score_drawn` and `score_of_truths` only where there is
    something faster than a loop. y_true: encoded labels, (N,) int64 class indices, or (N, C) uint8 where an image has
    several. y_pred, by `takes`: "labels", as y_true; "probabilities", (N, C) float64 in [0, 1]; "ranks", (N, C)
    float64, higher is likelier, ties go to the lower class index and -inf is no answer.
    """

    label: ClassVar[str]  # for people, as in a sentence: "macro F1"
    greater_is_better: ClassVar[bool] = True
    takes: ClassVar[str] = "labels"  # labels | probabilities | ranks
    kinds: ClassVar[tuple[str, ...]] = ("single", "ordinal", "multi")  # `task.labels` that it can score
    bounds: ClassVar[tuple[float, float]] = (0.0, 1.0)  # lowest and highest score that there is
    base_decision: ClassVar[str] = "plain"  # decision rule that another has to beat: the safest one that there is
    order_only: ClassVar[bool] = False  # only the order within a column counts: ranks may be averaged
    per_class_note: ClassVar[str] = ""  # what F1 per class has to do with it, a sentence; "" for nothing

    @abstractmethod
    def score(self, y_true: np.ndarray, y_pred: np.ndarray, n_classes: int, weights: np.ndarray | None) -> float:
        """Score of y_pred against y_true, NaN where there is none; weights: (N,), how often a row counts, or None."""

    def score_of_present(self, y_true: np.ndarray, y_pred: np.ndarray, n_classes: int) -> float:
        """Score over the classes that y_true has, NaN where there is none: what is compared on a fold's few images.

        Override it where an answer of a class that none of the rows has costs more than another wrong answer.
        """
        return self.score(y_true, y_pred, n_classes, None)

    def score_drawn(self, y_true: np.ndarray, y_pred: np.ndarray, n_classes: int, times: np.ndarray) -> np.ndarray:
        """(r,) float64: score with each row counted `times` (r, N), whole or not: a plain loop."""
        rows = (one.astype(np.float64) for one in times)
        return np.array([self.score(y_true, y_pred, n_classes, one) for one in rows], np.float64)

    def score_of_truths(self, y_trues: np.ndarray, y_pred: np.ndarray, n_classes: int) -> np.ndarray:
        """(r,) float64: score of y_pred against each of y_trues (r, N), one label an image: a plain loop."""
        return np.array([self.score(y_true, y_pred, n_classes, None) for y_true in y_trues], np.float64)

    def drawn_scorer(self, y_true: np.ndarray, y_pred: np.ndarray, n_classes: int) -> DrawnScorer:
        """Return `score_drawn` as a function of `times`: what doesn't depend on them may be done once."""
        return lambda times: self.score_drawn(y_true, y_pred, n_classes, times)

    def label_scorer(self, y_true: np.ndarray, y_pred: np.ndarray, n_classes: int) -> LabelScorer:
        """Return the score of y_pred (N, C) with one label's column (N,) as it is given, for searches label by label.

        Override it where a label's part can be taken out and put in: all is scored anew else.
        """
        changed = y_pred.copy()

        def score(label: int, column: np.ndarray) -> float:
            changed[:, label] = column
            found = self.score(y_true, changed, n_classes, None)
            changed[:, label] = y_pred[:, label]
            return found

        return score

    def decisions(self, several: bool) -> tuple[str, ...]:
        """Decision rules worth fitting, files of `ensembling/decisions`; several: whether an image has several labels.

        Each is kept only where it beats `plain` out of fold.
        """
        return ()

    def plain(self, probabilities: np.ndarray, several: bool) -> np.ndarray:
        """Answers out of probabilities (N, C), with nothing fitted: see `takes`.

        Labels: the likeliest class, (N,) int64, the first of equals; of several, those of 0.5 and more, (N, C) uint8.
        """
        if self.takes != "labels":
            return probabilities
        return (probabilities >= 0.5).astype(np.uint8) if several else probabilities.argmax(axis=1)

    def chance(self, n_classes: int, several: bool = False) -> float:
        """About what guessing scores, or the best constant answer to classes of one size."""
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
    def order_note(self) -> str:
        """What stands behind a heading of scores: ", less is better", or nothing where greater is."""
        return "" if self.greater_is_better else ", less is better"

    def labels_note(self, several: bool) -> str:
        """Whose labels diagnostics are of, such as F1 per class, where answers are no labels; else ""."""
        if self.takes == "labels":
            return ""
        return "of the labels with a probability of 0.5 and more" if several else "of the likeliest class"

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

    def __call__(self, y_true: ArrayLike, y_pred: ArrayLike, n_classes: int, weights: ArrayLike | None = None) -> float:
        """Return score of y_pred against y_true.

        weights: (N,), none below 0: how often each row counts; once when None. Raises ValueError for arrays that the
        metric doesn't take, see `checked_answers`, and where it isn't defined: a class that it needs has no row.
        """
        y_true, y_pred = self._checked(y_true, y_pred, n_classes)
        score = float(self.score(y_true, y_pred, n_classes, checked_weights(weights, len(y_true))))
        if np.isnan(score):
            raise ValueError(f"{self.label}: {_undefined(y_true)}; take fewer folds, or choose another task.metric")
        return score

    def bootstrap(
        self,
        y_true: ArrayLike,
        predictions: Sequence[ArrayLike],
        n_classes: int,
        resamples: int,
        generator: np.random.Generator,
        weights: ArrayLike | None = None,
        groups: np.ndarray | None = None,
    ) -> np.ndarray:
        """(R, M) float64: score of each of M predictions on each of R bootstrap resamples of the N rows.

        weights: (N,), how often a drawn row counts; once when None. groups: (N,), drawn whole: see `times_drawn`. All
        predictions are scored on the same resamples, so that differences of columns are paired. NaN: a resample on
        which the metric isn't defined. See `__call__` for errors.
        """
        if resamples < 1 or not len(predictions):
            raise ValueError(f"resamples: {resamples}, predictions: {len(predictions)}; expected at least 1 of each")
        checked = [self._checked(y_true, y_pred, n_classes) for y_pred in predictions]
        labels, scorers = checked[0][0], [self.drawn_scorer(*pair, n_classes) for pair in checked]
        weights = checked_weights(weights, len(labels))
        scores = []
        for times in times_drawn(len(labels), resamples, generator, groups):
            if weights is not None:
                times *= weights.astype(np.float32)
            scores.append(np.stack([score(times) for score in scorers], axis=1))
        return np.concatenate(scores)

    def with_interval(
        self,
        y_true: ArrayLike,
        y_pred: ArrayLike,
        n_classes: int,
        resamples: int,
        confidence: float,
        generator: np.random.Generator,
        groups: np.ndarray | None = None,
    ) -> tuple[float, float, float]:
        """Return (value, low, high): score, and its percentile bootstrap interval at `confidence` in (0, 1).

        The interval says what other images of the same kind would do to the score, not what another training run would.
        groups: (N,), see `bootstrap`.
        """
        scores = self.bootstrap(y_true, [y_pred], n_classes, resamples, generator, groups=groups)[:, 0]
        return self(y_true, y_pred, n_classes), *interval(scores, confidence)

    def _checked(self, y_true: ArrayLike, y_pred: ArrayLike, n_classes: int) -> tuple[np.ndarray, np.ndarray]:
        y_true, y_pred = checked_answers(y_true, y_pred, n_classes, self.takes)
        if y_true.ndim == 2 and "multi" not in self.kinds:
            raise ValueError(f"{self.label}: scores one label an image, found several; choose another task.metric")
        return y_true, y_pred


def _undefined(y_true: np.ndarray) -> str:
    if y_true.ndim == 2:
        occur = f"labels that some of the rows have and some don't: {int((np.ptp(y_true, axis=0) > 0).sum())}"
    else:
        occur = f"classes that occur: {len(np.unique(y_true))}"
    return f"not defined on {len(y_true)} rows, too few classes ({occur})"
