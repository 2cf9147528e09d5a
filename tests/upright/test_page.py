"""The upright square of a found page, and what is said of its orientations."""

import numpy as np
import pytest

from competition.data.orientations import ORIENTATIONS, oriented_image
from competition.upright.geometry import whole
from competition.upright.page import FoundPage, upright_square

PAGE = np.random.default_rng(0).integers(0, 255, (32, 32, 3)).astype(np.uint8)


@pytest.mark.parametrize("second", range(ORIENTATIONS))
@pytest.mark.parametrize("likeliest", range(ORIENTATIONS))
def test_the_square_is_upright_in_the_orientations_that_were_thought_likely(likeliest, second):
    probabilities = np.full(ORIENTATIONS, 0.01)
    probabilities[second], probabilities[likeliest] = 0.3, 0.5
    for seen in {likeliest, second}:
        picture = oriented_image(PAGE, seen)
        square, orientations = upright_square(picture, FoundPage(whole(picture), probabilities), 32, 255)
        assert sorted(orientations) == sorted(probabilities)
        assert orientations.argmax() == 0
        upright = [i for i in range(ORIENTATIONS) if (oriented_image(square, i) == PAGE).all()]
        assert [orientations[i] for i in upright] == [probabilities[seen]]
