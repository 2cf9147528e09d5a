"""What the test set is expected to give: the out-of-fold score, its images weighted until they are as hard to read as the test images.

How hard an image is to read shows in how sure the networks are of it, which needs no label. Out-of-fold images of a confidence
count as often as test images have it, network by network: importance weighting for covariate shift (Shimodaira, Improving
predictive inference under covariate shift, JSPI 90, 2000), by confidence instead of by pixels (as Guillory et al., Predicting with
confidence on unseen distributions, ICCV 2021, predict accuracy from it). It takes for granted that an answer given with some confidence is
right as often in the test set as out of fold: where the networks are wrong with more confidence there, it promises too much.
"""

from collections.abc import Sequence

import numpy as np

from competition.ensembles.candidates import Candidate
from competition.ensembles.panel import Panel
from competition.metrics import bootstrap_scores, interval, macro_f1
from competition.seeds import generator
from competition.settings import EnsembleSettings

PER_BIN = 25  # out-of-fold images of a fold, or a bin's share of the test images would be held against a handful
MOST_BINS = 20


def expected_score(chosen: Candidate, panel: Panel, folds: Sequence[int], settings: EnsembleSettings) -> dict[str, float]:
    """{"value", "low", "high"} of the candidate's test-like macro F1, weighted by `confidence_weights`, and `effective_images`.

    folds: (K,) their numbers, in the order of the panel's networks. The interval takes the weights as given. `effective_images`:
    how many images, equally weighted, would tell as much: (sum of weights)^2 / sum of squares (Kish).
    """
    true, answers, n_classes = panel.images.true, chosen.oof["test_like"], len(panel.images.targets)
    weights = confidence_weights(panel, folds)
    drawn = bootstrap_scores(true, [answers], n_classes, settings.resamples, generator(settings.seed, "bootstrap"), weights)
    low, high = interval(drawn[:, 0], settings.confidence)
    return {"value": macro_f1(true, answers, n_classes, weights), "low": low, "high": high,
            "effective_images": float(weights.sum() ** 2 / (weights**2).sum())}


def confidence_weights(panel: Panel, folds: Sequence[int]) -> np.ndarray:
    """(N,) weights of the out-of-fold images, mean 1 in each fold; confidence is the members' mean highest probability."""
    oof = panel.oof["test_like"][:, 0].max(axis=-1).mean(axis=0)
    test = panel.test.max(axis=-1).mean(axis=0)  # (K, T)
    weights = np.ones(len(oof))
    for number, fold in enumerate(folds):
        here = panel.images.folds == fold
        weights[here] = bin_weights(oof[here], test[number])
    return weights


def bin_weights(scored: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """(n,) weights, mean 1, with which `scored` (n,) is spread as `wanted` (m,) over bins that hold equally many of `scored`."""
    if not len(wanted):
        return np.ones(len(scored))
    bins = int(np.clip(len(scored) // PER_BIN, 1, MOST_BINS))
    edges = np.unique(np.quantile(scored, np.arange(1, bins) / bins))
    places, others = (np.searchsorted(edges, values, side="right") for values in (scored, wanted))
    own = np.bincount(places, minlength=len(edges) + 1)
    shares = np.bincount(others, minlength=len(edges) + 1) / len(wanted)
    weights = (shares / np.maximum(own, 1))[places]
    return weights / weights.mean() if weights.any() else np.ones(len(scored))
