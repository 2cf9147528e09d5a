"""Stacking (Wolpert 1992): a multinomial logistic regression on the members' log-probabilities."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from competition.ensembling.member_rule import MemberRule
from competition.ensembling.rule import Vote, by_probability
from competition.ensembling.rules import RULES
from competition.ensembling.stacked_predictions import Voters
from competition.metrics.calibration import LEAST, log_loss
from competition.metrics.metric import Metric

C_RANGE = (0.001, 0.01, 0.1)  # inverse L2 penalties tried
TOO_LARGE = 50_000_000  # images x members x classes squared: beyond it the fits would take minutes


@RULES.register
@dataclass(frozen=True, eq=False)
class Stacking(MemberRule):
    """L2-regularised logistic regression on calibrated log-probabilities, (M x C) features.

    C is the one of C_RANGE with the least log loss on a fold when fitted on the other given folds; where there is one
    fold only, the strongest penalty. Networks of one fold answer together; over folds the answers' mean is taken, since
    it was fitted on single networks' predictions, and a mean of several is less sure of itself.

    classes: (L,) indices that occurred; coefficients: (L, M x C), of two classes (1, M x C); intercepts: alike.
    """

    level = 2
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
            model = _fit(features, y_true, c)
        return cls(voters.even_weights, c, model.classes_, model.coef_, model.intercept_)

    def vote(self, voters: Voters) -> Vote:
        model = LogisticRegression()
        model.classes_, model.coef_, model.intercept_ = self.classes, self.coefficients, self.intercepts
        return by_probability(np.mean([_predict(model, part, voters.n_classes) for part in _features(voters)], axis=0))

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
            probabilities = _predict(_fit(features[~here], y_true[~here], c), features[here], n_classes)
            losses[index] += here.sum() * log_loss(probabilities, y_true[here])
    return C_RANGE[int(losses.argmin())]


def _features(voters: Voters) -> np.ndarray:
    """Return (K, n, M x C): log-probabilities, each member's with mean 0 in each row, since a constant says nothing."""
    logits = np.log(np.maximum(voters.calibrated, LEAST))
    logits -= logits.mean(axis=3, keepdims=True)
    members, networks, n, classes = logits.shape
    return logits.transpose(1, 2, 0, 3).reshape(networks, n, members * classes)


def _fit(features: np.ndarray, y_true: np.ndarray, c: float) -> LogisticRegression:
    return LogisticRegression(C=c, max_iter=1000, tol=1e-3).fit(features, y_true)


def _predict(model: LogisticRegression, features: np.ndarray, n_classes: int) -> np.ndarray:
    probabilities = np.zeros((len(features), n_classes))  # a class that wasn't there to be learnt is never answered
    probabilities[:, model.classes_] = model.predict_proba(features)
    return probabilities
