"""Images that few programs write well: each kind over many members, held against the samples they were made of."""

import zlib

import cv2
import numpy as np
import pytest
from makers.odd_images import DEPTHS, encoded, ramp, with_chunk
from PIL import Image

from competition.data.image_files import ImageFolder, is_image_file
from competition.data.images import UnreadableImage, read_decoded, read_image

tifffile = pytest.importorskip("tifffile")
EXPECTED = ramp(255, "f8")


def written(path, data):
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("dtype", DEPTHS)
@pytest.mark.parametrize("photometric", ["minisblack", "miniswhite"])
def test_deep_grey(tmp_path, dtype, photometric):
    tifffile.imwrite(tmp_path / "x.tif", ramp(DEPTHS[dtype], dtype), photometric=photometric)
    expected = EXPECTED if photometric == "minisblack" else 255 - EXPECTED
    assert np.abs(read_image(tmp_path / "x.tif")[..., 0] - expected).max() <= 1.1


@pytest.mark.parametrize("dtype", DEPTHS)
@pytest.mark.parametrize("planes", ["contig", "separate"])
def test_deep_colours(tmp_path, dtype, planes):
    one, expected = ramp(DEPTHS[dtype], dtype), np.stack([EXPECTED, EXPECTED[::-1], EXPECTED[:, ::-1]], -1)
    values = np.stack([one, one[::-1], one[:, ::-1]], -1 if planes == "contig" else 0)
    tifffile.imwrite(tmp_path / "x.tif", values, photometric="rgb", planarconfig=planes)
    assert np.abs(read_image(tmp_path / "x.tif") - expected).max() <= 1.1


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf, 1e30, -5.0])
def test_one_odd_pixel_changes_no_other(tmp_path, odd):
    values = ramp(1, "f4")
    values[5, 5] = odd
    Image.fromarray(values).save(tmp_path / "x.tif")
    found = read_image(tmp_path / "x.tif")[..., 0].astype(float)
    found[5, 5] = EXPECTED[5, 5]
    assert np.abs(found - EXPECTED).max() <= 2


@pytest.mark.parametrize("white", [1023, 4095, 16383])
@pytest.mark.parametrize("name", ["x.tif", "x.png"])
def test_one_hot_pixel_does_not_darken_a_page(tmp_path, white, name):
    values = ramp(white, "u2")
    values[5, 5] = 65535
    Image.fromarray(values).save(tmp_path / name)
    assert np.percentile(read_image(tmp_path / name), 99) > 240


@pytest.mark.parametrize("tag", range(1, 9))
def test_orientation_of_deep_tiffs(tmp_path, tag):
    values = ramp(65535, "u2")
    for name, pixels in (("deep.tif", values), ("plain.tif", (values >> 8).astype(np.uint8))):
        tifffile.imwrite(tmp_path / name, pixels, photometric="minisblack", extratags=[(274, 3, 1, tag, True)])
    deep, plain = (read_image(tmp_path / name).astype(int) for name in ("deep.tif", "plain.tif"))
    assert deep.shape == plain.shape and np.abs(deep - plain).max() <= 1


def test_pages_are_counted_from_one(tmp_path):
    pages = [Image.new("L", (9, 7), level) for level in (10, 20, 30)]
    for name in ("x.tif", "x.gif"):
        pages[0].save(tmp_path / name, save_all=True, append_images=pages[1:])
        assert [int(read_image(tmp_path / name, page=page)[0, 0, 0]) for page in (1, 2, 3)] == [10, 20, 30]
        assert read_decoded(tmp_path / name).pages == 3
        with pytest.raises(UnreadableImage, match="has no page 4; its last one is 3"):
            read_image(tmp_path / name, page=4)


@pytest.mark.parametrize("kind", [b"zTXt", b"iTXt", b"iCCP", b"tEXt", b"eXIf"])
def test_metadata_costs_no_pixel(tmp_path, kind):
    image = np.random.default_rng(0).integers(0, 255, (20, 30, 3), dtype=np.uint8)
    packed = zlib.compress(b"a" * (3 << 20))
    content = {b"zTXt": b"k\0\0" + packed, b"iCCP": b"k\0\0" + packed, b"iTXt": b"k\0\1\0\0\0" + packed}
    data = with_chunk(encoded(image, "PNG"), kind, content.get(kind, b"k\0" + b"a" * (3 << 20)))
    assert (read_image(written(tmp_path / "x.png", data)) == image).all()


@pytest.mark.parametrize("kind, options", [("JPEG", {}), ("JPEG", {"progressive": True}), ("PNG", {}), ("BMP", {})])
@pytest.mark.parametrize("missing", [1, 2, 0.05, 0.5])
def test_what_is_there_is_read(tmp_path, kind, options, missing):
    image = cv2.resize(np.random.default_rng(0).integers(0, 255, (9, 9, 3), dtype=np.uint8), (160, 200))
    data = encoded(image, kind, **options)
    whole = read_image(written(tmp_path / "whole", data))
    cut = len(data) - (missing if missing >= 1 else int(len(data) * missing))
    try:
        found = read_decoded(written(tmp_path / "cut", data[:cut]), least=0)
    except UnreadableImage:
        assert missing == 0.5 and options
        return
    if missing >= 1:
        assert found.share > 0.94
    same = (np.abs(found.pixels.astype(int) - whole) <= 8).all(axis=2)
    assert found.share <= same.mean() + 0.05


@pytest.mark.parametrize("name", ["a", "a.heic", "a.dat", "a.JPG", "a.ppm", "a.pgm"])
def test_the_content_makes_an_image(tmp_path, name):
    kind = {"a.ppm": "PPM", "a.pgm": "PPM"}.get(name, "JPEG")
    written(tmp_path / name, encoded(np.zeros((9, 9, 3), np.uint8), kind))
    written(tmp_path / "notes.dat", b"dear sir or madam")
    assert is_image_file(tmp_path / name) and not is_image_file(tmp_path / "notes.dat")
    assert ImageFolder(tmp_path).candidates("a") == [name] and ImageFolder(tmp_path).candidates("notes") == []
    assert read_image(tmp_path / name).shape == (9, 9, 3)
