"""How often answers are right, by what their network and all other members say of an image.

Logistic regression, out of fold, of whether an answer is right: on how sure its network is, as a network's confidence
is learnt (Corbière et al., Addressing failure prediction by learning model confidence, NeurIPS 2019), and on what the
other members think of it, which sees more images that are hard to read. Of the test images it says how likely each
answer is right; no label of theirs is read.
"""

from collections.abc import Sequence

import numpy as np
from scipy.special import entr
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

LEAST = 1e-6  # probability, in logarithms


class Correctness:
    """Whether answers are right, learnt from `features` (N, F) and `right` (N,) bool.

    Called without anything it returns how often each network is right on the test images, (K,), of `test`, (K,) of
    (T, F); with how often each image was drawn, (N,), what that is by the images drawn. None where all of them are
    right: then nothing is known of what is wrong.
    """

    def __init__(self, features: np.ndarray, right: np.ndarray, test: Sequence[np.ndarray]):
        scaler = StandardScaler().fit(features)
        self._features, self._right = scaler.transform(features), right
        self._test = [scaler.transform(one) for one in test]

    def __call__(self, times: np.ndarray | None = None) -> np.ndarray | None:
        times = np.ones(len(self._right)) if times is None else times
        drawn = times > 0
        right = self._right[drawn]
        if right.all():
            return None
        if not right.any():
            return np.zeros(len(self._test))
        model = LogisticRegression(solver="newton-cholesky", max_iter=1000)
        model.fit(self._features[drawn], right, sample_weight=times[drawn])
        return np.array([model.predict_proba(one)[:, 1].mean() for one in self._test])


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
