"""Stacking (Wolpert, Stacked Generalization, 1992): a multinomial logistic regression on the members'
log-probabilities.
"""

import numpy as np
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from competition.ensembling.rules import Rule, Vote, by_probability
from competition.ensembling.stacked_predictions import Voters
from competition.metrics.calibration import LEAST, log_loss

C_RANGE = (0.001, 0.01, 0.1)  # inverse L2 penalties tried
TOO_LARGE = 50_000_000  # images x members x classes squared: beyond it the fits would take minutes


def is_affordable(n_images: int, n_members: int, n_classes: int) -> bool:
    """Whether stacking so many members is a matter of seconds."""
    return n_images * n_members * n_classes**2 <= TOO_LARGE


def fit_stacking(voters: Voters, true: np.ndarray, folds: np.ndarray) -> Rule:
    """L2-regularised logistic regression on calibrated log-probabilities, (M x C) features.

    C is the one of C_RANGE with the least log loss on a fold when fitted on the other given folds; where there is one
    fold only, the strongest penalty. Networks of one fold answer together; over folds the answers' mean is taken, since
    it was fitted on single networks' predictions, and a mean of several is less sure of itself.
    """
    n_classes = voters.raw.shape[-1]
    features = _features(voters)[0]
    with threadpool_limits(1):  # the same bytes with any number of cores
        c = choose_c(features, true, folds, n_classes)
        model = _fit(features, true, c)

    def vote(asked: Voters) -> Vote:
        return by_probability(np.mean([_predict(model, part, n_classes) for part in _features(asked)], axis=0))

    return Rule(vote, np.full(len(voters.raw), 1 / len(voters.raw)), c)


def choose_c(features: np.ndarray, true: np.ndarray, folds: np.ndarray, n_classes: int) -> float:
    """The C of C_RANGE with the least mean log loss over folds, each predicted from the others; of equals the
    smallest.
    """
    numbers = np.unique(folds)
    if len(numbers) < 2:
        return C_RANGE[0]
    losses = np.zeros(len(C_RANGE))
    for fold in numbers:
        here = folds == fold
        for index, c in enumerate(C_RANGE):
            probabilities = _predict(_fit(features[~here], true[~here], c), features[here], n_classes)
            losses[index] += here.sum() * log_loss(probabilities, true[here])
    return C_RANGE[int(losses.argmin())]


def _features(voters: Voters) -> np.ndarray:
    """(K, n, M x C): log-probabilities, each member's with mean 0 in each row, since a constant says nothing."""
    logits = np.log(np.maximum(voters.calibrated, LEAST))
    logits -= logits.mean(axis=3, keepdims=True)
    members, networks, n, classes = logits.shape
    return logits.transpose(1, 2, 0, 3).reshape(networks, n, members * classes)


def _fit(features: np.ndarray, true: np.ndarray, c: float) -> LogisticRegression:
    return LogisticRegression(C=c, max_iter=1000, tol=1e-3).fit(features, true)


def _predict(model: LogisticRegression, features: np.ndarray, n_classes: int) -> np.ndarray:
    probabilities = np.zeros((len(features), n_classes))  # a class that wasn't there to be learnt is never answered
    probabilities[:, model.classes_] = model.predict_proba(features)
    return probabilities
