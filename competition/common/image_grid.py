"""Image grid: its paper, text that fits into a width, and the file."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageFont

from competition.common.files import replace_file

GAP = 4  # pixels
PAPER = (216, 216, 216)  # grey, so that an image's own margin is seen
COLOURS = 256  # of the palette: noise hardly packs, and a grid in full colour is three times as large


def write_grid(path: Path | str, grid: np.ndarray) -> None:
    """Write `grid`, uint8 (H, W, 3) RGB, as a PNG with a palette."""
    palette = Image.fromarray(grid).quantize(COLOURS, dither=Image.Dither.NONE)
    with replace_file(path) as temporary:
        palette.save(temporary, format="PNG", optimize=True)


def wrapped(text: str, font: ImageFont.FreeTypeFont, width: int) -> str:
    """Return `text`, underscores as spaces, in lines no longer than `width` pixels; a longer word has its own line."""
    lines = [""]
    for word in text.replace("_", " ").split():
        longer = f"{lines[-1]} {word}".strip()
        lines = [*lines[:-1], longer] if font.getlength(longer) <= width else [*lines, word]
    return "\n".join(line for line in lines if line)


def shortened(text: str, font: ImageFont.FreeTypeFont, width: int) -> str:
    """Return `text`, cut behind with three dots where it is longer than `width` pixels."""
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(f"{text}...") > width:
        text = text[:-1]
    return f"{text}..."
