"""Pages as files, saved in several ways."""

import numpy as np
from PIL import Image, ImageDraw

from competition.data.images import decode_jpeg, encode_jpeg


def page(seed, layout=0, height=420, width=300):
    """Return a page of a form: boxes placed by `layout`, and "text" of dashes in them by `seed`, uint8 (H, W, 3)."""
    where, what = np.random.default_rng([7, layout]), np.random.default_rng(seed)
    image = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(image)
    top = 10
    while top < height - 40:
        bottom = top + int(where.integers(20, 60))
        if where.random() < 0.6:
            draw.rectangle(
                (12, top, width - 12, bottom), outline="black", fill=(225, 225, 225) if where.random() < 0.3 else None
            )
        for y in range(top + 6, bottom - 4, 8):
            x = 18
            while x < width - 60:
                length = int(what.integers(6, 40))
                if what.random() < 0.7:
                    draw.line((x, y, x + length, y), fill="black", width=3)
                x += length + 8
        top = bottom + int(where.integers(4, 16))
    return np.array(image)


PAGES = [page(seed, layout) for layout in range(4) for seed in range(6)]


def saved(image, quality=85):
    return decode_jpeg(np.frombuffer(encode_jpeg(np.ascontiguousarray(image), quality), np.uint8))
