"""Test-time augmentation: random flips and quarter turns, as weights of the 8 orientations."""

from typing import TYPE_CHECKING

import numpy as np

from competition.common.seeds import generator
from competition.data.orientations import ORIENTATIONS, flip_and_turns

if TYPE_CHECKING:
    import torch  # the stage `ensemble` needs the weights of orientations, and no torch


def orientation_weights(passes: int, seed: int) -> np.ndarray:
    """Return (8,) float64, sums to 1: the share of `passes` in which each orientation is seen.

    A pass draws a flip (none or left-right) and a quarter turn (0 to 3), evenly. Any number of passes is a mean over at
    most 8 orientations, see `data.orientations`.
    """
    if passes < 1:
        raise ValueError(f"passes: expected at least 1, found {passes}")
    flips, turns = generator(seed, "test-time augmentation").integers([[2], [4]], size=(2, passes))
    return np.bincount(turns + 4 * flips, minlength=ORIENTATIONS) / passes


def oriented_batch(pixels: "torch.Tensor", orientation: int, axes: tuple[int, int]) -> "torch.Tensor":
    """Return `pixels` in `orientation`; axes: of height and width."""
    import torch

    flip, turns = flip_and_turns(orientation)
    return torch.rot90(pixels.flip(axes[1]) if flip else pixels, turns, axes)
