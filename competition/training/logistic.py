"""L2 logistic regression on features of packed images: a frozen network's pooled maps, or tiny grey pixels."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from competition.metrics.metric import Metric
from competition.metrics.plain_score import goodness, plain_score


@dataclass(frozen=True)
class LogisticMember:
    """Fitted regression: `mean`, `scale` (F,), `coefficients` (C, F), `intercepts` (C,), the chosen `c`, its score.

    several: each label has a regression of its own.
    """

    mean: np.ndarray
    scale: np.ndarray
    coefficients: np.ndarray
    intercepts: np.ndarray
    c: float
    score: float
    several: bool = False

    @property
    def n_classes(self) -> int:
        """C, the number of classes."""
        return len(self.intercepts)

    def predict_proba(self, values: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Return probabilities (N, C), float32, of features (V, N, F) in V orientations; see `mean_probabilities`."""

        def logits(features: np.ndarray) -> np.ndarray:
            return (features.astype(np.float32) - self.mean) / self.scale @ self.coefficients.T + self.intercepts

        return mean_probabilities(values, weights, logits, self.several)

    def tensors(self) -> dict[str, torch.Tensor]:
        """Return the member as tensors, for safetensors; `from_tensors` is the inverse."""
        arrays = {
            "mean": self.mean,
            "scale": self.scale,
            "coefficients": self.coefficients,
            "intercepts": self.intercepts,
        }
        return {name: torch.from_numpy(np.ascontiguousarray(value)) for name, value in arrays.items()} | {
            "c": torch.tensor(self.c)
        }

    @classmethod
    def from_tensors(
        cls, tensors: dict[str, torch.Tensor], score: float = float("nan"), several: bool = False
    ) -> "LogisticMember":
        """Return the member whose `tensors()` these are."""
        arrays = {name: tensors[name].numpy() for name in ("mean", "scale", "coefficients", "intercepts")}
        return cls(**arrays, c=float(tensors["c"]), score=score, several=several)


def mean_probabilities(
    values: np.ndarray, weights: np.ndarray, logits: Callable[[np.ndarray], np.ndarray], several: bool
) -> np.ndarray:
    """Return (N, C) float32: the mean of the orientations' softmaxes, weighted by `weights`, which sum to 1.

    weights: (V,), or (V, N) of each image; values: (V, N, F); logits: from one orientation's features (N, F) to (N, C);
    several: sigmoids instead.
    """
    total = np.float64(0)
    for features, weight in zip(values, weights.reshape(len(weights), -1, 1), strict=True):
        scores = logits(features)
        if several:
            total = total + weight * expit(scores)
            continue
        exponents = np.exp(scores - scores.max(axis=1, keepdims=True))
        total = total + weight * exponents / exponents.sum(axis=1, keepdims=True)
    return total.astype(np.float32)


def standardisation(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and scale (F,), float64, of `values` (N, F); the scale is at least 0.001, for constants."""
    scaler = StandardScaler().fit(values.astype(np.float32))
    return scaler.mean_, np.maximum(scaler.scale_, 1e-3)


def fit_logistic(
    values: np.ndarray,
    labels: np.ndarray,
    n_classes: int,
    c_range: tuple[float, ...],
    valid_values: np.ndarray,
    orientation_weights: np.ndarray,
    valid_labels: np.ndarray,
    metric: Metric,
    several: bool = False,
) -> LogisticMember:
    """Return the regression on `values` (N, F) with the penalty that scores best on `valid_values` (V, M, F).

    The score is the metric's of the mean over the V orientations; where it isn't defined on these images, the least log
    loss decides. A tie goes to the stronger penalty. Classes that no
    training image has get a probability of 0.

    several: `labels` and `valid_labels` are (N, C) and (M, C) of 0 and 1, and each label gets a regression of its own;
    one that all training images have, or none, its share of them.
    """
    mean, scale = standardisation(values)
    values, mean, scale = (values.astype(np.float32) - mean) / scale, mean.astype(np.float32), scale.astype(np.float32)
    best, highest = None, -np.inf
    for c in sorted(c_range):
        if several:
            coefficients, intercepts = _by_label(values, labels, c)
        else:
            model = LogisticRegression(C=c, max_iter=200, tol=1e-3).fit(values, labels)
            coefficients, intercepts = _for_all_classes(model, n_classes)
        member = LogisticMember(mean, scale, coefficients, intercepts, c, 0.0, several)
        probabilities = member.predict_proba(valid_values, orientation_weights)
        score = plain_score(metric, valid_labels, probabilities, several)
        good = goodness(score, metric, valid_labels, probabilities)
        if best is None or good > highest:
            best, highest = replace(member, score=score), good
    return best


def _by_label(values: np.ndarray, labels: np.ndarray, c: float) -> tuple[np.ndarray, np.ndarray]:
    """Return coefficients (C, F) and intercepts (C,) of one regression for each column of `labels` (N, C)."""
    coefficients = np.zeros((labels.shape[1], values.shape[1]), np.float32)
    intercepts = base_rate_logits(labels)
    for label in varying_labels(labels):
        model = LogisticRegression(C=c, max_iter=200, tol=1e-3).fit(values, labels[:, label])
        coefficients[label], intercepts[label] = model.coef_[0], model.intercept_[0]
    return coefficients, intercepts


def varying_labels(labels: np.ndarray) -> np.ndarray:
    """Return the labels, columns of (N, C), that some of the images have and others don't."""
    return np.flatnonzero(labels.any(axis=0) & ~labels.all(axis=0))


def base_rate_logits(labels: np.ndarray) -> np.ndarray:
    """Return (C,) float32: the log odds of each label (N, C), half an image added on both sides."""
    have = labels.sum(axis=0, dtype=np.int64)
    return np.log((have + 0.5) / (len(labels) - have + 0.5)).astype(np.float32)


def _for_all_classes(model: LogisticRegression, n_classes: int) -> tuple[np.ndarray, np.ndarray]:
    own, own_intercepts = model.coef_, model.intercept_
    if len(model.classes_) == 2:  # scikit-learn keeps one row for two classes
        own, own_intercepts = (
            np.stack([-own[0] / 2, own[0] / 2]),
            np.array([-own_intercepts[0] / 2, own_intercepts[0] / 2]),
        )
    coefficients = np.zeros((n_classes, own.shape[1]), np.float32)
    intercepts = np.full(n_classes, -1e4, np.float32)
    coefficients[model.classes_], intercepts[model.classes_] = own, own_intercepts
    return coefficients, intercepts
