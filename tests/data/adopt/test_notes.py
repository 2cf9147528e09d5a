"""What is said of a download that was taken: each finding with its reason, and what was left out."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from makers.competitions.broken import IDS, TESTS, given_split, lines, picture, sound
from makers.competitions.brought import brought
from makers.competitions.changes import Change, asks, train


def beside(header: str, cells: Callable[[int], str], test_header: str, test_cells: Callable[[int], str]) -> Change:
    """Return what writes a training and a test table with further columns into a folder."""

    def write(folder: Path) -> None:
        train(cells, header)(folder)
        lines(folder / "test.csv", test_header, *(f"{id},{test_cells(n)}" for n, id in enumerate(TESTS)))

    return write


def annotated(folder: Path) -> None:
    """Annotations of all training images and of one that isn't there, no table."""
    files = [*(f"{id}.png" for id in IDS), "gone.png"]
    content = {
        "images": [{"id": n, "file_name": file} for n, file in enumerate(files)],
        "annotations": [{"id": n, "image_id": n, "category_id": n % 2} for n in range(13)],
        "categories": [{"id": n, "name": "ab"[n]} for n in range(2)],
    }
    (folder / "train.json").write_text(json.dumps(content))
    (folder / "train.csv").unlink()


def in_class_folders(folder: Path, root: str = "train/", names: str = "cat dog") -> None:
    """The training images in a folder for each class, no table."""
    (folder / "train.csv").unlink()
    for n, id in enumerate(IDS):
        place = folder / f"{root}{names.split()[n % 2]}/{id}.png"
        place.parent.mkdir(exist_ok=True)
        (folder / f"train/{id}.png").rename(place)


def named_by_class(folder: Path) -> None:
    (folder / "train.csv").unlink()
    for n, id in enumerate(IDS):
        (folder / f"train/{id}.png").rename(folder / f"train/{'cat dog'.split()[n % 2]}.{n}.png")


def two_formats(folder: Path) -> None:
    (folder / "train_jpg").mkdir()
    for id in IDS:
        (folder / f"train_jpg/{id}.jpg").write_bytes((folder / f"train/{id}.png").read_bytes())


def validation(folder: Path) -> None:
    lines(folder / "valid.csv", "id,kind", *(f"v{n},{'ab'[n % 2]}" for n in range(4)))
    for n in range(4):
        picture(folder / f"valid/v{n}.png", 300 + n)


def litter(folder: Path) -> None:
    (folder / "rules.pdf").touch()
    (folder / "broken.json").write_text("{")
    (folder / "broken.csv").write_text("a\nb,c\n")
    picture(folder / "test/extra.png", 7)


def names_in_json(folder: Path) -> None:
    (folder / "kinds.json").write_text('{"a": "Ape", "b": "Bee"}')


RUST = "id,rust,scab"
CASES: dict[str, tuple[tuple[Change, ...], str, dict, tuple[str, ...]]] = {
    "one label a row": (
        (),
        "accuracy",
        {},
        (
            "labels: single, since kind of train.csv says one of 2 classes",
            "answer: label, since accuracy scores labels and an image has one",
        ),
    ),
    "as told": ((), "accuracy", {"answer": "label"}, ("answer: label, as told",)),
    "lists": (
        (train(lambda n: ("a", "b", "a b")[n % 3]),),
        "f1_samples",
        {},
        (
            "labels: multi, since all 2 labels of the cells with ' ' also stand alone in a cell (kind of train.csv)",
            "answer: label_list, since f1_samples scores labels and an image has several",
        ),
    ),
    "a probability": (
        (),
        "roc_auc",
        {},
        ("answer: probability, since roc_auc scores probabilities and there are two classes",),
    ),
    "ranks": ((), "map_at_3", {}, ("answer: ranked, since map_at_3 scores the likeliest labels in order",)),
    "columns by their values": (
        (asks("id,a,b"),),
        "log_loss",
        {},
        (
            "label column: kind, since its values are the sample submission's columns",
            "answer: probabilities, since sample_submission.csv has a column for each of 2 classes",
        ),
    ),
    "0/1 columns": (
        (train(lambda n: f"{n % 2},{1 - n % 2}", RUST), asks(RUST)),
        "log_loss",
        {},
        ("labels: single, since exactly one of the 2 columns rust, scab is 1 in every row of train.csv",),
    ),
    "0/1 columns of several": (
        (train(lambda n: f"1,{n % 2}", RUST), asks(RUST)),
        "roc_auc",
        {},
        ("labels: multi, since 2 of the 2 columns rust, scab are 1 in row 2 of train.csv",),
    ),
    "0/1 columns that nothing asks for": (
        (train(lambda n: f"{n % 2},{1 - n % 2}", RUST),),
        "accuracy",
        {},
        (
            "label columns: rust, scab, since none is called 'kind', which the sample submission asks for and all hold "
            "0 and 1",
        ),
    ),
    "the only column": (
        (asks("id,answer", "0"),),
        "accuracy",
        {},
        (
            "label column: kind, since no other column of train.csv can be 'answer', which the sample submission asks "
            "for",
        ),
    ),
    "classes not asked for": (
        (train(lambda n: ("a", "b", "c", "a b c")[n % 4]), asks("id,a,b")),
        "roc_auc",
        {},
        ("train.csv: 1 class not asked for: c; left out",),
    ),
    "grades": (
        (train(lambda n: str(n % 3)), asks("id,kind", "0")),
        "quadratic_weighted_kappa",
        {},
        (
            "labels: ordinal, since kind of train.csv holds whole numbers and quadratic_weighted_kappa scores grades; "
            "in the order 0, 1, 2",
        ),
    ),
    "grades as told": (
        (train(lambda n: str(n % 3)), asks("id,kind", "0")),
        "accuracy",
        {"labels": "ordinal"},
        ("labels: ordinal, as told; in the order 0, 1, 2",),
    ),
    "annotations": (
        (annotated,),
        "f1_samples",
        {"labels": "multi"},
        (
            "train.json: 1 image is not there; left out",
            "class names: from train.json",
            "labels: multi, as told, an annotation of train.json",
        ),
    ),
    "class folders": (
        (in_class_folders,),
        "accuracy",
        {},
        ("labels: the names of the folders in train", "labels: single, since its folder says one of 2 classes"),
    ),
    "class folders at the top": (
        (lambda folder: in_class_folders(folder, ""),),
        "accuracy",
        {},
        ("labels: the names of the folders in the download",),
    ),
    "file names": (
        (named_by_class, asks("id,kind", "cat")),
        "accuracy",
        {},
        (
            "labels: from file names, {label}.{id}.* (--label-from decides)",
            "labels: single, since its file's name says one of 2 classes",
        ),
    ),
    "two formats": (
        (two_formats,),
        "accuracy",
        {},
        (
            "train images: train_jpg, since .jpg is read fastest; train has images of these names too (--train-images "
            "decides)",
        ),
    ),
    "a validation table": ((validation,), "accuracy", {}, ("valid.csv: the given validation part, 4 images: fold 0",)),
    "folds": (
        (train(lambda n: f"{'ab'[n % 2]},{n % 3 + 1}", "id,kind,fold"),),
        "accuracy",
        {},
        ("folds: as column fold of train.csv gives them, less 1",),
    ),
    "folds from 0": (
        (train(lambda n: f"{'ab'[n % 2]},{n % 3}", "id,kind,fold"),),
        "accuracy",
        {},
        ("folds: as column fold of train.csv gives them",),
    ),
    "rows twice": (
        (lambda folder: lines(folder / "train.csv", "id,kind", *(f"{id},{id[-1] < '5'}" for id in (*IDS, "a00"))),),
        "accuracy",
        {},
        ("train.csv: 1 ID has several rows; put together",),
    ),
    "groups by the setting's name": (
        (train(lambda n: f"{'ab'[n % 2]},g{n // 2}", "id,kind,group"),),
        "accuracy",
        {},
        ("groups: group of train.csv",),
    ),
    "columns beside the label": (
        (
            beside(
                "id,kind,age,code,camera",
                lambda n: f"{'ab'[n % 2]},{n % 5},{'xy'[n % 2]},{n % 3}",
                "id,age",
                lambda n: "3",
            ),
        ),
        "accuracy",
        {},
        (
            "code of train.csv: the answer in other words, and not in the test part; not used",
            "camera of train.csv: not in the test part; not used",
            "metadata of both parts: age",
        ),
    ),
    "names of classes": ((names_in_json,), "accuracy", {}, ("class names: from kinds.json",)),
}


@pytest.mark.parametrize(("changes", "metric", "options", "expected"), CASES.values(), ids=CASES)
def test_each_finding_is_said_with_its_reason(tmp_path, changes, metric, options, expected):
    source = sound(tmp_path / "download")
    for change in changes:
        change(source)
    came, _, _ = brought(source, metric, **options)
    notes = [note.replace(f"{source}/", "") for note in came.notes]
    missing = [note for note in expected if note not in notes]
    assert not missing, "\n".join(notes)


def test_what_is_left_out_is_listed_with_the_reason(tmp_path):
    source = sound(tmp_path / "download")
    litter(source)
    found = [line.replace(f"{source}/", "") for line in brought(source)[0].skipped]
    assert found[0] == "test/extra.png: no ID names it" and found[-1] == "rules.pdf: not read"
    assert any(line.startswith("broken.csv: 1 row has another number of fields") for line in found)
    assert any(line.startswith("broken.json: not valid JSON: Expecting property name") for line in found)
    assert all(line.endswith("; save it again, or take it away") for line in found if "JSON" in line)


def test_a_given_split_of_folders(tmp_path):
    came, _, _ = brought(given_split(tmp_path / "parts"))
    assert came.notes == ("the split is given (train, val, test) and used as it is: the validation images are fold 0",)
