"""Resizing of images: letterbox (aspect ratio kept, padded), shrinking, plain."""

import cv2
import numpy as np


def resize(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return `image` at `height` x `width` pixels: averaged where it shrinks, interpolated where it grows."""
    if image.shape[:2] == (height, width):
        return image
    shrinks = height <= image.shape[0] and width <= image.shape[1]
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)


def shrink(image: np.ndarray, longest_side: int) -> np.ndarray:
    """Return `image` with its longest side at most `longest_side` pixels, aspect ratio kept."""
    height, width = image.shape[:2]
    scale = longest_side / max(height, width)
    if scale >= 1:
        return image
    return resize(image, max(1, round(height * scale)), max(1, round(width * scale)))


def letterbox(image: np.ndarray, size: int, fill: int = 255) -> np.ndarray:
    """Return `image` scaled and centred in a `size` x `size` square, aspect ratio kept, uint8 (size, size, 3).

    The longer side becomes exactly `size`; the shorter is rounded to the nearest pixel, at least 1. The padding is
    grey level `fill`; where it can't be the same on both sides, the right or lower one is a pixel wider.
    """
    height, width = image.shape[:2]
    longest = max(height, width)
    inner = resize(image, max(1, round(height * size / longest)), max(1, round(width * size / longest)))
    square = np.full((size, size, 3), fill, np.uint8)
    top, left = (size - inner.shape[0]) // 2, (size - inner.shape[1]) // 2
    square[top : top + inner.shape[0], left : left + inner.shape[1]] = inner
    return square
