"""Out-of-distribution detection: images of none of the classes, found by an unknown score of a vote's probabilities.

The threshold keeps the share of known images that is asked for, by its lower bound: a tolerance limit of the scores out
of fold, test-like, that assumes no distribution (Wilks, Determination of sample sizes for setting tolerance limits,
Annals of Mathematical Statistics 12, 1941).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import roc_auc_score

from competition.ensembling.precision_curve import lower_bound

KEPT = 0.95  # share of the known images that a rejection keeps, where nothing else is asked
STEPS = 64  # of a curve: fine where few images are rejected, a share of what is rejected apart


def unknown_scores(probabilities: np.ndarray) -> np.ndarray:
    """Return (n,) float64 of probabilities (n, C), rows sum to 1: the higher, the likelier of none of the classes.

    1 minus the maximum softmax probability: Hendrycks and Gimpel 2017, https://arxiv.org/abs/1610.02136.
    """
    return 1 - np.asarray(probabilities, dtype=np.float64).max(axis=1)


@dataclass(frozen=True)
class Rejection:
    """Threshold of the unknown score: above `value` an image is of none of the classes; None: none is rejected.

    kept: the share of known images out of fold that are not rejected, and bound: what it is at least in others; where
    value is None, of the highest score out of fold.
    """

    value: float | None
    kept: float
    bound: float

    def is_unknown(self, scores: np.ndarray) -> np.ndarray:
        """Return (n,) bool: whether images with these unknown scores (n,) are rejected."""
        return np.zeros(len(scores), bool) if self.value is None else np.asarray(scores) > self.value


@dataclass(frozen=True)
class RejectionCurve:
    """Share of the known images that is kept, by threshold of the unknown score, ascending: STEPS of them at most.

    steps: (threshold, images at or below it); images: N, of all known ones.
    """

    steps: tuple[tuple[float, int], ...]
    images: int

    @classmethod
    def of(cls, scores: np.ndarray) -> "RejectionCurve":
        """Return the curve of N known images with these unknown scores (N,). Raises ValueError for no images."""
        values = np.sort(np.asarray(scores, dtype=np.float64))
        if not len(values):
            raise ValueError("expected the unknown scores of one image or more, found none")
        above = np.unique(np.geomspace(1, len(values), STEPS).round().astype(np.int64)) - 1
        kept = np.unique(values[len(values) - 1 - above])
        counts = np.searchsorted(values, kept, side="right")
        return cls(tuple(zip(kept.tolist(), counts.tolist(), strict=True)), len(values))

    def threshold(self, kept: float) -> Rejection:
        """Return the lowest threshold at which the lower bound of the share of known images kept is at least `kept`.

        Raises ValueError for what is no share between 0 and 1.
        """
        if not 0 < kept < 1:
            raise ValueError(f"share of known images kept: {kept:g}; expected one between 0 and 1, such as {KEPT:g}")
        for value, count in self.steps:
            if (bound := lower_bound(count, self.images)) >= kept:
                return Rejection(value, count / self.images, bound)
        return Rejection(None, 1.0, lower_bound(self.images, self.images))

    def to_json(self) -> dict[str, object]:
        """Return the curve in JSON's types."""
        return {"steps": [list(step) for step in self.steps], "images": self.images}

    @classmethod
    def from_json(cls, saved: Mapping) -> "RejectionCurve":
        """Return the curve whose `to_json` is `saved`."""
        return cls(tuple((value, count) for value, count in saved["steps"]), saved["images"])


def rejection_of(curve: RejectionCurve | None, kept: float | None) -> Rejection | None:
    """Return the threshold of `curve` that keeps the share `kept` of known images; None where nothing is asked.

    curve: None where an image may have several labels. Raises ValueError then, and for what is no share.
    """
    if kept is None:
        return None
    if curve is None:
        raise ValueError(
            "an image may have several labels here, or none, so that none can be told to be of no class: leave out "
            "--reject-unknown"
        )
    return curve.threshold(kept)


@dataclass(frozen=True)
class Detection:
    """How well images of a class are found that is left out of the classes.

    auroc: that one of them has a higher unknown score than a known image; found: the share of them that is rejected
    where KEPT of the known images are kept. Both NaN for a class without images, or without other images.
    """

    auroc: float
    found: float


def detection(known: np.ndarray, unknown: np.ndarray) -> Detection:
    """Return how well `unknown` scores (m,) are told from `known` ones (n,)."""
    if not len(known) or not len(unknown):
        return Detection(float("nan"), float("nan"))
    labels = np.repeat([0, 1], [len(known), len(unknown)])
    threshold = np.quantile(known, KEPT, method="higher")
    return Detection(
        float(roc_auc_score(labels, np.concatenate([known, unknown]))), float(np.mean(unknown > threshold))
    )


def left_out_detections(probabilities: np.ndarray, y_true: np.ndarray) -> list[Detection]:
    """Return, for each of C >= 3 classes, how well its images are found by a vote that can't answer with it.

    probabilities: (N, C), rows sum to 1; y_true: (N,). The class's column is left out and the others made to sum to 1:
    an estimate, since what made the probabilities has learnt from the class's images.
    """
    n_classes = probabilities.shape[1]
    if n_classes < 3:
        raise ValueError(f"{n_classes} classes: with one left out, the answer to every image would be certain")
    found = []
    for label in range(n_classes):
        scores = unknown_scores(without_class(probabilities, label))
        found.append(detection(scores[y_true != label], scores[y_true == label]))
    return found


def without_class(probabilities: np.ndarray, label: int) -> np.ndarray:
    """Return (N, C - 1) float64: the probabilities of the classes but `label`, rows sum to 1; even where all are 0."""
    others = np.delete(np.asarray(probabilities, dtype=np.float64), label, axis=1)
    total = others.sum(axis=1, keepdims=True)
    return np.where(total > 0, others / np.where(total > 0, total, 1), 1 / others.shape[1])
