"""Weights with which out-of-fold images are answered as the test images are.

How hard an image is to read shows in what the networks say of it, which needs no label. Logistic regression tells
out-of-fold images from test images by how sure their network is and what it answers, and its odds are the weights:
importance weighting for covariate shift (Shimodaira, Improving predictive inference under covariate shift, JSPI 90,
2000) by a classifier (Bickel et al., Discriminative learning under covariate shift, JMLR 10, 2009), of confidence
instead of pixels (as Guillory et al., Predicting with confidence on unseen distributions, ICCV 2021, predict accuracy
from it). It takes for granted that an answer given with some confidence is right as often in the test set as out of
fold: where the networks are wrong with more confidence there, it promises too much.
"""

from collections.abc import Sequence

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

MOST_CLASSES = 256  # looked at as answers, the most frequent
LEAST = 1e-6  # the probability of either set, at the least: keeps odds finite


class ShiftWeights:
    """Weights of images of probabilities `scored` (n, C) with which they look as those of `wanted` (m, C) do.

    Called without anything it returns them, (n,), mean 1; with how often each image of both was drawn, (n,) and (m,),
    what they are of the images drawn. several: whether each label has a probability of its own.
    """

    def __init__(self, scored: np.ndarray, wanted: np.ndarray, several: bool = False):
        self._sizes = len(scored), len(wanted)
        self._features = np.empty((0, 0))
        if all(self._sizes):
            both = scored, wanted
            classes = None if several else _frequent_answers(both)
            features = np.concatenate([_label_features(one) if several else _features(one, classes) for one in both])
            self._features = StandardScaler().fit_transform(features)

    def __call__(self, scored: np.ndarray | None = None, wanted: np.ndarray | None = None) -> np.ndarray:
        n, m = self._sizes
        times = np.concatenate([np.ones(n) if scored is None else scored, np.ones(m) if wanted is None else wanted])
        if not times[:n].any() or not times[n:].any():
            return np.ones(n)
        drawn = times > 0
        few = 4 * self._features.shape[1] < drawn.sum()  # features: then its matrix of them costs nothing
        model = LogisticRegression(solver="newton-cholesky" if few else "lbfgs", max_iter=1000)
        model.fit(self._features[drawn], np.repeat([0, 1], [n, m])[drawn], sample_weight=times[drawn])
        share = model.predict_proba(self._features[:n])[:, 1].clip(LEAST, 1 - LEAST)
        weights = share / (1 - share)
        return weights / np.average(weights, weights=times[:n])


def shift_weights(scored: np.ndarray, wanted: np.ndarray, several: bool = False) -> np.ndarray:
    """(n,) weights, mean 1, with which images of probabilities `scored` (n, C) look as those of `wanted` (m, C) do."""
    return ShiftWeights(scored, wanted, several)()


def effective_size(weights: np.ndarray) -> float:
    """How many images, equally weighted, tell as much as those of `weights` (n,): (sum)^2 / sum of squares (Kish)."""
    return float(weights.sum() ** 2 / (weights**2).sum())


def _frequent_answers(both: Sequence[np.ndarray]) -> np.ndarray:
    """Return the classes (A,), ascending, that are answered most often; of not so many, all."""
    answers = np.concatenate([one.argmax(axis=1) for one in both])
    counts = np.bincount(answers, minlength=both[0].shape[1])
    return np.sort(np.argsort(-counts, kind="stable")[:MOST_CLASSES])


def _features(probabilities: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """(n, A + 3): the highest probability, its lead on the second, the entropy, which of `classes` (A,) is answered."""
    highest, second = -np.partition(-probabilities, 1, axis=1)[:, :2].T
    entropy = -(probabilities * np.log(np.maximum(probabilities, 1e-9))).sum(axis=1)
    answers = probabilities.argmax(axis=1)[:, None] == classes
    return np.column_stack([highest, highest - second, entropy, answers])


def _label_features(probabilities: np.ndarray) -> np.ndarray:
    """(n, C + 3): of several labels an image: the least and the mean sureness, the entropy, and which are answered."""
    sure = np.maximum(probabilities, 1 - probabilities)
    both = np.stack([probabilities, 1 - probabilities])
    entropy = -(both * np.log(np.maximum(both, 1e-9))).sum(axis=(0, 2))
    return np.column_stack([sure.min(axis=1), sure.mean(axis=1), entropy, probabilities >= 0.5])
