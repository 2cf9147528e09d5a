"""JSON annotations: rows without a label, images whose names lie in several folders."""

import json
from pathlib import Path

import pytest
from makers.competitions.broken import IDS, TESTS, lines, picture, sound
from makers.competitions.brought import brought, rows

from competition.common.errors import ContractError

KINDS = [{"id": n, "name": name} for n, name in ((1, "cat"), (2, "dog"))]
LABELLED = [{"image_id": n, "label": ("cat", "dog")[n % 2]} for n in range(12)]
NUMBERED = [{"image_id": n, "category_id": n % 2 + 1} for n in range(12)]


def changed(marks: list[dict], row: int, **fields) -> list[dict]:
    """Return the annotations with other fields in one row; None: without the field."""
    return [{**mark, **fields} if n == row else mark for n, mark in enumerate(marks)]


def without(marks: list[dict], row: int, field: str) -> list[dict]:
    return [{k: v for k, v in mark.items() if n != row or k != field} for n, mark in enumerate(marks)]


def annotated(folder: Path, marks: list[dict], kinds: list[dict] | None = None) -> Path:
    source = sound(folder)
    (source / "train.csv").unlink()
    lines(source / "sample_submission.csv", "id,label", *(f"{id},cat" for id in TESTS))
    content = {"images": [{"id": n, "file_name": f"{id}.png"} for n, id in enumerate(IDS)], "annotations": marks}
    (source / "train.json").write_text(json.dumps(content | ({"categories": kinds} if kinds else {})))
    return source


@pytest.mark.parametrize(
    ("marks", "kinds"),
    [
        (changed(LABELLED, 7, label=None), None),
        (changed(LABELLED, 7, label=""), None),
        (without(LABELLED, 7, "label"), None),
        (without(LABELLED, 0, "label"), None),
        (changed(NUMBERED, 7, category_id=None), KINDS),
        (without(NUMBERED, 0, "category_id"), KINDS),
    ],
)
def test_an_annotation_without_a_label_is_none(tmp_path, marks, kinds):
    source = annotated(tmp_path / "download", marks, kinds)
    with pytest.raises(ContractError) as caught:
        brought(source)
    said = "train.json: 1 image has no label; fill it in or remove them, or say --labels multi if no label is an answer"
    assert str(caught.value) == said
    came, root, _ = brought(source, "f1_samples", labels="multi")
    assert [row[1] for row in rows(root / "train.csv")[1:]].count("") == 1 and came.classes == 2
    assert "train.json: 1 image has no label: taken as an answer" in came.notes
    assert not kinds or rows(root / "meta.csv")[1:] == [["cat", "cat"], ["dog", "dog"]]


def two_parts(folder: Path, train: str = "train", test: str = "test", marks: str = "annotations/train.json") -> Path:
    """12 training and 4 test images of the same names in two folders, listed by JSON files."""
    source = folder / "download"
    for part, place, count in ((0, train, 12), (1, test, 4)):
        for n in range(count):
            picture(source / place / f"{n}.png", 100 * part + n)
    images = [{"id": 50 + n, "file_name": f"{n}.png"} for n in range(12)]
    content = {"images": images, "annotations": [{**mark, "image_id": 50 + n} for n, mark in enumerate(NUMBERED)]}
    lines(source / marks, json.dumps(content | {"categories": KINDS}))
    lines(source / "annotations/test.json", json.dumps({"images": images[:4]}))
    return source


def are_of(root: Path, source: Path, train: str, test: str) -> bool:
    """Whether each image of data/raw is that of the folder meant."""
    pairs = [(part, place, n) for part, place, count in (("train", train, 12), ("test", test, 4)) for n in range(count)]
    return all(
        (root / f"{part}/{50 + n}.png").read_bytes() == (source / f"{place}/{n}.png").read_bytes()
        for part, place, n in pairs
    )


def test_images_of_the_same_names_in_both_parts_are_found_in_their_folders(tmp_path):
    source = two_parts(tmp_path)
    came, root, _ = brought(source)
    assert (came.train, came.test) == (12, 4) and are_of(root, source, "train", "test")
    assert not any("not there" in note for note in came.notes)


def test_the_folders_that_are_told_hold_the_annotated_images(tmp_path):
    source = two_parts(tmp_path, "one", "two")
    with pytest.raises(ContractError, match="the (train|test) images are in several folders: one, two; name one of"):
        brought(source)
    came, root, _ = brought(source, train_images="one", test_images="two")
    assert (came.train, came.test) == (12, 4) and are_of(root, source, "one", "two")


def test_a_json_file_among_images_means_those_beside_it(tmp_path):
    source = two_parts(tmp_path, "one", "two", "one/labels.json")
    assert are_of(brought(source, test_images="two")[1], source, "one", "two")


def test_an_annotated_image_of_several_files_and_a_test_image_that_is_missing(tmp_path):
    source = two_parts(tmp_path)
    picture(source / "train/more/8.png", 7)
    (source / "train/less").mkdir()
    (source / "train/8.png").rename(source / "train/less/8.png")
    with pytest.raises(ContractError, match=r"train.json: 1 ID fits several images under .*train: 58 \(train/less/8"):
        brought(source)
    (source / "train/less/8.png").unlink()
    (source / "train/3.png").unlink()
    (source / "test/3.png").unlink()
    with pytest.raises(ContractError, match="test.json: 1 ID has no image: 53; add the files"):
        brought(source)


def test_paths_in_a_table_are_found_in_their_parts_folder(tmp_path):
    source = sound(tmp_path / "download")
    for n, id in enumerate(TESTS):
        picture(source / f"train/{id}.png", 200 + n)
    lines(source / "test.csv", "number,path", *(f"{700 + n},{id}.png" for n, id in enumerate(TESTS)))
    lines(source / "sample_submission.csv", "number,kind", *(f"{700 + n},a" for n in range(4)))
    root = brought(source)[1]
    assert (root / "test/700.png").read_bytes() == (source / "test/t0.png").read_bytes()
