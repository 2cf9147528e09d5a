"""Members that are not fine-tuned: features of the packed squares, and L2 logistic regression on them.

Two kinds of features: a frozen network's maps after several stages, averaged over the picture (with the last layer's),
and a tiny grey picture's pixels. The latter should do badly; where it does well, the data gives itself away.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from competition.metrics.metric import Metric


@dataclass(frozen=True)
class LogisticMember:
    """A fitted regression: `mean`, `scale` (F,), `coefficients` (C, F), `intercepts` (C,), the chosen `c`, its
    score.
    """

    mean: np.ndarray
    scale: np.ndarray
    coefficients: np.ndarray
    intercepts: np.ndarray
    c: float
    score: float

    @property
    def n_classes(self) -> int:
        """C, how many classes it tells apart."""
        return len(self.intercepts)

    def predict_proba(self, values: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Return (N, C) float32: the vote of the views' features (V, N, F), weighted by `weights` (V,), which sum to
        1.
        """
        return voted(
            values,
            weights,
            lambda view: (view.astype(np.float32) - self.mean) / self.scale @ self.coefficients.T + self.intercepts,
        )

    def tensors(self) -> dict[str, torch.Tensor]:
        """Return what the member is, for safetensors; `from_tensors` takes it back."""
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
    def from_tensors(cls, tensors: dict[str, torch.Tensor], score: float = float("nan")) -> "LogisticMember":
        """Return the member whose `tensors()` these are."""
        arrays = {name: tensors[name].numpy() for name in ("mean", "scale", "coefficients", "intercepts")}
        return cls(**arrays, c=float(tensors["c"]), score=score)


def voted(values: np.ndarray, weights: np.ndarray, logits: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Return (N, C) float32: the mean of the views' softmaxes, weighted by `weights` (V,), which sum to 1.

    values: (V, N, F); logits: from one view's features (N, F) to (N, C).
    """
    total = np.float64(0)
    for view, weight in zip(values, weights, strict=True):
        scores = logits(view)
        exponents = np.exp(scores - scores.max(axis=1, keepdims=True))
        total = total + weight * exponents / exponents.sum(axis=1, keepdims=True)
    return total.astype(np.float32)


def standardisation(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and scale (F,) float64 of `values` (N, F); the scale is at least 0.001, so that a constant is no
    division by 0.
    """
    scaler = StandardScaler().fit(values.astype(np.float32))
    return scaler.mean_, np.maximum(scaler.scale_, 1e-3)


def fit_logistic(
    values: np.ndarray,
    labels: np.ndarray,
    n_classes: int,
    c_range: tuple[float, ...],
    valid_values: np.ndarray,
    view_weights: np.ndarray,
    valid_labels: np.ndarray,
    metric: Metric,
) -> LogisticMember:
    """Return the regression on `values` (N, F) whose penalty scores best, by `metric`, on `valid_values` (V, M, F).

    A tie goes to the stronger penalty. Classes that no training image has get a probability of 0.
    """
    mean, scale = standardisation(values)
    values, mean, scale = (values.astype(np.float32) - mean) / scale, mean.astype(np.float32), scale.astype(np.float32)
    best = None
    for c in sorted(c_range):
        model = LogisticRegression(C=c, max_iter=200, tol=1e-3).fit(values, labels)
        coefficients, intercepts = _for_all_classes(model, n_classes)
        member = LogisticMember(mean, scale, coefficients, intercepts, c, 0.0)
        answers = member.predict_proba(valid_values, view_weights).argmax(axis=1)
        score = metric(valid_labels, answers, n_classes)
        if best is None or metric.better(score, best.score):
            best = LogisticMember(mean, scale, coefficients, intercepts, c, score)
    return best


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
