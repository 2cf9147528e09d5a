"""Validation after an epoch: score of the fold's validation images, clean and test-like, and their loss."""

import numpy as np
from torch import nn

from competition.compute.device import use_bfloat16
from competition.inference.predictor import predict_proba
from competition.models.layers.fusion import for_inference
from competition.models.networks import Normalisation
from competition.settings.finetuned import FinetunedSettings
from competition.training.fold_data import FoldData

LEAST_PROBABILITY = 1e-7  # of the right class, so that one sure mistake doesn't make the loss infinite


def evaluate(
    network: nn.Module, normalise: Normalisation, data: FoldData, settings: FinetunedSettings
) -> dict[str, float]:
    """Return the score of the validation images in each condition, "clean" and "test_like", and "valid_loss".

    The latter is the mean of -log p of the test-like ones. All are 0 where there are no validation images.
    """
    scores = {"clean": 0.0, "test_like": 0.0, "valid_loss": 0.0}
    if not len(data.valid_labels):
        return scores
    fast = for_inference(network, settings.size, use_bfloat16(settings.precision))
    for condition, rows in data.valid_rows.items():
        probabilities = predict_proba(
            fast, normalise, data.store, rows, settings.size, settings.precision, np.eye(8)[0]
        )
        scores[condition] = data.metric(data.valid_labels, probabilities.argmax(axis=1), probabilities.shape[1])
        if condition == "test_like":
            right = probabilities[np.arange(len(rows)), data.valid_labels]
            scores["valid_loss"] = float(-np.log(np.maximum(right, LEAST_PROBABILITY)).mean())
    return scores


def score_of(row: dict, data: FoldData, settings: FinetunedSettings) -> float:
    """Return what epochs are compared by, higher is better: the test-like score, or minus the test-like loss.

    Of a metric of which less is better: minus the score.
    """
    return data.metric.sign * row["test_like"] if settings.stop_by == "test_like" else -row["valid_loss"]
