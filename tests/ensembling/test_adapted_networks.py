"""What is expected of a vote whose networks learnt from the test images."""

from dataclasses import replace

import numpy as np
import pytest
from makers.shifted import FOLDS, SETTINGS, N, made

from competition.ensembling.expected_score import expected_score
from competition.ensembling.one_network import one_network


def adapted(stacked, single, share):
    """(stacked, candidate, test score): a member `a_adapted` beside a, right on `share` of the images, whatever a says.

    It is very sure of itself, on test images.
    """
    random, test_true = np.random.default_rng(1), np.random.default_rng(5).integers(4, size=2000)
    oof = {view: one[0, 0].copy() for view, one in stacked.oof.items()}
    put_right, of_test = random.random(N) < share, random.random(2000) < share
    for one in oof.values():
        one[put_right] = np.eye(4)[stacked.images.y_true[put_right]] * 0.96 + 0.01
    test = stacked.test[0] ** 3 / (stacked.test[0] ** 3).sum(axis=2, keepdims=True)
    test[:, of_test] = np.eye(4)[test_true[of_test]] * 0.96 + 0.01
    both = replace(
        stacked,
        members=("a", "a_adapted", "b"),
        oof={view: np.stack([one[0], oof[view][None], one[1]]) for view, one in stacked.oof.items()},
        test=np.stack([stacked.test[0], test, stacked.test[1]]),
    )
    labels = {view: one.argmax(axis=1) for view, one in oof.items()}
    parts = {"name": "a_adapted", "parts": ("a_adapted",), "oof": labels, "probabilities": oof["test_like"]}
    candidate = replace(single, **parts, vote=replace(single.vote, name="a_adapted"))
    return both, candidate, stacked.images.metric(test_true, test.mean(axis=0).argmax(axis=1), 4)


def test_an_adapted_member_is_estimated_as_the_one_that_it_was():
    stacked, singles, *_ = made(noise_on_test=1.6)
    both, candidate, _ = adapted(stacked, singles[0], 0.3)
    learnt_from = {"a_adapted": "a"}
    one, other = (one_network(it, both, FOLDS, learnt_from) for it in (candidate, singles[0]))
    assert one.estimates.to_json() == pytest.approx(other.estimates.to_json())
    right = [both.oof["test_like"][member, 0].argmax(axis=1) == stacked.images.y_true for member in (1, 0)]
    assert right[0].mean() > right[1].mean() + 0.03
    gain = np.average(right[0].astype(int) - right[1], weights=other.weights)
    assert other.gained is None and one.accuracy == pytest.approx(other.accuracy + gain)
    drawn = np.arange(N) % 3
    gain = np.average(right[0].astype(int) - right[1], weights=other.weights * drawn)
    assert one.accuracy_by(drawn) == pytest.approx(other.accuracy_by(drawn) + gain)


@pytest.mark.parametrize("share", [0.0, 0.2, 0.4])
def test_what_adapting_gains_out_of_fold_is_expected_of_the_test_set(share):
    stacked, singles, before, _ = made(noise_on_test=1.6)
    both, candidate, told = adapted(stacked, singles[0], share)
    assert told > before + 0.02 if share else told == pytest.approx(before, abs=0.01)
    found = expected_score(candidate, both, FOLDS, SETTINGS, {"a_adapted": "a"})
    assert found["value"] == pytest.approx(told, abs=0.03) and found["low"] < told < found["high"]
    assert found["adapting"] == pytest.approx(0.0, abs=1e-9) if share == 0 else found["adapting"] > 0.02
    assert "adapting" not in expected_score(singles[0], both, FOLDS, SETTINGS, {"a_adapted": "a"})
