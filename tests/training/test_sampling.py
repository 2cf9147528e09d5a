"""Sampling by class: exact numbers per class, spread evenly over its images."""

import numpy as np
import pytest

from competition.inference.loader import epoch_rows
from competition.settings.finetuned import FinetunedSettings
from competition.training.criterion import make_criterion
from competition.training.sampling import by_target, class_factors, draws, shown_counts, times_shown

TARGETS = ("a", "7", "c")
LABELS = np.array([0] * 8 + [1] * 4 + [2] * 3)


def test_factors():
    counts = np.array([8, 4, 0])
    assert class_factors(counts, TARGETS, "none").tolist() == [1, 1, 1]
    assert class_factors(counts, TARGETS, "balanced").tolist() == [1, 2, 1]
    assert class_factors(counts, TARGETS, {"7": 2.5}).tolist() == [1, 2.5, 1]
    with pytest.raises(ValueError, match=r"sampling: no such class: \['x'\]; there are \['a', '7', 'c'\]"):
        class_factors(counts, TARGETS, {"x": 2})
    assert by_target({}, TARGETS, "class_weights").tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    ("factors", "expected"),
    [
        ([1, 2, 1], [8, 8, 3]),
        ([1, 2, 8 / 3], [8, 8, 8]),
        ([0.5, 1.3, 0.01], [4, 5, 1]),  # 5.2 and 0.03: rounded, but a class never leaves
        ([1, 1.4, 1.5], [8, 6, 4]),  # 5.6; and 4.5, to the even number
    ],
)
def test_each_class_has_its_number_and_each_image_its_share(factors, expected):
    factors = np.array(factors)
    for seed in range(20):
        number = draws(LABELS, factors, np.random.default_rng(seed))
        assert [number[LABELS == label].sum() for label in range(3)] == expected
        for label, total in enumerate(expected):
            size = (LABELS == label).sum()
            assert set(number[LABELS == label]) <= {total // size, -(-total // size)}


def test_over_many_epochs_every_image_comes_as_often():
    factors, epochs = np.array([0.5, 1.25, 2.0]), 2000
    total = sum(draws(LABELS, factors, np.random.default_rng(seed)) for seed in range(epochs))
    assert np.abs(total / epochs - factors[LABELS]).max() < 0.05  # 4 standard errors of a share of 0.5


def test_factors_of_one_change_nothing():
    assert (draws(LABELS, np.ones(3), np.random.default_rng(0)) == 1).all()


def test_what_more_copies_have_made_up_for_is_not_made_up_for_again():
    """100 images of one class and 10 of the other, whose images have ten times the copies: an epoch shows as many."""
    labels = np.repeat([0, 1], [100, 10])
    copies = [np.arange(2)] * 100 + [np.arange(20)] * 10
    counts = shown_counts(labels, times_shown(copies), 2)
    assert counts.tolist() == [100, 100]
    shown = [np.bincount(labels[epoch_rows(copies, 0, epoch, 32)[0]], minlength=2) for epoch in range(2)]
    assert np.mean(shown, axis=0) == pytest.approx(counts)
    assert class_factors(counts, ("a", "b"), "balanced").tolist() == [1, 1]
    for setting in ({"class_weights": "balanced"}, {"loss": "class_balanced"}, {"logit_adjustment": 1.0}):
        criterion = make_criterion(FinetunedSettings(**setting), counts, ("a", "b"))
        assert np.ptp(criterion.weights.numpy()) == 0 and np.ptp(criterion.shift.numpy()) == 0
    several = np.stack([np.ones(110), labels], axis=1).astype(np.uint8)
    assert shown_counts(several, times_shown(copies), 2).tolist() == [200, 100]
