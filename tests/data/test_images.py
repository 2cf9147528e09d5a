"""Reading and letterboxing of images, held against plain slow versions and Pillow's own writers."""

import io
import struct

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from competition.data.images import UnreadableImage, UnusableBox, decode_jpeg, encode_jpeg, read_decoded, read_image
from competition.data.letterbox import letterbox, resize, shrink

SIDES = st.one_of(st.integers(1, 12), st.integers(13, 400))
WHITE = 255


def noise(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 200, (height, width, 3), dtype=np.uint8)


def page(seed, height=420, width=300):
    """Dark words on white, which no flip or turn maps onto themselves."""
    generator = np.random.default_rng(seed)
    image = np.full((height, width, 3), WHITE, np.uint8)
    for top in range(20, height - 20, 14):
        left = 20
        while left < width - 30:
            length = int(generator.integers(5, 40))
            if generator.random() < 0.85:
                image[top : top + 8, left : min(left + length, width - 20)] = generator.integers(0, 120)
            left += length + 6
    return image


def dihedral_views(image):
    return [np.ascontiguousarray(np.rot90(view, turns)) for view in (image, image[:, ::-1]) for turns in range(4)]


def saved(path, image, **options):
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(path, **options)
    return path


# letterbox


@settings(max_examples=150, deadline=None)
@given(SIDES, SIDES, st.integers(1, 96), st.integers(201, 255))
def test_letterbox_centres_to_the_pixel(height, width, size, fill):
    square = letterbox(noise(height, width), size, fill)  # noise stays below 200, so `fill` is padding and nothing else
    assert square.shape == (size, size, 3) and square.dtype == np.uint8
    inside = (square != fill).any(axis=2)
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    assert inside[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all()  # one solid box
    box = rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1
    assert max(box) == size
    assert abs(min(box) - max(1, min(height, width) * size / max(height, width))) <= 0.5
    for first, last in ((rows[0], rows[-1]), (columns[0], columns[-1])):
        before, after = first, size - 1 - last
        assert after - before in (0, 1)  # the odd pixel is at the right or below


@pytest.mark.parametrize(
    ("height", "width"), [(1, 1), (1, 999), (999, 1), (7, 7), (50, 49), (48, 24), (24, 48), (3000, 2)]
)
def test_letterbox_holds_the_whole_image(height, width):
    image = noise(height, width)
    square = letterbox(image, 48)
    longest = max(height, width)
    inner = resize(image, max(1, round(height * 48 / longest)), max(1, round(width * 48 / longest)))
    top, left = (48 - inner.shape[0]) // 2, (48 - inner.shape[1]) // 2
    expected = np.full((48, 48, 3), 255)
    for y in range(inner.shape[0]):
        for x in range(inner.shape[1]):
            expected[top + y, left + x] = inner[y, x]
    assert (square == expected).all()


def test_letterbox_leaves_a_square_of_its_size_untouched():
    image = noise(32, 32)
    assert (letterbox(image, 32) == image).all()


def test_letterbox_averages_and_does_not_skip_strokes():
    image = np.full((400, 400, 3), 255, np.uint8)
    image[::4] = 0  # every fourth line: a quarter of the ink in each 10 x 10 block of a 40 x 40 square
    assert abs(letterbox(image, 40).mean() - 255 * 0.75) < 2


def test_shrink_keeps_the_ratio_and_never_grows():
    assert shrink(noise(300, 200), 150).shape == (150, 100, 3)
    assert shrink(noise(1, 999), 30).shape == (1, 30, 3)
    small = noise(30, 20)
    assert shrink(small, 30) is small and shrink(small, 500) is small


@settings(max_examples=100, deadline=None)
@given(SIDES, SIDES, st.integers(1, 300))
def test_shrink_fits(height, width, longest):
    result = shrink(np.zeros((height, width, 3), np.uint8), longest)
    assert max(result.shape) == max(3, min(longest, max(height, width))) and min(result.shape) >= 1


def test_resize_by_whole_factors_is_the_mean_of_blocks():
    image = noise(40, 60)
    blocks = image.reshape(10, 4, 15, 4, 3).mean(axis=(1, 3))
    assert np.abs(resize(image, 10, 15) - blocks).max() <= 0.5 + 1e-6


def test_our_jpeg_keeps_the_channels_in_place():
    image = np.zeros((16, 16, 3), np.uint8)
    image[:] = (200, 100, 20)
    back = decode_jpeg(np.frombuffer(encode_jpeg(image, 95), np.uint8))
    assert back.shape == image.shape and back.dtype == np.uint8 and np.abs(back.astype(int) - image).max() <= 4


# reading


@pytest.mark.parametrize("name", ["x.png", "x.bmp", "x.tif", "x.webp", "without_extension"])
def test_lossless_formats_come_back_as_they_were(tmp_path, name):
    kind = {"x.webp": {"lossless": True}, "without_extension": {"format": "PNG"}}.get(name, {})
    image = noise(23, 31)
    found = read_image(saved(tmp_path / name, image, **kind))
    assert found.dtype == np.uint8 and (found == image).all()


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_deflate", "packbits"])
def test_compressed_tiff(tmp_path, compression):
    image = noise(23, 31)
    assert (read_image(saved(tmp_path / "x.tif", image, compression=compression)) == image).all()


def test_bilevel_fax(tmp_path):
    image = Image.fromarray(noise(64, 48)[..., 0] > 100)
    found = read_image(saved(tmp_path / "x.tif", image, compression="group4"))
    assert (found == np.where(np.asarray(image), 255, 0)[..., None]).all() and found.shape == (64, 48, 3)


def test_jpeg_is_close(tmp_path):
    image = page(0)
    assert np.abs(read_image(saved(tmp_path / "x.jpg", image, quality=95)).astype(int) - image).mean() < 3


def test_grey_of_16_bits(tmp_path):
    values = np.array([[0, 256, 32768], [65535, 655, 12850]], np.uint16)
    found = read_image(saved(tmp_path / "x.png", Image.fromarray(values)))
    assert found.shape == (2, 3, 3) and (found == found[..., :1]).all()
    assert np.abs(found[..., 0] - values / 257).max() < 1  # 65535 is white: 65535 / 257 = 255


def test_palette_and_its_transparency(tmp_path):
    indices = np.array([[0, 1], [2, 1]], np.uint8)
    image = Image.fromarray(indices).convert("P")
    image.putdata(indices.ravel().tolist())
    image.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90])
    assert read_image(saved(tmp_path / "a.png", image)).tolist() == [
        [[10, 20, 30], [40, 50, 60]],
        [[70, 80, 90], [40, 50, 60]],
    ]
    found = read_image(saved(tmp_path / "b.png", image, transparency=1))
    assert found.tolist() == [[[10, 20, 30], [255, 255, 255]], [[70, 80, 90], [255, 255, 255]]]


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_what_is_transparent_lies_on_white(tmp_path, mode):
    grey, alpha = np.array([[0, 100, 200, 0]], np.float64), np.array([[255, 128, 0, 51]], np.float64)
    bands = [grey] * (len(mode) - 1) + [alpha]
    image = Image.merge(mode, [Image.fromarray(band.astype(np.uint8)) for band in bands])
    found = read_image(saved(tmp_path / "x.png", image))
    expected = grey * alpha / 255 + 255 * (1 - alpha / 255)
    assert found.shape == (1, 4, 3) and np.abs(found - expected[..., None]).max() <= 1


def test_a_transparent_grey_level(tmp_path):
    image = Image.fromarray(np.array([[0, 7, 200]], np.uint8))
    assert read_image(saved(tmp_path / "x.png", image, transparency=7))[0, :, 0].tolist() == [0, 255, 200]


def test_cmyk(tmp_path):
    image = Image.new("CMYK", (20, 10), (0, 255, 255, 0))  # no cyan: red
    for name in ("x.jpg", "x.tif"):
        red, green, blue = read_image(saved(tmp_path / name, image)).reshape(-1, 3).mean(axis=0)
        assert red > 245 and green < 10 and blue < 10


@pytest.mark.parametrize("shape", [(1, 1), (1, 77), (77, 1)])
def test_images_one_pixel_high_or_wide(tmp_path, shape):
    image = noise(*shape)
    assert (read_image(saved(tmp_path / "x.png", image)) == image).all()
    assert read_image(tmp_path / "x.png", longest_side=16).shape == (
        max(1, min(shape[0], 16)),
        max(1, min(shape[1], 16)),
        3,
    )


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["x.jpg", "x.png", "x.tif"])
def test_exif_orientation(tmp_path, orientation, name):
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = page(1, 60, 100)
    # EXIF 2.32, 4.6.5.A: where the stored image's row 0 and column 0 are in the upright one, (row 0, column 0):
    # 1 top left, 2 top right, 3 bottom right, 4 bottom left, 5 left top, 6 right top, 7 right bottom, 8 left bottom
    half_turn = stored[::-1, ::-1]
    upright = {
        1: stored,
        2: stored[:, ::-1],
        3: half_turn,
        4: stored[::-1],
        5: stored.transpose(1, 0, 2),
        6: np.rot90(stored, -1),
        7: half_turn.transpose(1, 0, 2),
        8: np.rot90(stored, 1),
    }[orientation]
    path = saved(tmp_path / name, stored, exif=exif, **({"quality": 95, "subsampling": 0} if name == "x.jpg" else {}))
    found = read_image(path)
    assert found.shape == upright.shape and np.abs(found.astype(int) - upright).mean() < 4
    with Image.open(path) as file:
        assert (found == np.asarray(ImageOps.exif_transpose(file))).all()
    assert read_image(path, longest_side=50).shape == (shrink(upright, 50).shape)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_damaged_exif_tags_do_not_cost_the_image(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x011A] = (72, 1)
    data = io.BytesIO()
    Image.fromarray(page(0, 40, 30)).save(data, "JPEG", exif=exif)
    content = data.getvalue()
    where = content.index(b"\x01\x1a\x00")  # XResolution, a rational: now of a type that can't be written again
    (tmp_path / "x.jpg").write_bytes(content[: where + 2] + b"\x00\x02" + content[where + 4 :])
    assert read_image(tmp_path / "x.jpg").shape == (30, 40, 3)


def test_a_large_jpeg_is_decoded_small(tmp_path):
    path = saved(tmp_path / "x.jpg", cv2.resize(page(3), (2400, 3360), interpolation=cv2.INTER_NEAREST))
    small, whole = read_image(path, longest_side=420), read_image(path)
    assert whole.shape == (3360, 2400, 3) and small.shape == (420, 300, 3)
    assert np.abs(small.astype(int) - shrink(whole, 420)).mean() < 3


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["1", "L"])
def test_a_hundred_megapixels(tmp_path, mode):
    path = saved(tmp_path / "x.png", Image.new(mode, (10_000, 10_000), 1), compress_level=1)
    found = read_image(path, longest_side=64)
    assert found.shape == (64, 64, 3) and (found == (255 if mode == "1" else 1)).all()


def test_too_many_pixels_say_so(tmp_path):
    path = saved(tmp_path / "x.bmp", Image.new("1", (8, 8)))
    header = bytearray(path.read_bytes())
    header[18:26] = struct.pack("<ii", 20_000, 20_000)  # BITMAPINFOHEADER: width and height
    path.write_bytes(header)
    with pytest.raises(UnreadableImage, match="too many pixels"):
        read_image(path)


@pytest.mark.parametrize("name", ["x.jpg", "x.png", "x.webp", "x.tif", "x.bmp"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.98])
def test_truncated_files_are_unreadable(tmp_path, name, share):
    path = saved(tmp_path / name, noise(90, 70))
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(UnreadableImage, match=r"\w"):
        read_image(path)


def test_what_is_no_image_says_so(tmp_path):
    path = tmp_path / "x.jpg"
    path.write_bytes(b"")
    with pytest.raises(UnreadableImage, match="^empty file$"):
        read_image(path)
    path.write_text("dear sir or madam")
    with pytest.raises(UnreadableImage, match="^not an image$"):
        read_image(path)


@pytest.mark.parametrize(
    "trouble",
    [
        FileNotFoundError(2, "No such file"),
        OSError(5, "Input/output error"),
        PermissionError(13, "denied"),
        OSError(24, "Too many open files"),
        MemoryError(),
    ],
)
def test_the_machines_troubles_are_not_the_images(tmp_path, monkeypatch, trouble):
    """Else it would depend on free memory which images there are."""

    def fail(path, **options):
        raise trouble

    (tmp_path / "x.jpg").write_text("x")
    monkeypatch.setattr(Image, "open", fail)
    with pytest.raises(type(trouble)) as caught:
        read_image(tmp_path / "x.jpg")
    assert caught.value is trouble


@pytest.mark.parametrize(
    ("values", "white"), [(np.uint16, 255), (np.uint16, 4095), (np.uint16, 1023), (np.uint16, 65535), (np.float32, 1)]
)
def test_deep_images_have_their_own_white(tmp_path, values, white):
    ramp = np.linspace(0, white, 256, dtype=np.float64).reshape(16, 16).astype(values)
    Image.fromarray(ramp).save(tmp_path / "x.tif")
    found = read_image(tmp_path / "x.tif")[..., 0].ravel()
    assert np.abs(found.astype(int) - np.arange(256)).max() <= 1


def test_a_nearly_black_page_stays_black(tmp_path):
    Image.fromarray(np.eye(16, dtype=np.uint16)).save(tmp_path / "x.tif")
    assert read_image(tmp_path / "x.tif").max() == 1


@pytest.mark.filterwarnings("ignore::UserWarning")
@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["JPEG", "PNG", "TIFF", "WEBP", "BMP", "GIF"]),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255))),
)
def test_damaged_files_are_read_or_named_unreadable(tmp_path_factory, kind, changes):
    exif = Image.Exif()
    exif[0x0112] = 6
    data = io.BytesIO()
    Image.fromarray(noise(20, 15)).save(data, kind, **({} if kind in ("BMP", "GIF") else {"exif": exif}))
    content = bytearray(data.getvalue())
    for where, value in changes:
        content[int(where**3 * (len(content) - 1))] = value  # mostly in the header, where damage is not mere pixels
    path = tmp_path_factory.mktemp("damaged") / "x.jpg"
    path.write_bytes(content)
    try:
        found = read_image(path, longest_side=16)
    except UnreadableImage as problem:
        assert str(problem)
    else:
        assert found.dtype == np.uint8 and found.ndim == 3 and found.shape[2] == 3 and max(found.shape[:2]) <= 16


# boxes


def test_a_box_is_cut_out_in_the_upright_images_pixels(tmp_path):
    image = noise(40, 60)
    path = saved(tmp_path / "x.png", image)
    assert (read_image(path, box=(10, 5, 30.4, 39.6)) == image[5:40, 10:30]).all()
    assert (read_image(path, box=(0, 0, 60, 40)) == image).all()
    assert read_image(path, longest_side=10, box=(10, 5, 30, 15)).shape == (5, 10, 3)
    exif = Image.Exif()
    exif[0x0112] = 8
    turned = saved(tmp_path / "y.png", np.ascontiguousarray(np.rot90(image, -1)), exif=exif)
    assert (read_image(turned, box=(10, 5, 30, 40)) == image[5:40, 10:30]).all()


def test_a_box_of_a_large_jpeg_counts_the_files_pixels(tmp_path):
    image = np.full((800, 800, 3), 255, np.uint8)
    image[400:600, 200:300] = 0
    path = saved(tmp_path / "x.jpg", image)
    assert read_image(path, longest_side=50, box=(205, 405, 295, 595)).max() < 20


@pytest.mark.parametrize("box", [(-1, 0, 10, 10), (0, -7.5, 10, 10), (0, 0, 61, 10), (0, 0, 10, 41)])
def test_a_box_outside_the_image_is_refused(tmp_path, box):
    path = saved(tmp_path / "x.png", noise(40, 60))
    with pytest.raises(UnusableBox, match=r"box \(.*\) leaves the image of 60 x 40 pixels"):
        read_image(path, box=box)


@pytest.mark.parametrize("box", [(10, 0, 10, 5), (20, 0, 10, 5), (0, 9, 5, 3), (3, 3, 3.4, 9)])
def test_an_empty_box_is_refused(tmp_path, box):
    path = saved(tmp_path / "x.png", noise(40, 60))
    with pytest.raises(UnusableBox, match=r"box \(.*\) is empty: expected x1 < x2 and y1 < y2"):
        read_image(path, box=box)


@pytest.mark.parametrize("longest_side", [None, 64, 500])
@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
@pytest.mark.parametrize(
    ("name", "shape"), [("x.jpg", (400, 301)), ("x.jpg", (150, 640)), ("x.png", (400, 301)), ("x.tif", (150, 640))]
)
def test_the_size_before_shrinking(tmp_path, name, shape, orientation, longest_side):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = saved(tmp_path / name, noise(*shape), exif=exif)
    found = read_decoded(path, longest_side)
    image, size = found.pixels, found.size
    assert size == (shape if orientation < 5 else shape[::-1])
    assert (image == read_image(path, longest_side)).all() and max(image.shape) <= (longest_side or 1000)
    assert read_decoded(path, longest_side, (10, 20, 110, 150)).size == (130, 100)
