"""Drift: figures held against scikit-learn, SciPy and counts by hand; false alarms counted over draws."""

import numpy as np
import pytest
from scipy.stats import binom, mannwhitneyu
from sklearn.metrics import roc_auc_score

from competition.audit.domain_shift import STATISTICS, held_out_auc
from competition.audit.drift import (
    ALPHA,
    FALSE_ALARMS,
    LEAST_AUC,
    LEAST_SHARE,
    answer_drift,
    auc_threshold,
    certainty_drift,
    image_drift,
)

NAMES = {"7": "bright", "10": "dark", "x": "striped"}


def measured(generator, rows, shift=0.0, feature="sharpness"):
    values = generator.normal(size=(rows, len(STATISTICS)))
    values[:, list(STATISTICS).index(feature)] += shift
    return values


def counts(generator, images, shares=(0.5, 0.3, 0.2)):
    return np.bincount(generator.choice(3, images, p=shares), minlength=3)


def test_less_certain_answers_are_counted_in_pairs():
    generator = np.random.default_rng(0)
    old, new = np.sort(generator.integers(0, 20, 50) / 20), generator.integers(0, 15, 30) / 20
    found = certainty_drift(old, 50, new)
    labels = np.repeat([1, 0], [50, 30])
    assert found.figure == pytest.approx(roc_auc_score(labels, np.concatenate([old, new])))
    assert found.facts == {"old_median": round(np.median(old), 4), "new_median": round(np.median(new), 4)}
    assert not certainty_drift(np.linspace(0, 1, 50), 50, np.ones(30)).found  # more certain is no harm


def test_an_aucs_threshold_is_mann_and_whitneys():
    generator = np.random.default_rng(1)
    old, new = generator.normal(size=60), generator.normal(size=40)
    places = np.linspace(0, 3, 4000)
    aucs = np.array([np.mean(old[:, None] > (new - place)[None]) for place in places])
    place = places[np.flatnonzero(aucs > auc_threshold(60, 40))[0]]
    p = mannwhitneyu(old, new - place, alternative="greater", method="asymptotic", use_continuity=False).pvalue
    assert p == pytest.approx(ALPHA, rel=0.1)
    assert auc_threshold(10**6, 10**6) == LEAST_AUC  # a difference of no consequence


def test_the_distance_of_answers_by_hand():
    """Shares 0.5, 0.3, 0.2 and 0.2, 0.3, 0.5: 0.3 of the answers differ."""
    found = answer_drift(np.array([50, 30, 20]), np.array([20, 30, 50]), NAMES)
    assert found.figure == pytest.approx(0.3) and found.found
    first, second, last = found.facts["classes"]
    assert first == {"target": "7", "class_name": "bright", "old": 0.5, "new": 0.2} and second["target"] == "x"
    assert last == {"target": "10", "class_name": "dark", "old": 0.3, "new": 0.3}
    assert answer_drift(np.array([5000, 3000, 2000]), np.array([5000, 2500, 2500]), NAMES).threshold == LEAST_SHARE


def test_the_distances_threshold_is_that_of_shuffled_answers():
    old, new = np.array([50, 30, 20]), np.array([10, 20, 10])
    pool, generator = np.repeat(np.tile([0, 1, 2], 2), [*old, *new]), np.random.default_rng(0)
    shuffled = []
    for _ in range(2000):
        generator.shuffle(pool)
        parts = [np.bincount(part, minlength=3) / len(part) for part in (pool[:100], pool[100:])]
        shuffled.append(np.abs(parts[0] - parts[1]).sum() / 2)
    assert answer_drift(old, new, NAMES).threshold == pytest.approx(np.quantile(shuffled, 1 - ALPHA), abs=0.03)


def test_images_of_one_distribution_seldom_give_an_alarm():
    """All three measures together, over draws of 40 new images; that more are found is less likely than 1 in 1000."""
    draws, alarms = 60, 0
    for seed in range(draws):
        generator = np.random.default_rng(seed)
        references = {"clean": measured(generator, 80, 3), "test_like": measured(generator, 80)}
        old = np.sort(generator.beta(5, 1, 80))
        found = (
            image_drift(references, measured(generator, 40), seed),
            certainty_drift(old, 80, generator.beta(5, 1, 40)),
            answer_drift(counts(generator, 80), counts(generator, 40), NAMES, seed),
        )
        alarms += any(one.found for one in found)
    assert alarms <= binom.ppf(0.999, draws, FALSE_ALARMS)


def test_other_images_are_found_and_what_differs_is_named():
    generator = np.random.default_rng(3)
    references = {"clean": measured(generator, 80, 6), "test_like": measured(generator, 80)}
    new = measured(generator, 40, -4) + 0.7  # as damage does, which changes all of them, and one most
    found = image_drift(references, new)
    assert found.found and found.figure > 0.8 and found.facts["nearest"] == "test_like"
    first = found.facts["features"][0]
    assert (first["feature"], first["new_is"]) == ("sharpness", "lower") and first["new"] < first["old"]
    assert not image_drift(references, measured(generator, 40, 6)).found  # as clean ones
    assert set(found.to_json()) == {"found", "figure", "threshold", "nearest", "features"}


def test_the_held_out_auc_is_of_the_halves_that_were_not_fitted_on():
    generator = np.random.default_rng(4)
    auc, *scored = held_out_auc(measured(generator, 31), measured(generator, 20) + 9, 0)
    assert auc == 1 and scored == [16, 10]
    noise = [held_out_auc(measured(generator, 40), measured(generator, 40), seed)[0] for seed in range(20)]
    assert np.mean(noise) == pytest.approx(0.5, abs=0.08)  # fitted and scored on the same rows it would be near 1
    with pytest.raises(ValueError, match="at least 10 rows on each side, found 31 and 9"):
        held_out_auc(measured(generator, 31), measured(generator, 9), 0)
