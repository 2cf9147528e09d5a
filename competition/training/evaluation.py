"""Validation after an epoch: score of the fold's validation images, clean and test-like, and their loss."""

import math

import numpy as np
from torch import nn

from competition.compute.device import use_bfloat16
from competition.data.predictions import CONDITIONS
from competition.inference.predictor import predict_proba
from competition.metrics.plain_score import plain_score
from competition.models.layers.fusion import for_inference
from competition.models.networks import Normalisation
from competition.settings.finetuned import FinetunedSettings
from competition.training.fold_data import FoldData

SCORES = ("clean", "test_like", "valid_loss")
LEAST_PROBABILITY = 1e-7  # of the right class, so that one sure mistake doesn't make the loss infinite


def evaluate(
    network: nn.Module, normalise: Normalisation, data: FoldData, settings: FinetunedSettings
) -> dict[str, float]:
    """Return the score of the validation images in each condition, "clean" and "test_like", and "valid_loss".

    The latter is the mean of -log p of the test-like ones; of several labels the mean over the labels too, of those
    that are there and those that aren't. All are 0 where there are no validation images, a score NaN where the metric
    isn't defined on them.
    """
    scores = dict.fromkeys(SCORES, 0.0)
    if not len(data.valid_labels):
        return scores
    fast = for_inference(network, settings.size, use_bfloat16(settings.precision))
    for condition in CONDITIONS:
        rows = data.valid_rows[condition]
        probabilities = predict_proba(
            fast, normalise, data.store, rows, settings.size, settings.precision, None, several=data.several
        )
        scores[condition] = plain_score(data.metric, data.valid_labels, probabilities, data.several)
        if condition == "test_like":
            right = _of_the_truth(probabilities, data.valid_labels)
            scores["valid_loss"] = float(-np.log(np.maximum(right, LEAST_PROBABILITY)).mean())
    return scores


def _of_the_truth(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the probability of each image's class (N,), or (N, C) of each label being there, or not, as it is."""
    if labels.ndim == 1:
        return probabilities[np.arange(len(labels)), labels]
    return np.where(labels, probabilities, 1 - probabilities)


def score_of(row: dict, data: FoldData, settings: FinetunedSettings) -> float:
    """Return what epochs are compared by, higher is better: the test-like score, or minus the test-like loss.

    Of a metric of which less is better: minus the score. Where the metric isn't defined on these images, the loss too.
    """
    by_loss = settings.stop_by == "loss" or math.isnan(row["test_like"])
    return -row["valid_loss"] if by_loss else data.metric.sign * row["test_like"]
