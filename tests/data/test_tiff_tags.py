"""What a TIFF's tags say of brightness, order and transparency, at every depth: held against the samples that were
written, and against Pillow and OpenCV, or tifffile, where they decode the file rightly.
"""

import numpy as np
import pytest
from makers.decoded import BOTH, by_opencv, by_pillow, check
from makers.odd_images import ramp
from makers.tagged_images import levels, on_white, tiff

WHITE_IS_0, BLACK_IS_0, RGB, PALETTE, CMYK = 0, 1, 2, 3, 5  # TIFF's photometric interpretations


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("planes", [False, True])
def test_tiff_of_four_inks(tmp_path, bits, planes, order):
    """OpenCV reads CMYK by libtiff's own conversion where it is of 8 bits."""
    inks = levels(bits, 4)
    expected = (1 - inks[..., :3] / (2**bits - 1)) * (1 - inks[..., 3:] / (2**bits - 1)) * 255
    data = tiff(list(np.moveaxis(inks, 2, 0)) if planes else [inks], bits, CMYK, order)
    check(tmp_path, data, expected, (by_opencv,) if bits == 8 else (), near=2.1)


@pytest.mark.parametrize("bits", [8, 16])
def test_tiff_of_four_inks_and_opacity(tmp_path, bits):
    """Pillow has no such layout."""
    most, inks, opacity = 2**bits - 1, levels(bits, 4), levels(bits)[:, ::-1]
    expected = on_white(255 * (1 - inks[..., :3] / most) * (1 - inks[..., 3:] / most), opacity[..., None] / most)
    check(tmp_path, tiff([np.dstack([inks, opacity])], bits, CMYK, t338=[2]), expected)


@pytest.mark.parametrize("fill_order", [1, 2])
@pytest.mark.parametrize("photometric", [WHITE_IS_0, BLACK_IS_0])
@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_tiff_of_few_bits(tmp_path, bits, photometric, fill_order):
    """OpenCV refuses 2 and 4 bits; Pillow refuses white of 0 with 8 bits the other way round."""
    values = levels(bits)
    grey = values * 255 / (2**bits - 1)
    data = tiff([values], bits, photometric, t266=[fill_order])
    decoders = BOTH if bits == 1 else (by_pillow,) if bits < 8 else (by_opencv,)
    check(tmp_path, data, grey if photometric else 255 - grey, decoders)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("photometric", [WHITE_IS_0, BLACK_IS_0])
def test_tiff_of_16_bits(tmp_path, photometric, order):
    """Pillow cuts or inverts these otherwise; OpenCV knows no MinIsWhite at 16 bits."""
    values = levels(16)
    data = tiff([values], 16, photometric, order)
    check(tmp_path, data, values / 257 if photometric else 255 - values / 257, (by_opencv,) if photometric else ())


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_tiff_palette(tmp_path, bits):
    table = np.random.default_rng(bits).integers(0, 256, (2**bits, 3))
    values = levels(bits)
    data = tiff([values], bits, PALETTE, t320=(table.T * 257).ravel().tolist())
    check(tmp_path, data, table[values], (by_pillow, by_opencv) if bits in (1, 4, 8) else (by_pillow,))


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("planes", [False, True])
def test_tiff_colours_by_pixel_and_by_plane(tmp_path, bits, planes):
    values = levels(bits, 3)
    data = tiff(list(np.moveaxis(values, 2, 0)) if planes else [values], bits, RGB)
    check(tmp_path, data, values * 255 / (2**bits - 1), (by_opencv,) if bits == 16 else BOTH)


@pytest.mark.parametrize("kind", ["none said", "associated", "unassociated"])
@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("planes", [False, True])
def test_tiff_opacity(tmp_path, bits, kind, planes):
    """Decoders differ on purpose (they give opacity apart, or leave it away): only what was written counts."""
    most = 2**bits - 1
    values, opacity = levels(bits, 3), levels(bits)[::-1, ::-1] / most
    if kind == "associated":
        values = np.round(values * opacity[..., None]).astype(int)
    written = np.dstack([values, np.round(opacity * most).astype(int)])
    data = tiff(
        list(np.moveaxis(written, 2, 0)) if planes else [written],
        bits,
        RGB,
        t338=[{"none said": 0, "associated": 1, "unassociated": 2}[kind]],
    )
    expected = {
        "none said": values * 255 / most,
        "associated": values * 255 / most + 255 * (1 - opacity[..., None]),
        "unassociated": on_white(values * 255 / most, opacity[..., None]),
    }[kind]
    check(tmp_path, data, expected, near=2.1)


@pytest.mark.parametrize("kind, tag", [("associated", "assocalpha"), ("unassociated", "unassalpha")])
@pytest.mark.parametrize("dtype", ["u1", "u2", "f2", "f4"])
def test_tiff_grey_and_opacity(tmp_path, dtype, kind, tag):
    tifffile = pytest.importorskip("tifffile")
    most = {"u1": 255, "u2": 65535}.get(dtype, 1)
    opacity = ramp(1, "f8")
    values = opacity[::-1] * (opacity if kind == "associated" else 1)
    written = np.dstack([values, opacity]) * most
    written = (written if dtype[0] == "f" else np.round(written)).astype(dtype)
    tifffile.imwrite(tmp_path / "t.tif", written, photometric="minisblack", planarconfig="contig", extrasamples=[tag])
    expected = 255 * (values + 1 - opacity) if kind == "associated" else on_white(255 * values, opacity)
    check(tmp_path, (tmp_path / "t.tif").read_bytes(), expected, near=2.1)
    assert (tifffile.imread(tmp_path / "t.tif") == written).all()
