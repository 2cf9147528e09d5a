"""How often answers are right, by what their network and all other members say of an image.

Logistic regression, out of fold, of whether an answer is right: on how sure its network is, as a network's confidence
is learnt (Corbière et al., Addressing failure prediction by learning model confidence, NeurIPS 2019), and on what the
other members think of it, which sees more images that are hard to read. Of the test images it says how likely each
answer is right; no label of theirs is read.

What is said of an image doesn't tell all of how hard the images of a set are. So sets that are harder than the others
are answered worse than the regression says, and easier ones better. It is learnt on the same images at several
severities: a line through what it says of each set of them and what is true, both on the probit scale, tells what is
true of a set of which it says something else (accuracy of a set by its statistics: Deng and Zheng, Are labels always
necessary for classifier accuracy evaluation?, CVPR 2021).
"""

from collections.abc import Sequence

import numpy as np
from scipy.special import entr
from scipy.stats import norm
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

LEAST = 1e-6  # probability, in logarithms
SLOPES = 0.5, 2.0  # of what is true against what is said, both on the probit scale
LEAST_MOVE = 0.1  # of what is said, on that scale, that a slope is taken over


class Correctness:
    """Whether answers are right, learnt from `features` (S, N, F) and `right` (S, N) bool, of N images at S severities.

    Called without anything it returns how often each network is right on the test images, (K,), of `test`, (K,) of
    (T, F); with how often each image was drawn, (N,), what that is by the images drawn. None where all of them are
    right: then nothing is known of what is wrong.
    """

    def __init__(self, features: np.ndarray, right: np.ndarray, test: Sequence[np.ndarray]):
        scaler = StandardScaler().fit(features.reshape(-1, features.shape[-1]))
        self._features, self._right = np.stack([scaler.transform(one) for one in features]), right
        self._test = [scaler.transform(one) for one in test]

    def __call__(self, times: np.ndarray | None = None) -> np.ndarray | None:
        times = np.ones(self._right.shape[1]) if times is None else times
        drawn = times > 0
        features, right, times = self._features[:, drawn], self._right[:, drawn], times[drawn]
        if right.all():
            return None
        if not right.any():
            return np.zeros(len(self._test))
        model = LogisticRegression(solver="newton-cholesky", max_iter=1000)
        model.fit(features.reshape(-1, features.shape[-1]), right.ravel(), sample_weight=np.tile(times, len(right)))
        said = [np.average(model.predict_proba(one)[:, 1], weights=times) for one in features]
        line = _line(probit(said, times.sum()), probit(np.average(right, axis=1, weights=times), times.sum()))
        of_test = [model.predict_proba(one)[:, 1].mean() for one in self._test]
        return norm.cdf(np.polyval(line, norm.ppf(of_test)))


def _line(said: np.ndarray, true: np.ndarray) -> tuple[float, float]:
    """Return slope and intercept of the line of least squares through the severities' points."""
    slope = np.clip(np.polyfit(said, true, 1)[0], *SLOPES) if np.ptp(said) >= LEAST_MOVE else 1.0
    return float(slope), float(true.mean() - slope * said.mean())


def probit(shares: float | Sequence[float], n: float) -> np.ndarray:
    """Return where on the normal scale shares of n lie; half a case from 0 and 1 at the least."""
    return norm.ppf(np.clip(shares, 0.5 / n, 1 - 0.5 / n))


def correctness_features(probabilities: np.ndarray, labels: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return (n, 4 + 3 M) features of the answers `labels` (n,) by networks that say `probabilities` (n, C).

    The answer's probability, its log odds, its lead on the likeliest other class, the entropy; and of each of the
    `others` (M, n, C): the log probability of that answer, whether it is its own, the entropy.
    """
    rows = np.arange(len(labels))
    own = probabilities[rows, labels].astype(np.float64)
    rest = np.where(np.arange(probabilities.shape[1]) == labels[:, None], 0, probabilities).max(axis=1)
    columns = [own, _log(own) - _log(1 - own), _log(own) - _log(rest), entr(probabilities).sum(axis=1)]
    for one in others:
        columns += [_log(one[rows, labels]), one.argmax(axis=1) == labels, entr(one).sum(axis=1)]
    return np.column_stack(columns)


def _log(probabilities: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(probabilities, LEAST, dtype=np.float64))
