"""The 8 orientations against NumPy's flips and turns."""

import numpy as np
import pytest

from competition.data.orientations import COMPOSED, INVERSE, oriented, oriented_image

IMAGE = np.random.default_rng(0).integers(0, 256, (5, 5, 3), dtype=np.uint8)


@pytest.mark.parametrize("orientation", range(8))
def test_an_orientation_is_a_flip_left_right_and_then_quarter_turns(orientation):
    flip, turns = divmod(orientation, 4)
    expected = np.rot90(np.fliplr(IMAGE) if flip else IMAGE, turns)
    found = oriented_image(IMAGE, orientation)
    assert found.dtype == np.uint8 and (found == expected).all()
    channels_first = IMAGE.transpose(2, 0, 1)
    assert (oriented(channels_first, orientation).transpose(1, 2, 0) == expected).all()
    assert (oriented(oriented(channels_first, orientation), INVERSE[orientation]) == channels_first).all()


def test_two_orientations_are_one():
    for first in range(8):
        assert COMPOSED[first, INVERSE[first]] == 0
        for then in range(8):
            both = oriented_image(np.ascontiguousarray(oriented_image(IMAGE, first)), then)
            assert (both == oriented_image(IMAGE, COMPOSED[first, then])).all()
