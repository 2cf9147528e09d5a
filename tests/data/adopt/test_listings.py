"""Labels in files that are no CSV: read, or refused; folders aren't taken for classes beside them without a word."""

import json
from pathlib import Path

import pytest
from makers.competitions.broken import IDS, TESTS, lines, picture, sound
from makers.competitions.brought import brought, classes, rows

from competition.common.errors import ContractError

KINDS = {f"{id}.png": "ab"[n % 2] for n, id in enumerate(IDS)}
SITES = {f"{id}.png": f"site_{'xyz'[n % 3]}" for n, id in enumerate(IDS)}


def by_site(folder: Path) -> Path:
    """Write the images into folders that are no classes."""
    for n, (file, site) in enumerate(SITES.items()):
        picture(folder / site / file, n)
    return folder


def as_json(folder: Path) -> None:
    (folder / "labels.json").write_text(json.dumps(KINDS))


def nested_json(folder: Path) -> None:
    (folder / "labels.json").write_text(json.dumps({file: {"label": kind, "age": 3} for file, kind in KINDS.items()}))


def files_of_labels(folder: Path) -> None:
    of = {kind: [file for file, one in KINDS.items() if one == kind] for kind in "ab"}
    (folder / "labels.json").write_text(json.dumps(of))


def json_lines(folder: Path) -> None:
    lines(folder / "metadata.jsonl", *(json.dumps({"file_name": file, "label": kind}) for file, kind in KINDS.items()))


def text(folder: Path) -> None:
    lines(folder / "labels.txt", *(f"{file} {kind}" for file, kind in KINDS.items()))


def text_with_header(folder: Path) -> None:
    lines(folder / "labels.txt", "file\tlabel", *(f"{file}\t{kind}" for file, kind in KINDS.items()))


def bars(folder: Path) -> None:
    lines(folder / "labels.csv", "file|label", *(f"{file}|{kind}" for file, kind in KINDS.items()))


LISTS = (as_json, nested_json, files_of_labels, json_lines, text, text_with_header, bars)


@pytest.mark.parametrize("write", LISTS)
def test_folders_are_no_classes_where_a_file_says_other_labels(tmp_path, write):
    source = by_site(tmp_path / "download")
    assert len(classes(brought(source)[1])) == 3
    write(source)
    with pytest.raises(
        ContractError, match="names the images that lie in folders, with other values in label .*--class"
    ):
        brought(source)
    assert len(classes(brought(source, class_folders=True)[1])) == 3


@pytest.mark.parametrize("write", LISTS)
def test_what_lists_the_training_images_is_their_table(tmp_path, write):
    source = sound(tmp_path / "download")
    (source / "train.csv").unlink()
    write(source)
    came, root, _ = brought(source, target="label")
    assert came.train == 12 and {tuple(row[:2]) for row in rows(root / "train.csv")[1:]} == {*KINDS.items()}


@pytest.mark.parametrize("write", LISTS)
def test_files_that_say_what_the_folders_say_change_nothing(tmp_path, write):
    source = tmp_path / "download"
    for n, (file, kind) in enumerate(KINDS.items()):
        picture(source / kind / file, n)
    write(source)
    assert classes(brought(source)[1]) == ["0", "1"] and len(rows(tmp_path / "data/raw/meta.csv")) == 3


def test_names_of_classes_are_no_list_of_images_that_are_called_by_numbers(tmp_path):
    source = sound(tmp_path / "download", lambda n: str(n))
    for part, ids in (("train", IDS), ("test", TESTS)):
        for n, id in enumerate(ids):
            (source / part / f"{id}.png").rename(source / part / f"{n + 100 * (part == 'test')}.png")
    lines(source / "train.csv", "id,kind", *(f"{n},{n % 4}" for n in range(12)))
    lines(source / "sample_submission.csv", "id,kind", *(f"{n + 100},0" for n in range(4)))
    (source / "kinds.json").write_text(json.dumps({str(n): f"kind {n}" for n in range(4)}))
    came, root, _ = brought(source)
    assert came.train == 12 and rows(root / "meta.csv")[1] == ["0", "kind 0"]


@pytest.mark.parametrize("kind", ["txt", "xml", "json"])
def test_a_file_beside_each_image_may_hold_its_label(tmp_path, kind):
    source = by_site(tmp_path / "download")
    for file, site in SITES.items():
        (source / site / Path(file).with_suffix(f".{kind}")).write_text('{"a": [1]}' if kind == "json" else "0 0.5 0.5")
    with pytest.raises(ContractError, match="12 files are called as images are, and may hold their labels: site_x/a00"):
        brought(source)


@pytest.mark.parametrize("name", ["labels.pkl", "annotations.mat", "y_target.npz", "truth.sqlite"])
def test_labels_in_a_form_that_is_not_read_are_asked_for_as_a_table(tmp_path, name):
    source = by_site(tmp_path / "download")
    (source / name).write_bytes(b"\x80\x04labels")
    with pytest.raises(
        ContractError, match=rf"{name}: can't be read; export the table as CSV \(UTF-8\); --class-folders"
    ):
        brought(source)


def test_notes_and_lists_of_names_beside_class_folders_are_no_labels(tmp_path):
    source = by_site(tmp_path / "download")
    lines(source / "README.txt", "Photographs of three sites,", "taken in spring, by hand", "a00.png is blurred")
    lines(source / "files.txt", *SITES)
    lines(source / "classes.txt", *sorted({*SITES.values()}))
    (source / "index.json").write_text(json.dumps({"0": "site_x", "1": "site_y", "2": "site_z"}))
    assert len(classes(brought(source)[1])) == 3
