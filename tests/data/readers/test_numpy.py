"""Arrays in files: shapes and ranges that images have, and everything else refused by a reason."""

import numpy as np
import pytest

from competition.data.images import UnreadableImage, read_decoded, read_image

COLOUR = np.random.default_rng(0).integers(0, 256, (9, 12, 3), dtype=np.uint8)
GREY = COLOUR[..., 0]


def read(path, array, **options):
    np.save(path / "x.npy", array)
    return read_image(path / "x.npy", **options)


@pytest.mark.parametrize("array", [COLOUR, COLOUR.transpose(2, 0, 1), np.asfortranarray(COLOUR)])
def test_colours_before_or_after_the_pixels(tmp_path, array):
    assert (read(tmp_path, array) == COLOUR).all()


@pytest.mark.parametrize("array", [GREY, GREY[..., None], GREY[None]])
def test_one_channel(tmp_path, array):
    assert (read(tmp_path, array) == GREY[..., None]).all()


def test_opacity_lies_on_white(tmp_path):
    opaque, clear = np.full_like(GREY, 255), np.zeros_like(GREY)
    assert (read(tmp_path, np.dstack([COLOUR, opaque])) == COLOUR).all()
    assert (read(tmp_path, np.dstack([COLOUR, clear])) == 255).all()
    assert (read(tmp_path, np.dstack([GREY, opaque])) == GREY[..., None]).all()


@pytest.mark.parametrize(
    "array",
    [
        GREY / 255,
        (GREY / 255).astype(np.float32),
        GREY.astype(np.float64),
        GREY.astype(np.uint16) * 257,
        GREY.astype(np.int64),
        GREY.astype(">u2"),
    ],
)
def test_usual_ranges(tmp_path, array):
    assert GREY.max() > 250  # else a deep array's white would be another
    assert np.abs(read(tmp_path, array).astype(int) - GREY[..., None]).max() <= 1


def test_yes_and_no_are_white_and_black(tmp_path):
    assert (read(tmp_path, GREY > 99) == np.where(GREY > 99, 255, 0)[..., None]).all()


def test_the_size_before_shrinking(tmp_path):
    np.save(tmp_path / "x.npy", np.zeros((3, 40, 60), np.uint8))
    found = read_decoded(tmp_path / "x.npy", 30)
    small, size = found.pixels, found.size
    assert small.shape == (20, 30, 3) and size == (40, 60)


@pytest.mark.parametrize(
    "array, reason",
    [
        (np.zeros((5, 8, 9), np.uint8), "an array of 5 x 8 x 9; expected height x width, with 1 to 4 channels"),
        (np.zeros((2, 8, 9, 3), np.uint8), "an array of 2 x 8 x 9 x 3; expected"),
        (np.zeros(7, np.uint8), "an array of 7; expected"),
        (np.zeros((), np.uint8), "an array of one number; expected"),
        (np.zeros((0, 9), np.uint8), "an array of 0 x 9; expected"),
        (np.full((4, 4), -1.0), "values from -1 to -1; expected floats in 0..1 or 0..255"),
        (np.full((4, 4), np.nan), "no pixel has a value"),
        (np.full((4, 4), 300.0), "values from 300 to 300; expected floats"),
        (np.full((4, 4), 70_000), "values from 70000 to 70000; expected whole numbers in 0..255 or 0..65535"),
        (np.full((4, 4), "a"), "an array of <U1; expected whole numbers or floats"),
        (np.full((4, 4), 1j), "an array of complex128; expected whole numbers or floats"),
        (np.array([[{}]]), "Python objects in dtype"),
    ],
)
def test_what_is_no_image(tmp_path, array, reason):
    with pytest.raises(UnreadableImage, match=reason):
        read(tmp_path, array)


def test_a_header_that_promises_more_than_the_file_holds(tmp_path):
    np.save(tmp_path / "x.npy", np.zeros((9, 12), np.uint8))
    data = (tmp_path / "x.npy").read_bytes()
    for damaged in (data.replace(b"(9, 12)", b"(90000, 90000)"[:7]), data.replace(b"(9, 12)", b"(9,920)"), data[:90]):
        (tmp_path / "x.npy").write_bytes(damaged)
        with pytest.raises(UnreadableImage, match=r"\w"):
            read_image(tmp_path / "x.npy")
