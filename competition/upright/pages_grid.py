"""Image grid of test images before and after they are turned upright, to see whether pages are found."""

from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw

from competition.common.fonts import draw_text
from competition.common.image_grid import GAP, PAPER, write_grid
from competition.data.image_store import ImageStore
from competition.data.letterbox import letterbox
from competition.upright.photographs import corners_in_square
from competition.upright.straighten import FoldStraightener

TILE, HEAD, TEXT = 180, 20, 12  # pixels
COLUMNS, ROWS = 4, 6
EDGE = (220, 30, 30)


def pages_grid(straighten: FoldStraightener, store: ImageStore, fill: int, count: int = COLUMNS * ROWS) -> np.ndarray:
    """Return a grid of `count` images of `store`, evenly spread, uint8 (H, W, 3) RGB.

    Each picture with the page's edge as it was found, beside it the upright square, over it how sure its orientation
    is.
    """
    rows = np.unique(np.linspace(0, len(store) - 1, min(count, len(store))).round().astype(int))
    pictures = [store.image(row) for row in rows]
    pages = straighten.pages(pictures, [""] * len(pictures), fill)
    squares, orientations = straighten.squares(pictures, [""] * len(pictures), TILE, fill)
    lines = -(-len(rows) // COLUMNS)
    width, height = COLUMNS * (2 * TILE + 3 * GAP), lines * (TILE + HEAD + GAP)
    grid = Image.new("RGB", (width, height), PAPER)
    draw = ImageDraw.Draw(grid)
    for place, (picture, page, square) in enumerate(zip(pictures, pages, squares, strict=True)):
        left, top = place % COLUMNS * (2 * TILE + 3 * GAP), place // COLUMNS * (TILE + HEAD + GAP)
        tile = letterbox(picture, TILE, fill)
        edge = (corners_in_square(page.quad, picture) * TILE).round().astype(np.int32)
        cv2.polylines(tile, [edge], isClosed=True, color=EDGE, thickness=2, lineType=cv2.LINE_AA)
        grid.paste(Image.fromarray(tile), (left, top + HEAD))
        grid.paste(Image.fromarray(square), (left + TILE + GAP, top + HEAD))
        sure = f"upright: {orientations[place, 0]:.0%}"
        draw_text(draw, (left + TILE + GAP + TILE // 2, top + HEAD // 2), sure, TEXT, "mm")
    return np.asarray(grid)


def write_pages_grid(path: Path | str, straighten: FoldStraightener, store: ImageStore, fill: int) -> None:
    """Write the `pages_grid` of `store` as a PNG with a palette."""
    write_grid(path, pages_grid(straighten, store, fill))
