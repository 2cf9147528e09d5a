"""Uploads by their headers alone: whichever page of a file is decoded has no more pixels than are taken."""

import io
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from competition.data.images import UnreadableImage, read_image
from competition.web.limits import Limits, Refused
from competition.web.uploads import image_extension

LIMITS = Limits(pixels=10_000, pages=5)
SMALL, LARGE = (20, 30), (101, 100)  # height, width


def tiff(*pages: tuple[tuple[int, int], bool], dtype=np.uint8, **options) -> bytes:
    """A TIFF of pages (size, whether it is a thumbnail)."""
    file = io.BytesIO()
    with tifffile.TiffWriter(file) as writer:
        for size, is_reduced in pages:
            writer.write(
                np.zeros((*size, 3), dtype), photometric="rgb", subfiletype=int(is_reduced), metadata=None, **options
            )
    return file.getvalue()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float64])  # Pillow can't read the latter
@pytest.mark.parametrize("is_reduced", [True, False])
@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_large_page_behind_small_ones(dtype, is_reduced, at):
    small = tiff((SMALL, False), dtype=np.uint8)
    pages = [(SMALL, is_reduced), (SMALL, False), (SMALL, False)]
    pages[at] = (LARGE, pages[at][1])
    mixed = io.BytesIO()
    with tifffile.TiffWriter(mixed) as writer:
        for number, (size, reduced) in enumerate(pages):
            kind = np.uint8 if number == 0 else dtype
            writer.write(np.zeros((*size, 3), kind), photometric="rgb", subfiletype=int(reduced), metadata=None)
    with pytest.raises(Refused, match="too many pixels: 100 x 101 = ") as refused:
        image_extension(mixed.getvalue(), LIMITS)
    assert refused.value.status == 413
    assert image_extension(small, LIMITS) == ".tif"


def test_pages_are_counted_up_to_a_limit():
    assert image_extension(tiff(*[(SMALL, False)] * 5), LIMITS) == ".tif"
    with pytest.raises(Refused, match="more than the 5 pages"):
        image_extension(tiff(*[(SMALL, False)] * 6), LIMITS)


def test_the_frames_of_other_formats_are_not_counted():
    file = io.BytesIO()
    frames = [Image.new("L", (8, 8), level) for level in range(7)]
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    assert image_extension(file.getvalue(), LIMITS) == ".gif"


def test_no_reader_decodes_what_the_first_page_hides(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 5_000)  # Pillow takes twice as many
    path = tmp_path / "scan.tif"
    path.write_bytes(tiff((SMALL, True), (LARGE, False)))
    with pytest.raises(UnreadableImage, match="too many pixels: 100 x 101, more than 10000"):
        read_image(path)
    path.write_bytes(tiff((SMALL, False), (LARGE, False)))
    assert read_image(path).shape == (*SMALL, 3)
