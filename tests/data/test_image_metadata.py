"""JPEG of four inks, pages, and metadata, which cost no pixel and run no program: held against the samples that were
written, and against Pillow and OpenCV, where they decode the file rightly.
"""

import io
import struct

import numpy as np
import pytest
from makers.decoded import BOTH, check, found
from makers.odd_images import encoded
from makers.tagged_images import levels, with_segment
from PIL import EpsImagePlugin, Image

from competition.data.images import UnreadableImage, read_decoded, read_image


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
