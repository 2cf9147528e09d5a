"""Test-time augmentation: random flips and quarter turns, as weights of the 8 orientations.

An image that was turned upright brings weights of its own, the probabilities that each of its orientations is upright.
"""

from typing import TYPE_CHECKING, Protocol

import numpy as np

from competition.common.seeds import generator
from competition.data.orientations import ORIENTATIONS, flip_and_turns

if TYPE_CHECKING:
    import torch  # the stage `ensemble` needs the weights of orientations, and no torch


def orientation_weights(passes: int | str, seed: int) -> np.ndarray:
    """Return (8,) float64, sums to 1: the share of `passes` in which each orientation is seen.

    A pass draws a flip (none or left-right) and a quarter turn (0 to 3), evenly. Any number of passes is a mean over at
    most 8 orientations, see `data.orientations`. "all": each of them once.
    """
    if passes == "all":
        return np.full(ORIENTATIONS, 1 / ORIENTATIONS)
    if passes < 1:
        raise ValueError(f"passes: expected at least 1, found {passes}")
    flips, turns = generator(seed, "test-time augmentation").integers([[2], [4]], size=(2, passes))
    return np.bincount(turns + 4 * flips, minlength=ORIENTATIONS) / passes


class OrientedImages(Protocol):
    """Images that may know how likely each of their orientations is upright."""

    def orientations(self, rows: np.ndarray) -> np.ndarray | None:
        """Return (R, 8), rows sum to 1, of the images `rows` (R,), or None where nobody turned them upright."""
        ...


def view_weights(images: OrientedImages, rows: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
    """Return the weights of the orientations in which `images` at `rows` (R,) are looked at: (8,), of all, or (R, 8).

    weights: (8,), of images that weren't turned upright; None: one look at each image, as it is packed.
    """
    if weights is None:
        return np.eye(ORIENTATIONS)[0]
    own = images.orientations(rows)
    return weights if own is None else own


def oriented_batch(pixels: "torch.Tensor", orientation: int, axes: tuple[int, int]) -> "torch.Tensor":
    """Return `pixels` in `orientation`; axes: of height and width."""
    import torch

    flip, turns = flip_and_turns(orientation)
    return torch.rot90(pixels.flip(axes[1]) if flip else pixels, turns, axes)
