"""What a PNG's chunks say of brightness and transparency, at every depth: held against the samples that were
written, and against Pillow and OpenCV, where they decode the file rightly.
"""

import io
import struct

import numpy as np
import pytest
from makers.decoded import BOTH, by_opencv, check, found
from makers.tagged_images import levels, on_white, png
from PIL import Image

from competition.data.images import read_decoded

GREY, COLOUR, INDEXED, GREY_ALPHA, COLOUR_ALPHA = 0, 2, 3, 4, 6  # PNG's colour types


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
@pytest.mark.parametrize("clear", [False, True])
def test_png_grey(tmp_path, bits, clear):
    """Other decoders are asked without tRNS only: they give the level as opacity, or leave it away."""
    values = levels(bits)
    level = int(values[9, 5]) or 1
    data = png(values, bits, GREY, *([(b"tRNS", struct.pack(">H", level))] if clear else []))
    expected = np.where((values == level) & clear, 255, values * 255 / (2**bits - 1))
    check(tmp_path, data, expected, () if clear else (by_opencv,) if bits == 16 else BOTH)


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("clear", [False, True])
def test_png_colours(tmp_path, bits, clear):
    values = levels(bits, 3)
    level = values[3, 5].copy()
    if bits == 16:
        values[4, 6] = level ^ [0, 0, 1]  # the same in its higher 8 bits: it isn't clear
    data = png(values, bits, COLOUR, *([(b"tRNS", struct.pack(">3H", *level))] if clear else []))
    is_clear = (values == level).all(axis=2, keepdims=True) & clear
    check(tmp_path, data, np.where(is_clear, 255, values * 255 / (2**bits - 1)), () if clear else BOTH)


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
@pytest.mark.parametrize("clear", ["none", "one entry", "half of them"])
def test_png_palette(tmp_path, bits, clear):
    generator = np.random.default_rng(bits)
    table, opacity = generator.integers(0, 256, (2**bits, 3)), np.full(2**bits, 255)
    opacity[: {"none": 0, "one entry": 1}.get(clear, 2**bits // 2)] = 0
    if clear == "half of them":
        opacity[: 2**bits // 2] = generator.integers(0, 256, 2**bits // 2)
    values = levels(bits)
    chunks = [(b"PLTE", table.astype(np.uint8).tobytes())]
    if clear != "none":
        chunks.append((b"tRNS", opacity[: 2**bits // 2].astype(np.uint8).tobytes()))
    expected = on_white(table[values], opacity[values][..., None] / 255)
    check(tmp_path, png(values, bits, INDEXED, *chunks), expected, BOTH if clear == "none" else ())


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("colour", [GREY_ALPHA, COLOUR_ALPHA])
def test_png_opacity(tmp_path, bits, colour):
    values, opacity = levels(bits, 1 if colour == GREY_ALPHA else 3), levels(bits)[:, ::-1]
    expected = on_white(np.atleast_3d(values) * 255 / (2**bits - 1), opacity[..., None] / (2**bits - 1))
    data = png(np.dstack([values, opacity]), bits, colour)
    check(tmp_path, data, np.broadcast_to(expected, (*opacity.shape, 3)), near=2.1)
    pillow = np.asarray(Image.open(io.BytesIO(data)).convert("RGBA"), float)
    assert np.abs(on_white(pillow[..., :3], pillow[..., 3:] / 255) - expected).max() <= 4


@pytest.mark.parametrize("significant", [10, 12, 14, 16])
@pytest.mark.parametrize("colour", [GREY, COLOUR])
def test_png_significant_bits_say_where_white_is(tmp_path, colour, significant):
    """sBIT, of samples that stand in the lower bits, as cameras and scanners write them; decoders ignore it."""
    values = levels(16, 1 if colour == GREY else 3) >> (17 - significant)  # at most half of white
    sbit = (b"sBIT", bytes([significant] * (1 if colour == GREY else 3)))
    check(tmp_path, png(values, 16, colour, sbit), values * 255 / (2**significant - 1))


@pytest.mark.parametrize("colour", [GREY, COLOUR])
def test_png_significant_bits_of_scaled_samples(tmp_path, colour):
    """The PNG specification's way: 12 bits scaled to all 16, white is 65535 whatever sBIT says."""
    values = levels(12, 1 if colour == GREY else 3)
    values = values << 4 | values >> 8
    sbit = (b"sBIT", bytes([12] * (1 if colour == GREY else 3)))
    check(tmp_path, png(values, 16, colour, sbit), values / 257, (by_opencv,))


@pytest.mark.parametrize("colour", [GREY, COLOUR])
@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize(
    "kind, content",
    [
        (b"gAMA", struct.pack(">I", 100000)),
        (b"sRGB", b"\0"),
        (b"cHRM", struct.pack(">8I", *[31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000])),
        (b"bKGD", None),
        (b"pHYs", struct.pack(">IIB", 3, 1, 0)),
    ],
)
def test_png_colour_spaces_and_grounds_change_nothing(tmp_path, kind, content, bits, colour):
    channels = 1 if colour == GREY else 3
    values = levels(bits, channels)
    content = content or struct.pack(f">{channels}H", *[1] * channels)
    same = found(tmp_path, png(values, bits, colour))
    check(tmp_path, png(values, bits, colour, (kind, content)), same, near=0)


def test_a_clear_level_of_a_cut_off_png(tmp_path):
    """The level counts at the file's depth there too."""
    values = levels(4, height=400, width=600)
    values[:5] = 3
    data = png(values, 4, GREY, (b"tRNS", struct.pack(">H", 3)))
    (tmp_path / "x").write_bytes(data[: len(data) * 3 // 4])
    read = read_decoded(tmp_path / "x", least=0)
    assert 0.2 < read.share < 1 and (read.pixels[:5] == 255).all() and read.pixels[150].max() < 255
