"""Expected score of the test set: the out-of-fold score, its images weighted to be answered as test images are.

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
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from competition.common.seeds import generator
from competition.ensembling.candidates import Candidate
from competition.ensembling.stacked_predictions import StackedPredictions
from competition.metrics.bootstrap import interval
from competition.settings.ensemble import EnsembleSettings

MOST_CLASSES = 256  # looked at as answers, the most frequent
LEAST = 1e-6  # the probability of either set, at the least: keeps odds finite


def expected_score(
    chosen: Candidate, stacked: StackedPredictions, folds: Sequence[int], settings: EnsembleSettings
) -> dict[str, float]:
    """Return {"value", "low", "high", "effective_images"}: the test-like score, weighted by `fold_weights`.

    folds: (K,) their numbers, in the order of the stacked networks. The interval takes the weights as given.
    `effective_images`: how many images, equally weighted, would tell as much: (sum of weights)^2 / sum of squares
    (Kish).
    """
    y_true, answers, n_classes = stacked.images.y_true, chosen.oof["test_like"], len(stacked.images.targets)
    weights, metric = fold_weights(stacked, folds), stacked.images.metric
    draws, groups = generator(settings.seed, "bootstrap"), stacked.images.groups
    resampled = metric.bootstrap(y_true, [answers], n_classes, settings.resamples, draws, weights, groups)
    low, high = interval(resampled[:, 0], settings.confidence)
    return {
        "value": metric(y_true, answers, n_classes, weights),
        "low": low,
        "high": high,
        "effective_images": float(weights.sum() ** 2 / (weights**2).sum()),
    }


def fold_weights(stacked: StackedPredictions, folds: Sequence[int]) -> np.ndarray:
    """Return (N,) weights of out-of-fold images, mean 1 in each fold, by the mean prediction of its networks."""
    oof, test = stacked.oof["test_like"][:, 0].mean(axis=0), stacked.test.mean(axis=0)  # (N, C), (K, T, C)
    weights = np.ones(len(oof))
    for number, fold in enumerate(folds):
        here = stacked.images.folds == fold
        weights[here] = shift_weights(oof[here], test[number], stacked.images.task.several)
    return weights


def shift_weights(scored: np.ndarray, wanted: np.ndarray, several: bool = False) -> np.ndarray:
    """(n,) weights, mean 1, with which images of probabilities `scored` (n, C) look as those of `wanted` (m, C) do.

    several: whether each label has a probability of its own.
    """
    if not len(scored) or not len(wanted):
        return np.ones(len(scored))
    both = scored, wanted
    classes = None if several else _frequent_answers(both)
    features = np.concatenate([_label_features(one) if several else _features(one, classes) for one in both])
    is_wanted = np.repeat([0, 1], [len(scored), len(wanted)])
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(features, is_wanted)
    share = model.predict_proba(features[: len(scored)])[:, 1].clip(LEAST, 1 - LEAST)
    weights = share / (1 - share)
    return weights / weights.mean()


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
