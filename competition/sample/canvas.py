"""A canvas for pages: text and boxes placed by fractions of the page."""

from functools import lru_cache
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from competition.sample.randomness import pick

Box = tuple[float, float, float, float]  # left, top, right, bottom, as fractions of the page

FAMILIES = (
    ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf"),
    ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf"),
    ("DejaVuSerif.ttf", "DejaVuSerif-Bold.ttf"),
    ("STIXGeneral.ttf", "STIXGeneralBol.ttf"),
    ("DejaVuSansMono.ttf", "DejaVuSansMono-Bold.ttf"),
)
INKS = ((20, 20, 20), (40, 40, 45), (15, 20, 60), (50, 35, 30), (30, 50, 40))


@lru_cache(maxsize=512)
def font(file: str, pixels: int) -> ImageFont.FreeTypeFont:
    """One of the fonts that matplotlib ships, `pixels` high."""
    return ImageFont.truetype(Path(matplotlib.get_data_path(), "fonts", "ttf", file), pixels)


def colour(rng: np.random.Generator, low: int, high: int) -> tuple[int, int, int]:
    """An RGB colour whose channels lie in [low, high)."""
    red, green, blue = rng.integers(low, high, 3)
    return int(red), int(green), int(blue)


def part(box: Box, left: float, top: float, right: float, bottom: float) -> Box:
    """The box inside `box` at the given fractions of it."""
    width, height = box[2] - box[0], box[3] - box[1]
    return box[0] + left * width, box[1] + top * height, box[0] + right * width, box[1] + bottom * height


class Page:
    """An RGB image under the brush, with one ink, one pair of fonts and one line width.

    `ratio` is width / height; `long_side_range` bounds the longer side in pixels.
    """

    def __init__(self, rng, ratio: float, paper, long_side_range: tuple[int, int] = (400, 600), ink=None):
        side = int(rng.integers(*long_side_range))
        self.width = side if ratio >= 1 else round(side * ratio)
        self.height = side if ratio < 1 else round(side / ratio)
        self.rng = rng
        self.image = Image.new("RGB", (self.width, self.height), paper)
        self.draw = ImageDraw.Draw(self.image)
        self.ink = ink or pick(rng, INKS)
        self.plain, self.bold = pick(rng, FAMILIES)
        self.line_width = pick(rng, (1, 1, 2))

    def pixels(self, box: Box) -> list[int]:
        """`box` in pixels, at least one pixel wide and high."""
        left, top = round(box[0] * self.width), round(box[1] * self.height)
        return [left, top, max(left + 1, round(box[2] * self.width)), max(top + 1, round(box[3] * self.height))]

    def write(self, box: Box, text: str, align: str = "l", bold: bool = False, ink=None, file: str | None = None):
        """Write one line of text, as large as fits in `box`; `align` is l, m or r."""
        left, top, right, bottom = self.pixels(box)
        file = file or (self.bold if bold else self.plain)
        per_pixel = font(file, 32).getlength(text) / 32
        size = int(min((bottom - top) * 0.9, 0.96 * (right - left) / max(per_pixel, 0.1)))
        x = {"l": left, "m": (left + right) / 2, "r": right}[align]
        place = (x, (top + bottom) / 2)
        self.draw.text(place, text, fill=ink or self.ink, font=font(file, max(size, 4)), anchor=align + "m")

    def frame(self, box: Box, fill=None, line=None, width: int | None = None):
        """Draw a rectangle; `width` 0 leaves out its outline."""
        width = self.line_width if width is None else width
        self.draw.rectangle(self.pixels(box), fill=fill, outline=(line or self.ink) if width else None, width=width)

    def rule(self, left: float, top: float, right: float, bottom: float, ink=None):
        """Draw a straight line."""
        place = (left * self.width, top * self.height, right * self.width, bottom * self.height)
        self.draw.line(place, fill=ink or self.ink, width=self.line_width)

    def ellipse(self, box: Box, fill=None, line=None, width: int = 0):
        """Draw an ellipse that touches `box`."""
        self.draw.ellipse(self.pixels(box), fill=fill, outline=line, width=width)
