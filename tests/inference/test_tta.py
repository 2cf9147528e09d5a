"""Test-time augmentation: the 8 orientations against NumPy's flips and turns, and their weights."""

import numpy as np
import pytest
import torch

from competition.inference.tta import orientation_weights, oriented_batch


def oriented_array(image, orientation):
    """Orientation turns + 4 * flip: flipped left-right first if flip, then np.rot90(image, turns)."""
    flip, turns = divmod(orientation, 4)
    return np.rot90(np.fliplr(image) if flip else image, turns)


@pytest.mark.parametrize("orientation", range(8))
def test_a_batch_in_an_orientation_is_numpys_flip_and_turn(orientation):
    pixels = np.random.default_rng(0).integers(0, 256, (3, 6, 6, 3), dtype=np.uint8)
    expected = np.stack([oriented_array(image, orientation) for image in pixels])
    assert (oriented_batch(torch.from_numpy(pixels), orientation, (1, 2)).numpy() == expected).all()
    first = torch.from_numpy(pixels).permute(0, 3, 1, 2)
    assert (oriented_batch(first, orientation, (2, 3)).permute(0, 2, 3, 1).numpy() == expected).all()


def test_orientation_weights():
    weights = orientation_weights(20, 0)
    assert weights.shape == (8,) and weights.dtype == np.float64 and weights.sum() == pytest.approx(1)
    np.testing.assert_allclose(weights * 20, np.round(weights * 20), atol=1e-9)  # whole passes
    assert (weights == orientation_weights(20, 0)).all() and (weights != orientation_weights(20, 1)).any()
    np.testing.assert_allclose(orientation_weights(80_000, 0), 1 / 8, atol=0.006)  # 5 standard errors of an even draw
    assert sorted(orientation_weights(1, 5)) == [0] * 7 + [1]
    with pytest.raises(ValueError, match="passes"):
        orientation_weights(0, 0)


def test_all_passes_are_the_eight_orientations_alike():
    assert (orientation_weights("all", 3) == 1 / 8).all()
