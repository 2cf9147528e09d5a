"""Image grid: its paper, text that fits into a width, and the file."""

from pathlib import Path

import numpy as np
from PIL import Image

from competition.common.files import replace_file
from competition.common.fonts import drawable, width_of

GAP = 4  # pixels
PAPER = (216, 216, 216)  # grey, so that an image's own margin is seen
COLOURS = 256  # of the palette: noise hardly packs, and a grid in full colour is three times as large


def write_grid(path: Path | str, grid: np.ndarray) -> None:
    """Write `grid`, uint8 (H, W, 3) RGB, as a PNG with a palette."""
    palette = Image.fromarray(grid).quantize(COLOURS, dither=Image.Dither.NONE)
    with replace_file(path) as temporary:
        palette.save(temporary, format="PNG", optimize=True)


def wrapped(text: str, size: int, width: int) -> str:
    """Return `text`, underscores as spaces, in lines no longer than `width` pixels; a longer word is broken."""
    lines = [""]
    for word in drawable(text).replace("_", " ").split():
        longer = f"{lines[-1]} {word}".strip()
        if width_of(longer, size) <= width:
            lines[-1] = longer
            continue
        lines.append("")
        for mark in word:
            if lines[-1] and width_of(lines[-1] + mark, size) > width:
                lines.append("")
            lines[-1] += mark
    return "\n".join(line for line in lines if line)


def shortened(text: str, size: int, width: int) -> str:
    """Return `text`, cut behind with three dots where it is longer than `width` pixels."""
    text = drawable(text)
    if width_of(text, size) <= width:
        return text
    while text and width_of(f"{text}...", size) > width:
        text = text[:-1]
    return f"{text}..."
