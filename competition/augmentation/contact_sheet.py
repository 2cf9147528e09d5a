"""Contact sheet: an image of each class and its damaged copies side by side, to see whether labels stay clear."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from competition.common.fonts import draw_text, lacking
from competition.common.image_grid import GAP, PAPER, wrapped, write_grid
from competition.data.image_store import ImageStore
from competition.data.letterbox import resize
from competition.data.predictions import SEVERE

TILE, LABEL, HEAD, TEXT = 150, 170, 24, 14  # pixels
VIEWS = {"clean": "clean", "test_like": "test-like", SEVERE: "severe", "train": "copy"}  # -> heading
CLASSES = 17  # that have a row: a sheet of more can't be read


def contact_sheet(
    store: ImageStore, class_names: Mapping[str, str] | None = None, classes: int = CLASSES, copies: int = 8
) -> np.ndarray:
    """Return a sheet of the augmented `store`, uint8 (H, W, 3) RGB: a row for each of the first `classes` classes.

    A row shows the class's first image by ID that is scored: clean, test-like, severe, and up to `copies` copies. Of a
    class that no fold scores it is the first one: what it lacks stays blank.
    `class_names` (target -> readable name) gives the order of the classes and their labels; without it, or where it
    lacks one, the targets do.
    """
    rows = _first_sources(store)
    names = {target: name for target, name in (class_names or {}).items() if target in rows}
    names |= {target: str(target) for target in sorted(rows, key=str) if target not in names}
    chosen = list(names)[:classes]
    packed = set(store.column("view"))
    shown = {(view, 0): VIEWS[view] for view in VIEWS if view in packed and view != "train"}  # -> heading
    most = max((number + 1 for target in chosen for view, number in rows[target] if view == "train"), default=0)
    shown |= {("train", number): f"{VIEWS['train']} {number}" for number in range(min(copies, most))}
    width, height = LABEL + len(shown) * (TILE + GAP), HEAD + len(chosen) * (TILE + GAP)
    sheet = Image.new("RGB", (width, height), PAPER)
    draw = ImageDraw.Draw(sheet)
    for column, head in enumerate(shown.values()):
        draw_text(draw, (LABEL + column * (TILE + GAP) + TILE // 2, HEAD // 2), head, TEXT, "mm")
    for line, target in enumerate(chosen):
        top = HEAD + line * (TILE + GAP)
        label = wrapped(_label(target, names[target]), TEXT, LABEL - 2 * GAP)
        draw_text(draw, (GAP, top + TILE // 2), label, TEXT, "lm")
        for column, key in enumerate(shown):
            if key in rows[target]:
                tile = resize(store.image(rows[target][key]), TILE, TILE)
                sheet.paste(Image.fromarray(tile), (LABEL + column * (TILE + GAP), top))
    return np.asarray(sheet)


def _label(target: str | None, name: str) -> str:
    """Return the class's name, and its target before it where no font has all letters of the name."""
    return f"class {target}: {name}" if name != target and lacking([name]) else name


def write_contact_sheet(path: Path | str, store: ImageStore, class_names: Mapping[str, str] | None = None) -> None:
    """Write the `contact_sheet` of `store` as a PNG with a palette."""
    write_grid(path, contact_sheet(store, class_names))


def _first_sources(store: ImageStore) -> dict[str | None, dict[tuple[str, int], int]]:
    """Return for each target the rows of its first source's images, by view and number of the copy.

    It is one that is scored, where the target has one.
    """
    ids, targets = store.column("source_id"), store.column("target")
    kinds, copy = store.column("view"), store.column("copy")
    scored = {id for id, kind in zip(ids, kinds, strict=True) if kind == "test_like"}
    first: dict[str | None, str] = {}
    for id, target in zip(ids, targets, strict=True):
        first[target] = min(first.get(target, id), id, key=lambda id: (id not in scored, id))
    found: dict[str | None, dict[tuple[str, int], int]] = {target: {} for target in first}
    for row, (id, target) in enumerate(zip(ids, targets, strict=True)):
        if first[target] == id:
            found[target][kinds[row], int(copy[row])] = row
    return found
