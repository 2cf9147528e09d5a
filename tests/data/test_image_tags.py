"""What tags say of brightness, order, transparency and pages, at every depth: held against the samples that were
written, and against Pillow and OpenCV, or tifffile, where they decode the file rightly.
"""

import io
import struct

import cv2
import numpy as np
import pytest
from makers.odd_images import encoded, ramp
from makers.tagged_images import levels, on_white, png, tiff, with_segment
from PIL import EpsImagePlugin, Image

from competition.data.images import UnreadableImage, read_decoded, read_image

WHITE_IS_0, BLACK_IS_0, RGB, PALETTE, CMYK = 0, 1, 2, 3, 5  # TIFF's photometric interpretations
GREY, COLOUR, INDEXED, GREY_ALPHA, COLOUR_ALPHA = 0, 2, 3, 4, 6  # PNG's colour types


def found(tmp_path, data):
    (tmp_path / "x").write_bytes(data)
    return read_image(tmp_path / "x").astype(float)


def by_pillow(data):
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"), float)


def by_opencv(data):
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION) * 1.0


def check(tmp_path, data, expected, decoders=(), near=1.1):
    """Hold what is read, and what other decoders read, against the expected pixels (H, W) or (H, W, 3)."""
    expected = np.dstack([expected] * 3) if expected.ndim == 2 else expected
    read = found(tmp_path, data)
    assert read.shape == expected.shape and np.abs(read - expected).max() <= near
    for decode in decoders:
        assert np.abs(read - decode(data)).max() <= near + 1, decode.__name__


BOTH = (by_pillow, by_opencv)

# JPEG of four inks


def four_inks(kind):
    """Return a JPEG, and its pixels by the inks: (255 - C)(255 - K) / 255."""
    inks = levels(8, 4)
    inks[..., 3] //= 2
    written = inks.astype(np.uint8)
    if kind == "YCCK":  # libjpeg's: C = 255 - R, of values that Adobe writes inverted; Pillow inverts all four again
        written = written.copy()
        written[..., :3] = 255 - np.asarray(Image.fromarray(written[..., :3]).convert("YCbCr"))
    data = io.BytesIO()
    Image.frombytes("CMYK", written.shape[1::-1], written.tobytes()).save(data, "JPEG", quality=100, subsampling=0)
    data, place = data.getvalue(), data.getvalue().index(b"Adobe")
    if kind == "YCCK":
        data = data[: place + 11] + b"\2" + data[place + 12 :]
    if kind == "no Adobe marker":
        data = data[: place - 4] + data[place + 12 :]
    return data, (255 - inks[..., :3]) * (255 - inks[..., 3:]) / 255


@pytest.mark.parametrize("kind", ["CMYK", "YCCK", "no Adobe marker"])
def test_jpeg_of_four_inks_is_inverted_as_adobe_writes_it(tmp_path, kind):
    data, expected = four_inks(kind)
    check(tmp_path, data, expected, BOTH, near=6)


# TIFF


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


# PNG


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


# pages, metadata, programs


@pytest.mark.parametrize("kind", ["WEBP", "PNG", "AVIF", "TIFF", "GIF"])
def test_each_page_is_read(tmp_path, kind):
    pages = [np.full((16, 24, 3), level, np.uint8) for level in (10, 120, 230)]
    images = [Image.fromarray(page) for page in pages]
    options = {"PNG": {"duration": 50}, "WEBP": {"lossless": True}, "AVIF": {"quality": 100}}.get(kind, {})
    images[0].save(tmp_path / "x", kind, save_all=True, append_images=images[1:], **options)
    for number, page in enumerate(pages, 1):
        read = read_decoded(tmp_path / "x", page=number)
        assert read.pages == 3 and np.abs(read.pixels.astype(int) - page).max() <= 2
    with pytest.raises(UnreadableImage, match="has no page 4; its last one is 3"):
        read_image(tmp_path / "x", page=4)


SEGMENTS = {
    "exif that is none": (0xE1, b"Exif\0\0" + b"\xff" * 500),
    "exif of a directory outside": (0xE1, b"Exif\0\0II*\0\xff\xff\xff\x7f"),
    "XMP": (0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:" + b"a" * 60000),
    "profile cut off": (0xE2, b"ICC_PROFILE\0\1\3" + b"a" * 999),
    "profile that is none": (0xE2, b"ICC_PROFILE\0\1\1" + b"a" * 60000),
    "IPTC": (0xED, b"Photoshop 3.0\x008BIM\4\4\0\0\xff\xff\xff\xff"),
    "MPF": (0xE2, b"MPF\0" + b"\xff" * 99),
    "comment": (0xFE, b"\0\xff" * 30000),
}


@pytest.mark.parametrize("kind", SEGMENTS)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_metadata_of_a_jpeg_cost_no_pixel(tmp_path, kind):
    data = encoded(levels(8, 3).astype(np.uint8), "JPEG")
    assert (found(tmp_path, with_segment(data, *SEGMENTS[kind])) == found(tmp_path, data)).all()


@pytest.mark.parametrize(
    "name, kind",
    [*((name, kind) for name in ("WEBP", "TIFF", "AVIF") for kind in ("exif", "icc_profile", "xmp")), ("PNG", "exif")],
)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_metadata_of_other_kinds_cost_no_pixel(tmp_path, name, kind):
    values = levels(8, 3).astype(np.uint8)
    plain = {} if name in ("TIFF", "PNG") else {"lossless": True} if name == "WEBP" else {"quality": 100}
    broken = b"Exif\0\0MM" + b"\xff" * 4000
    if name == "AVIF" and kind == "exif":  # Pillow writes no broken ones there
        broken = Image.Exif()
        broken[270] = "a" * 4000
    tag = {"exif": 33723, "xmp": 700}.get(kind)
    more = {"tiffinfo": {tag: broken}} if name == "TIFF" and tag else {kind: broken}
    data, without = encoded(values, name, **plain, **more), encoded(values, name, **plain)
    assert len(data) > len(without) + 3000
    assert (found(tmp_path, data) == found(tmp_path, without)).all()


def eps():
    return encoded(np.zeros((8, 8, 3), np.uint8), "EPS")


def within_iptc():
    """Return IPTC with an EPS within it, which Pillow would open as any image."""
    field = lambda tag, content: struct.pack(">BBBH", 0x1C, *tag, len(content)) + content  # noqa: E731
    size = [field((3, 20), b"\0\x08"), field((3, 30), b"\0\x08"), field((3, 60), b"\1\0"), field((3, 120), b"\1")]
    return b"".join(size) + field((8, 10), eps()[:32000])


@pytest.mark.parametrize("make", [eps, within_iptc])
@pytest.mark.parametrize("page", [1, 2])
def test_no_program_is_run_for_a_file(tmp_path, monkeypatch, make, page):
    """Pillow runs Ghostscript for EPS where it is installed: here it seems to be."""
    ran = []
    monkeypatch.setattr(EpsImagePlugin, "has_ghostscript", lambda: True)
    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", lambda *args: ran.append(args))
    monkeypatch.setattr(EpsImagePlugin.subprocess, "check_call", lambda *args, **kwargs: ran.append(args))
    for name in ("x.eps", "x.jpg"):
        (tmp_path / name).write_bytes(make())
        with pytest.raises(UnreadableImage, match="not an image"):
            read_image(tmp_path / name, page=page)
    assert not ran


def test_a_clear_level_of_a_cut_off_png(tmp_path):
    """The level counts at the file's depth there too."""
    values = levels(4, height=400, width=600)
    values[:5] = 3
    data = png(values, 4, GREY, (b"tRNS", struct.pack(">H", 3)))
    (tmp_path / "x").write_bytes(data[: len(data) * 3 // 4])
    read = read_decoded(tmp_path / "x", least=0)
    assert 0.2 < read.share < 1 and (read.pixels[:5] == 255).all() and read.pixels[150].max() < 255
