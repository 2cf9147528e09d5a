"""Wear of the hard sample's pages, of kinds that neither the default sample nor augmentation has.

Each function takes and returns uint8 RGB (H, W, 3) of one shape and draws all it needs from `rng`.
"""

import cv2
import numpy as np

from competition.sample import fake_text
from competition.sample.canvas import Page
from competition.sample.elements import paragraph
from competition.sample.randomness import chance, pick

PENS = ((25, 35, 120), (20, 20, 25), (170, 25, 35))


def pen(page: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Pen strokes: words put in a ring or struck out, ticks, a scrawl across the page."""
    height, width = page.shape[:2]
    out, ink = page.copy(), pick(rng, PENS)
    for _ in range(rng.integers(3, 9)):
        x, y = rng.uniform(0.05, 0.85) * width, rng.uniform(0.05, 0.95) * height
        reach = rng.uniform(0.06, 0.3) * width
        steps = np.linspace(0, 1, 40)
        kind = pick(rng, ("ring", "strike", "scrawl"))
        if kind == "ring":
            angles = 2 * np.pi * 1.15 * steps + rng.uniform(0, 6)
            xs, ys = x + reach / 2 * np.cos(angles) * (1 + 0.08 * steps), y + reach / 6 * np.sin(angles)
        else:
            waves, high = (rng.integers(1, 3), 0.01) if kind == "strike" else (rng.integers(4, 9), 0.03)
            xs = x + reach * steps + 0.02 * reach * np.cos(2 * np.pi * waves * 1.7 * steps)
            ys = y + high * height * np.sin(2 * np.pi * waves * steps + rng.uniform(0, 6)) * rng.uniform(0.4, 1)
        points = np.stack([xs, ys], 1).round().astype(np.int32)
        cv2.polylines(out, [points], False, ink, int(rng.integers(1, 4)), cv2.LINE_AA)
    return out


def stamp(page: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One or two rubber stamps, askew, their ink missing in places."""
    height, width = page.shape[:2]
    out = page.astype(np.float32)
    for _ in range(rng.integers(1, 3)):
        pad = Page(rng, rng.uniform(2.2, 3.6), (255, 255, 255), (180, 260), (0, 0, 0))
        pad.frame((0.02, 0.05, 0.98, 0.95), width=4)
        word = pick(rng, ("COPY", "PAID", "VOID", "FILED", "RECEIVED", "CHECKED"))
        pad.write((0.06, 0.12, 0.94, 0.62), word, "m", bold=True)
        pad.write((0.06, 0.66, 0.94, 0.88), fake_text.date(rng), "m")
        mark = 1 - np.asarray(pad.image.convert("L"), np.float32) / 255
        missing = cv2.resize(rng.random((12, 36), np.float32), mark.shape[::-1], interpolation=cv2.INTER_CUBIC)
        mark *= np.clip(1.5 * missing, 0.1, 1)
        angle, size = np.radians(rng.normal(0, 25)), rng.uniform(0.25, 0.5) * width / mark.shape[1]
        turn = size * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        place = rng.uniform(0.15, 0.85, 2) * (width, height) - turn @ (np.array(mark.shape[::-1]) / 2)
        mark = cv2.warpAffine(mark, np.hstack([turn, place[:, None]]), (width, height))[..., None]
        ink = np.array(pick(rng, ((190, 30, 45), (40, 60, 160), (60, 60, 70), (30, 120, 80))), np.float32)
        out = out * (1 - 0.85 * mark) + ink * 0.85 * mark * (out / 255)
    return np.clip(out, 0, 255).astype(np.uint8)


def tape(page: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One to three strips of adhesive tape, yellowed or milky."""
    height, width = page.shape[:2]
    out = page
    for _ in range(rng.integers(1, 4)):
        centre = rng.uniform(0, 1, 2) * (width, height)
        size = rng.uniform(0.25, 0.7) * width, rng.uniform(0.04, 0.08) * width
        box = cv2.boxPoints((tuple(map(float, centre)), tuple(map(float, size)), float(rng.uniform(0, 180))))
        strip = out.copy()
        cv2.fillPoly(strip, [box.astype(np.int32)], pick(rng, ((214, 186, 120), (235, 235, 230), (150, 110, 70))))
        keep = rng.uniform(0.2, 0.6)
        out = cv2.addWeighted(out, keep, strip, 1 - keep, 0)
    return out


def punched(page: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Two to six holes of a file along one side, and at times a staple in a corner."""
    height, width = page.shape[:2]
    out, radius = page.copy(), int(rng.uniform(0.012, 0.022) * max(height, width))
    upright = chance(rng, 0.7)
    for along in np.linspace(0.15, 0.85, int(rng.integers(2, 7))):
        place = (0.045 * width, along * height) if upright else (along * width, 0.045 * height)
        centre = int(place[0]), int(place[1])
        cv2.circle(out, centre, radius, rng.integers(20, 90, 3).tolist(), -1, cv2.LINE_AA)
        cv2.circle(out, centre, radius + 1, (150, 150, 150), 1, cv2.LINE_AA)
    if chance(rng, 0.5):
        x, y = int(rng.uniform(0.03, 0.1) * width), int(rng.uniform(0.03, 0.08) * height)
        cv2.line(out, (x, y + 9), (x + 16, y), (120, 122, 128), 3, cv2.LINE_AA)
        cv2.line(out, (x, y + 11), (x + 16, y + 2), (60, 60, 60), 1, cv2.LINE_AA)
    return out


def show_through(page: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The print on the back of thin paper, mirrored and soft."""
    height, width = page.shape[:2]
    back = Page(rng, width / height, (255, 255, 255), (300, 400), (0, 0, 0))
    for i in range(rng.integers(2, 6)):
        top = 0.05 + 0.19 * i
        if chance(rng, 0.4):
            back.frame((0.08, top, 0.92, top + 0.15), width=2)
        paragraph(back, (0.08, top, 0.92, top + 0.16), int(rng.integers(3, 7)))
    seen = cv2.resize(np.asarray(back.image.convert("L"))[:, ::-1], (width, height), interpolation=cv2.INTER_LINEAR)
    seen = cv2.GaussianBlur(seen, (0, 0), rng.uniform(0.8, 2.0)).astype(np.float32) / 255
    return (page * (1 - rng.uniform(0.25, 0.6) * (1 - seen))[..., None]).astype(np.uint8)


def crumple(page: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Paper that was crushed and smoothed: a net of facets, lit from one side, lines of print bent."""
    height, width = page.shape[:2]
    side, cells = int(1.6 * max(height, width)), int(rng.integers(9, 20))
    depth = rng.standard_normal((cells, cells)).astype(np.float32)
    depth = cv2.resize(depth, (side, side), interpolation=cv2.INTER_LINEAR)
    turn = cv2.getRotationMatrix2D((side / 2, side / 2), rng.uniform(10, 80), 1)
    turn[:, 2] += (width - side) / 2, (height - side) / 2
    depth = cv2.warpAffine(depth, turn, (width, height))
    dy, dx = np.gradient(depth)
    scale = side / cells
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    bend = rng.uniform(1.0, 3.0)
    bent = cv2.remap(
        page, xs + bend * scale * dx, ys + bend * scale * dy, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    light = rng.uniform(12, 32) * scale * (dx * rng.uniform(-1, 1) + dy * rng.uniform(-1, 1))
    return np.clip(bent + light[..., None], 0, 255).astype(np.uint8)
