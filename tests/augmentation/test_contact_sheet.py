"""The contact sheet: which squares stand where."""

import numpy as np
import pytest
from makers.packed import TARGETS, packed_competition
from PIL import Image

from competition.augmentation.contact_sheet import GAP, HEAD, LABEL, PAPER, TILE, contact_sheet, write_contact_sheet
from competition.data.image_store import ImageStore, write_rows
from competition.data.letterbox import resize

SCORED = ("test_like", "severe")


def tile(sheet, row, column):
    top, left = HEAD + row * (TILE + GAP), LABEL + column * (TILE + GAP)
    return sheet[top : top + TILE, left : left + TILE]


@pytest.fixture
def store(tmp_path):
    packed_competition(tmp_path, copies=(2, 12, 3))
    return ImageStore(tmp_path / "augmented.arrow")


@pytest.mark.parametrize(
    ("names", "order"), [(None, ["10", "7", "x"]), ({"x": "last", "none": "empty", "7": "seven"}, ["x", "7", "10"])]
)
def test_each_class_shows_its_first_image_and_its_copies(store, names, order):
    sheet = contact_sheet(store, names)
    assert sheet.shape == (HEAD + 3 * (TILE + GAP), LABEL + 11 * (TILE + GAP), 3) and sheet.dtype == np.uint8
    ids = store.column("id")
    for row, target in enumerate(order):
        label = TARGETS.index(target)  # image 000 is of class 7, 001 of 10, 002 of x
        copies = (2, 12, 3)[label]
        for column in range(11):
            view = ("clean/0", "test_like/0", "severe/0", *(f"train/{n}" for n in range(copies)), *[None] * 8)[column]
            expected = np.full((TILE, TILE, 3), PAPER)
            if view is not None:
                expected = resize(store.image(ids.index(f"{label:03d}/{view}")), TILE, TILE)
            assert (tile(sheet, row, column) == expected).all(), (target, view)


def without_scored(store, wanted, path):
    """Return a store without the scored views of images for which wanted(source ID, target) is true."""
    packed = zip(store.column("source_id"), store.column("target"), store.column("view"), strict=True)
    kept = [row for row, (id, target, view) in enumerate(packed) if not (view in SCORED and wanted(id, target))]
    columns = "id", "source_id", "target", "view", "copy", "height", "width"
    rows = [{name: store.column(name)[row] for name in columns} for row in kept]
    images = [store.encoded(row).tobytes() for row in kept]
    write_rows(path, [row | {"image": image} for row, image in zip(rows, images, strict=True)])
    return ImageStore(path)


def test_what_a_class_that_no_fold_scores_lacks_stays_blank_under_its_heading(store, tmp_path):
    fewer = without_scored(store, lambda id, target: target == "10", tmp_path / "fewer.arrow")
    sheet, whole = contact_sheet(fewer), contact_sheet(store)
    assert sheet.shape == whole.shape and (tile(sheet, 0, 1) == PAPER).all() and (tile(sheet, 0, 2) == PAPER).all()
    different = (sheet != whole).any(axis=2)
    for column in (1, 2):
        tile(different, 0, column)[:] = False
    assert not different.any()


def test_an_image_that_is_scored_is_shown_before_others(store, tmp_path):
    fewer = without_scored(store, lambda id, target: id in ("000", "001"), tmp_path / "fewer.arrow")
    ids, sheet = fewer.column("id"), contact_sheet(fewer)
    for row, id in enumerate(("004", "003", "002")):  # of class 10, 7, x
        assert (tile(sheet, row, 1) == resize(fewer.image(ids.index(f"{id}/test_like/0")), TILE, TILE)).all()


def test_labels_stand_beside_their_rows(store):
    plain = contact_sheet(store, {"7": " ", "10": " ", "x": " "})
    named = contact_sheet(store, {"7": " ", "10": "a_name_that_is_much_too_long_for_a_single_line", "x": " "})
    rows, columns = np.nonzero((plain != named).any(axis=2))
    assert len(rows) > 50 and columns.max() < LABEL
    # several lines
    assert HEAD + TILE + GAP <= rows.min() and rows.max() < HEAD + 2 * (TILE + GAP) and rows.max() - rows.min() > 30


def test_of_many_classes_the_first_and_of_few_copies_all(store):
    assert contact_sheet(store, classes=2).shape[0] == HEAD + 2 * (TILE + GAP)
    assert contact_sheet(store, copies=3).shape[1] == LABEL + 6 * (TILE + GAP)


def test_the_file_is_the_same_each_time_and_close_to_the_sheet(store, tmp_path):
    for name in ("a.png", "b.png"):
        write_contact_sheet(tmp_path / name, store, {"7": "seven"})
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    with Image.open(tmp_path / "a.png") as image:
        shown = np.asarray(image.convert("RGB"))
    sheet = contact_sheet(store, {"7": "seven"})
    assert shown.shape == sheet.shape and np.abs(shown.astype(int) - sheet).mean() < 8
