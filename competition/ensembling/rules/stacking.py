"""Stacking (Wolpert 1992): a multinomial logistic regression on the members' log-probabilities."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from competition.ensembling.member_rule import MemberRule
from competition.ensembling.rule import Vote, by_probability
from competition.ensembling.rules import RULES
from competition.ensembling.stacked_predictions import Voters
from competition.metrics.calibration import LEAST, log_loss
from competition.metrics.metric import Metric

C_RANGE = (0.001, 0.01, 0.1)  # inverse L2 penalties tried
Fitted = tuple[np.ndarray, np.ndarray, np.ndarray]  # classes, coefficients, intercepts
TOO_LARGE = 50_000_000  # images x members x classes squared: beyond it the fits would take minutes


@RULES.register
@dataclass(frozen=True, eq=False)
class Stacking(MemberRule):
    """L2-regularised logistic regression on calibrated log-probabilities, (M x C) features.

    C is the one of C_RANGE with the least log loss on a fold when fitted on the other given folds; where there is one
    fold only, the strongest penalty. Networks of one fold answer together; over folds the answers' mean is taken, since
    it was fitted on single networks' predictions, and a mean of several is less sure of itself.

    Of several labels an image, each label has a regression of its own.

    classes: (L,) indices that occurred; coefficients: (L, M x C), of two classes (1, M x C); intercepts: alike.
    """

    level = 1
    precedence = 7

    weights: np.ndarray
    c: float
    classes: np.ndarray
    coefficients: np.ndarray
    intercepts: np.ndarray

    @classmethod
    def is_affordable(cls, n_images: int, n_members: int, n_classes: int) -> bool:
        return n_images * n_members * n_classes**2 <= TOO_LARGE

    @classmethod
    def fit(cls, voters: Voters, y_true: np.ndarray, folds: np.ndarray, metric: Metric) -> "Stacking":
        features = _features(voters)[0]
        with threadpool_limits(1):  # the same bytes with any number of cores
            c = choose_c(features, y_true, folds, voters.n_classes)
            fitted = _fit(features, y_true, c)
        return cls(voters.even_weights, c, *fitted)

    def vote(self, voters: Voters) -> Vote:
        fitted = self.classes, self.coefficients, self.intercepts
        parts = [_predict(fitted, part, voters.n_classes, voters.several) for part in _features(voters)]
        return by_probability(np.mean(parts, axis=0))

    def facts(self, members: Sequence[str]) -> dict[str, object]:
        return {"c": self.c}


def choose_c(features: np.ndarray, y_true: np.ndarray, folds: np.ndarray, n_classes: int) -> float:
    """Return the C of C_RANGE with the least mean log loss by cross-validation over folds; of equals the smallest."""
    numbers = np.unique(folds)
    if len(numbers) < 2:
        return C_RANGE[0]
    losses = np.zeros(len(C_RANGE))
    for fold in numbers:
        here = folds == fold
        for index, c in enumerate(C_RANGE):
            fitted = _fit(features[~here], y_true[~here], c)
            probabilities = _predict(fitted, features[here], n_classes, y_true.ndim == 2)
            losses[index] += here.sum() * log_loss(probabilities, y_true[here])
    return C_RANGE[int(losses.argmin())]


def _features(voters: Voters) -> np.ndarray:
    """Return (K, n, M x C): log-probabilities, each member's with mean 0 in each row, since a constant says nothing.

    Of several labels an image, whose probabilities stand by themselves: log-odds.
    """
    logits = np.log(np.maximum(voters.calibrated, LEAST))
    if voters.several:
        logits -= np.log(np.maximum(1 - voters.calibrated, LEAST))
    else:
        logits -= logits.mean(axis=3, keepdims=True)
    members, networks, n, classes = logits.shape
    return logits.transpose(1, 2, 0, 3).reshape(networks, n, members * classes)


def _fit(features: np.ndarray, y_true: np.ndarray, c: float) -> Fitted:
    if y_true.ndim == 1:
        if y_true.min() == y_true.max():
            alone, intercept = _constant(features, len(y_true), len(y_true))
            return y_true[:1], alone[None], np.array([intercept])
        model = LogisticRegression(C=c, max_iter=1000, tol=1e-3).fit(features, y_true)
        return model.classes_, model.coef_, model.intercept_
    rows = [_fit_label(features, label, c) for label in y_true.T]
    return (
        np.arange(len(rows)),
        np.stack([coefficients for coefficients, _ in rows]),
        np.array([one for _, one in rows]),
    )


def _fit_label(features: np.ndarray, label: np.ndarray, c: float) -> tuple[np.ndarray, float]:
    """Return (coefficients (F,), intercept) of one label."""
    if label.min() == label.max():
        return _constant(features, int(label.sum()), len(label))
    classes, coefficients, intercepts = _fit(features, label.astype(np.int64), c)
    return coefficients[0], float(intercepts[0])


def _constant(features: np.ndarray, count: int, images: int) -> tuple[np.ndarray, float]:
    """Return (coefficients (F,), intercept), the log-odds, of what all or none of the images are."""
    share = (count + 0.5) / (images + 1)
    return np.zeros(features.shape[1]), float(np.log(share / (1 - share)))


def _predict(fitted: Fitted, features: np.ndarray, n_classes: int, several: bool) -> np.ndarray:
    classes, coefficients, intercepts = fitted
    if several:
        return expit(features @ coefficients.T + intercepts)
    if len(classes) == 1:  # no image of any other class was there
        share = expit(intercepts[0])
        probabilities = np.full((len(features), n_classes), (1 - share) / (n_classes - 1))
        probabilities[:, classes] = share
        return probabilities
    model = LogisticRegression()
    model.classes_, model.coef_, model.intercept_ = fitted
    probabilities = np.zeros((len(features), n_classes))  # a class that wasn't there to be learnt is never answered
    probabilities[:, classes] = model.predict_proba(features)
    return probabilities
