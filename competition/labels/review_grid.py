"""Image grid of the label review: the images whose labels are in doubt, with label and suggestion."""

from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw

from competition.common.fonts import draw_text
from competition.common.image_grid import GAP, PAPER, shortened, write_grid
from competition.data.image_store import ImageStore
from competition.data.letterbox import letterbox

TILE, LINE, TEXT, COLUMNS, MOST = 220, 17, 13, 6, 24  # pixels, pixels, pixels, tiles beside each other, tiles in all
LINES = 4  # of text under a tile


def label_grid(store: ImageStore, review: pd.DataFrame) -> np.ndarray:
    """Return a grid of the first 24 images of `review` (see `review_labels`), uint8 (H, W, 3) RGB, from `store`.

    Under each: its place in the list and its ID; its label; the suggestion; the probabilities of both.
    """
    shown = review.head(MOST)
    height, width = TILE + LINES * LINE + GAP, TILE + GAP
    sheet = Image.new("RGB", (COLUMNS * width + GAP, max(1, -(-len(shown) // COLUMNS)) * height + GAP), PAPER)
    draw = ImageDraw.Draw(sheet)
    if shown.empty:
        draw_text(draw, (sheet.width // 2, sheet.height // 2), "no label is in doubt", TEXT, "mm")
    id2row = {id: row for row, id in enumerate(store.column("id"))}
    for place, entry in enumerate(shown.itertuples()):
        left, top = GAP + place % COLUMNS * width, GAP + place // COLUMNS * height
        sheet.paste(Image.fromarray(letterbox(store.image(id2row[entry.ID]), TILE)), (left, top))
        for number, text in enumerate(_caption(place + 1, entry)):
            draw_text(draw, (left, top + TILE + number * LINE), shortened(text, TEXT, TILE), TEXT)
    return np.asarray(sheet)


def write_label_grid(path: Path | str, store: ImageStore, review: pd.DataFrame) -> None:
    """Write `label_grid` of `review` as a PNG."""
    write_grid(path, label_grid(store, review))


def _caption(place: int, entry) -> tuple[str, ...]:
    names = (entry.target, entry.class_name), (entry.suggestion, entry.suggested_name)
    label, suggestion = (target if target == name else f"{target} {name}".strip() for target, name in names)
    return (
        f"{place}.  {entry.ID}",
        f"label {label}",
        f"-> {suggestion}",
        f"{entry.label_probability:.2f} -> {entry.confidence:.2f}, {entry.agreeing:.0%} agree",
    )
