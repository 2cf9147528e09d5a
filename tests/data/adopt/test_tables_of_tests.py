"""The test table: its rows are found by the images they name, and none is lost silently; boxes of both parts."""

from pathlib import Path

import pytest
from makers.competitions.broken import IDS, TESTS, lines, sound
from makers.competitions.brought import brought, rows

from competition.common.errors import ContractError

BOXES = "x1,y1,x2,y2"


def download(folder: Path, columns: str, tests: list[str], cells: str = "1,2,7,8", train: str = "1,1,7,7") -> Path:
    """Write a competition with further columns in both tables. tests: the test table's IDs, in its order."""
    source = sound(folder, lambda n: f"{'ab'[n % 2]},{train.replace('N', str(n % 5))}", f"id,kind,{columns}")
    lines(source / "test.csv", f"id,{columns}", *(f"{id},{cells.replace('N', str(n))}" for n, id in enumerate(tests)))
    return source


@pytest.mark.parametrize("suffix", ["", ".png"])
def test_boxes_of_test_images_by_names_with_and_without_extension(tmp_path, suffix):
    source = download(tmp_path / "download", BOXES, [f"{id}{suffix}" for id in reversed(TESTS)], "1,2,7,N")
    _, root, _ = brought(source)
    assert rows(root / "test.csv") == [
        ["id", *BOXES.split(",")],
        *([id, "1", "2", "7", f"{3 - n}"] for n, id in enumerate(TESTS)),
    ]


@pytest.mark.parametrize(
    ("tests", "missing"), [(TESTS[:3], "1 test image has no row: t3"), ([*IDS], "4 test images ha")]
)
def test_test_images_without_a_box(tmp_path, tests, missing):
    source = download(tmp_path / "download", BOXES, tests)
    with pytest.raises(
        ContractError, match=f"test.csv: {missing}.*; write one, with a box as in the training table or"
    ):
        brought(source)


def test_boxes_of_the_training_images_alone(tmp_path):
    source = download(tmp_path / "download", BOXES, TESTS)
    (source / "test.csv").unlink()
    [note] = [note for note in brought(source)[0].notes if "boxes" in note]
    assert (
        note.startswith("warning: ")
        and "train.csv: has boxes, and the test images have none: crops are learnt from" in note
    )


def test_metadata_by_names_with_an_extension_and_of_some_rows(tmp_path):
    source = download(tmp_path / "download", "age", [f"{id}.png" for id in TESTS[:3]], "N", "N")
    came, root, _ = brought(source)
    assert rows(root / "test.csv") == [["id", "age"], ["t0", "0"], ["t1", "1"], ["t2", "2"], ["t3", ""]]
    assert "metadata of both parts: age" in came.notes and not any("not in the test part" in one for one in came.notes)
    assert "test.csv: 1 test image has no row: t3; its cells are empty" in came.notes


def test_rows_of_an_image_with_different_boxes(tmp_path):
    source = sound(tmp_path / "download")
    marks = [f"{id},{'ab'[n % 2]},{x},1,{x + 4},5" for n, id in enumerate(IDS) for x in (0, 3)]
    lines(source / "train.csv", f"id,kind,{BOXES}", *marks)
    said = (
        r"train.csv: 12 IDs have rows with different boxes: a00 \(0,1,4,5; 3,1,7,5\), .*; an image has one box: write "
        "an image file for each crop, or take the columns x1,y1,x2,y2 out to learn from whole images"
    )
    for options in ({}, {"labels": "multi"}):
        with pytest.raises(ContractError, match=said):
            brought(source, "f1_samples" if options else "accuracy", **options)
    lines(source / "train.csv", f"id,kind,{BOXES}", *marks[::2], *marks[::2])
    assert brought(source)[0].train == 12
