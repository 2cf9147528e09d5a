"""Searches of decision rules: what they find is what a plain search finds, in less time."""

import numpy as np
import pandas as pd
import pytest
from makers.tasks import made_task

from competition.ensembling.decision import decide_answers
from competition.ensembling.decisions.class_offsets import PASSES, STEPS, ClassOffsets
from competition.ensembling.decisions.label_thresholds import LabelThresholds
from competition.ensembling.decisions.threshold import THRESHOLDS, Threshold
from competition.ensembling.images import Images
from competition.metrics.make import make_metric
from competition.metrics.metric import Metric
from competition.metrics.scores import METRICS
from competition.settings.ensemble import EnsembleSettings


def plain_offsets(probabilities, y_true, metric):
    """Coordinate ascent as the docstring of ClassOffsets has it, every step scored on all images and classes."""
    logits, offsets = np.log(np.maximum(probabilities.astype(np.float64), 1e-12)), np.zeros(probabilities.shape[1])

    def score(offsets):
        return metric.sign * metric(y_true, (logits + offsets).argmax(axis=1), len(offsets))

    for _ in range(PASSES):
        for index in range(len(offsets)):
            scores = [score(offsets)]
            for step in STEPS:
                tried = offsets.copy()
                tried[index] += step
                scores.append(score(tried))
            if best := int(np.argmax(scores)):
                offsets[index] += STEPS[best - 1]
    return offsets


@pytest.mark.parametrize("metric", ["f1_macro", "balanced_accuracy"])
@pytest.mark.parametrize("seed", range(5))
def test_offsets_are_those_of_a_plain_search(seed, metric):
    random = np.random.default_rng(seed)
    y_true = random.integers(7, size=200) ** 2 // 7
    probabilities = random.random((200, 7)) ** 2
    probabilities[np.arange(200), y_true] += 0.2
    probabilities = np.round(probabilities / probabilities.sum(axis=1, keepdims=True), 2)  # with ties
    found = ClassOffsets.fit(probabilities, y_true, METRICS[metric]())
    assert found.offsets.tolist() == plain_offsets(probabilities, y_true, METRICS[metric]()).tolist()
    assert found.offsets.any()


def test_where_there_is_nothing_to_choose_nothing_is_drawn(monkeypatch):
    monkeypatch.setattr(Metric, "bootstrap", lambda *args: pytest.fail("a bootstrap of one answer alone"))
    task = made_task("ab", answer="probability", metric="roc_auc")
    ids = [str(number) for number in range(20)]
    seen = pd.DataFrame({"ID": ids, "target": list("ab") * 10, "fold": np.arange(20) % 5, "group": ids})
    images = Images(seen, seen.iloc[:0], (), task, make_metric(task.settings))
    probabilities = np.full((20, 2), 0.5)
    both = {"clean": probabilities, "test_like": probabilities}
    decision, answers = decide_answers(both, images, EnsembleSettings())
    assert decision.name == "plain" and answers["clean"].tolist() == probabilities.tolist()


def plain_thresholds(probabilities, y_true, metric):
    """Coordinate ascent from the best common threshold, every one scored on all images and labels."""
    values = np.full(probabilities.shape[1], Threshold.fit(probabilities, y_true, metric).value)

    def score(values):
        return metric.sign * metric(y_true, (probabilities >= values).astype(np.uint8), len(values))

    for _ in range(2):
        for index in range(len(values)):
            tried = np.tile(values, (len(THRESHOLDS) + 1, 1))
            tried[1:, index] = THRESHOLDS
            values = tried[int(np.argmax([score(one) for one in tried]))]
    return values


@pytest.mark.parametrize("metric", ["f1_macro", "f1_micro", "f2_samples", "accuracy"])
def test_thresholds_are_those_of_a_plain_search(metric):
    random = np.random.default_rng(2)
    y_true = (random.random((150, 6)) < 0.3).astype(np.uint8)
    probabilities = np.round(y_true * 0.3 + random.random((150, 6)) * 0.7, 2)
    found = LabelThresholds.fit(probabilities, y_true, METRICS[metric]())
    assert found.values.tolist() == plain_thresholds(probabilities, y_true, METRICS[metric]()).tolist()
