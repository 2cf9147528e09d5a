"""Finds the page in a picture and turns it upright, with the networks beside this file.

Needs NumPy, Pillow and onnxruntime. Corners are (4, 2), x and y, from the upper left corner of the first pixel; a quad
is a page's corners, clockwise from the upper left one on. Orientations are 0 to 7: flipped left-right from 4 on, then
turned counter-clockwise by a quarter as often as the rest says.
"""

import json
from functools import cache
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image

FACTS = json.loads(Path(__file__).with_name("upright.json").read_text())
UNIT_SQUARE = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
BACK = (0, 3, 2, 1, 4, 5, 6, 7)  # the orientation that undoes each


def turned_upright(picture):
    """Return the page in `picture`, uint8 (height, width, 3) RGB, straight and upright, uint8 (size, size, 3)."""
    size, margin = FACTS["orientation_size"], FACTS["margin"]
    quad = quad_in(answer_of("corners", picture), picture)
    likely, offsets = seen(straightened(picture, quad, size, margin))
    straight = placed(quad, size, margin)
    better = moved(straight + offsets * size, homography(straight, quad))
    square = straightened(picture, better if plausible(better, picture) else quad, FACTS["size"])
    return np.ascontiguousarray(oriented(square, BACK[int(np.argmax(likely))]))


def seen(page):
    """Return how likely each orientation is that a straight `page` is seen in, log-probabilities (8,), and by what its
    corners are off (4, 2), in shares of the side: means over some orientations in which the page is looked at, no
    more once one is likely enough.
    """
    likely, offsets = np.zeros(8), np.zeros(8)
    for looks, view in enumerate(FACTS["views"], 1):
        output = answer_of("orientation", np.ascontiguousarray(oriented(page, view["orientation"])))
        logits = output[:8] - output[:8].max()
        likely += (logits - np.log(np.exp(logits).sum()))[view["seen_as"]]
        offsets += output[8:] @ np.array(view["offsets"])
        chances = np.exp(likely / looks - (likely / looks).max())
        if chances.max() > FACTS["sure"] * chances.sum():
            break
    return likely / looks, offsets.reshape(4, 2) / looks


def quad_in(output, picture):
    """Return the quad that the first network's `output` (18,) says; of the whole picture where it can't be a page."""
    shares = clockwise((output[:8] if output[16] > 0 else output[8:16]).reshape(4, 2) + 0.5)
    sides = np.array(picture.shape[1::-1])
    quad = shares * sides.max() - (sides.max() - sides) / 2
    return quad if plausible(quad, picture) else UNIT_SQUARE * sides


def clockwise(corners):
    """Return `corners` clockwise, from the upper left one on."""
    following = np.roll(corners, -1, axis=0)
    mirrored = (corners[:, 0] * following[:, 1] - following[:, 0] * corners[:, 1]).sum() < 0
    quad = corners[::-1] if mirrored else corners
    outwards = quad - quad.mean(axis=0)
    outwards = outwards / np.maximum(np.linalg.norm(outwards, axis=1, keepdims=True), 1e-9)
    return np.roll(quad, -int(np.argmax(outwards @ np.array([-1.0, -1.0]))), axis=0)


def plausible(quad, picture):
    """Whether `quad` may be a page: finite, convex, no side too short, mostly within the picture."""
    sides, longest = np.roll(quad, -1, axis=0) - quad, max(picture.shape[:2])
    turns = sides[:, 0] * np.roll(sides[:, 1], -1) - sides[:, 1] * np.roll(sides[:, 0], -1)
    if not np.isfinite(quad).all() or not ((turns >= 0).all() or (turns <= 0).all()):
        return False
    inside = np.abs(quad - np.array(picture.shape[1::-1]) / 2) <= longest
    return bool(np.linalg.norm(sides, axis=1).min() >= FACTS["least_side"] * longest and inside.all())


def straightened(picture, quad, size, margin=0.0):
    """Return the page at `quad` as a square, uint8 (size, size, 3); margin: share of the side left free all around."""
    image, (height, width) = Image.fromarray(picture), picture.shape[:2]
    scale = size * (1 - 2 * margin) / max(*page_sides(quad), 1e-9)
    if scale < 0.75:
        small = max(1, round(width * scale)), max(1, round(height * scale))
        image, quad = image.resize(small, Image.Resampling.HAMMING), quad * [small[0] / width, small[1] / height]
    matrix = homography(placed(quad, size, margin), quad)  # from the square back into the picture
    fill = (FACTS["fill"],) * 3
    warp = Image.Transform.PERSPECTIVE, matrix.ravel()[:8], Image.Resampling.BILINEAR
    return np.asarray(image.transform((size, size), *warp, fillcolor=fill))


def page_sides(quad):
    length = np.linalg.norm(np.roll(quad, -1, axis=0) - quad, axis=1)
    return (length[0] + length[2]) / 2, (length[1] + length[3]) / 2


def placed(quad, size, margin):
    """Return where the quad's corners go in a square of `size` pixels: aspect ratio kept, in the middle."""
    sides = np.array(page_sides(quad))
    half = np.maximum(sides * size * (1 - 2 * margin) / max(*sides, 1e-9), 1.0) / 2
    return size / 2 + (2 * UNIT_SQUARE - 1) * half


def homography(source, target):
    """Return the (3, 3) homography, 1 at its end, that takes four points `source` to `target`."""
    (x, y), (u, v) = source.T, target.T
    zero, one = np.zeros(4), np.ones(4)
    rows = [np.stack([x, y, one, zero, zero, zero, -u * x, -u * y], axis=1)]
    rows += [np.stack([zero, zero, zero, x, y, one, -v * x, -v * y], axis=1)]
    return np.append(np.linalg.solve(np.concatenate(rows), np.concatenate([u, v])), 1.0).reshape(3, 3)


def moved(points, matrix):
    found = np.c_[points, np.ones(len(points))] @ matrix.T
    return found[:, :2] / found[:, 2:]


def oriented(image, orientation):
    flip, turns = divmod(orientation, 4)
    return np.rot90(np.fliplr(image) if flip else image, turns)


def answer_of(name, image):
    return session(name).run(None, {"images": image[None]})[0][0].astype(np.float64)


@cache
def session(name):
    return onnxruntime.InferenceSession(Path(__file__).with_name(f"upright_{name}.onnx"))
