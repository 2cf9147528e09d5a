"""Augraphy's InkBleed in OpenCV's fast operations: the same image to the bit, given the same mask.

It has no banked layers: its only one would be a mask of noise, which is faster drawn than read.
"""

import cv2
import numpy as np

SEVERITY = (0.3, 0.4)  # share of the pixels near an edge that run; InkBleed's default
INTENSITY = (0.4, 0.7)  # opacity; InkBleed's default
_KERNEL = np.ones((5, 5), np.uint8)
_REACH = 4  # rows that a pixel depends on, above and below: 1 of the gradient, 2 of the dilation, 1 of the blur
_STRIP = 16384  # pixels worked on at once


def drawn(image: np.ndarray, generator: np.random.Generator, amount: float) -> np.ndarray:
    """Return `image` (uint8, (H, W, 3)) with running ink at opacity `amount`; what runs is drawn from `generator`."""
    height, width = image.shape[:2]
    mask = np.frombuffer(generator.bytes(height * width), np.uint8).reshape(height, width)
    return bleed(image, mask, generator.uniform(*SEVERITY) * 256, amount * generator.uniform(*INTENSITY))


def bleed(image: np.ndarray, mask: np.ndarray, severity: float, intensity: float) -> np.ndarray:
    """Return `image` (uint8, (H, W, 3)) blurred and darkened near edges where `mask` (uint8, (H, W)) < `severity`."""
    height, width = image.shape[:2]
    rows = max(_REACH, _STRIP // width)
    output = np.empty_like(image)
    for top in range(
        0, height, rows
    ):  # in strips, whose buffers stay in the cache: twice as fast as the whole page at once
        above, bottom = max(0, top - _REACH), min(height, top + rows)
        strip = slice(above, min(height, bottom + _REACH))
        output[top:bottom] = _bleed(image[strip], mask[strip], severity, intensity)[top - above : bottom - above]
    return output


def _bleed(image: np.ndarray, mask: np.ndarray, severity: float, intensity: float) -> np.ndarray:
    across, down = cv2.Scharr(image, cv2.CV_16S, 1, 0), cv2.Scharr(image, cv2.CV_16S, 0, 1)
    edges = cv2.dilate(cv2.convertScaleAbs(cv2.subtract(across, down)), _KERNEL)
    near_edge = cv2.threshold(cv2.cvtColor(edges, cv2.COLOR_RGB2GRAY), 0, 255, cv2.THRESH_BINARY)[1]
    runs = cv2.threshold(mask, np.ceil(severity) - 1, 255, cv2.THRESH_BINARY_INV)[1]
    output = cv2.copyTo(cv2.erode(image, _KERNEL), cv2.bitwise_and(near_edge, runs), image.copy())
    return cv2.addWeighted(cv2.GaussianBlur(output, (3, 3), 0), intensity, image, 1 - intensity, 0)
