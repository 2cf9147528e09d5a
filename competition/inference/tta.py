"""Test-time augmentation: how often each of the eight orientations is seen."""

import numpy as np

from competition.common.seeds import generator

VIEWS = 8  # the dihedral group of the square: 2 flips x 4 quarter turns


def view_weights(passes: int, seed: int) -> np.ndarray:
    """(8,) float64, sums to 1: the share of `passes` in which each view is seen.

    A pass draws a flip (none or left-right) and a quarter turn (0 to 3), evenly. View `turns + 4 * flip` is: flip
    left-right first if `flip`, then `np.rot90(image, turns)`. Any number of passes is a mean over at most 8 views.
    """
    if passes < 1:
        raise ValueError(f"passes: expected at least 1, found {passes}")
    flips, turns = generator(seed, "test-time augmentation").integers([[2], [4]], size=(2, passes))
    return np.bincount(turns + 4 * flips, minlength=VIEWS) / passes
