"""The rows of the sample that a bundle's answers come in: images are found as `prepare` finds them."""

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest

from competition.data.image_files import find_images
from competition.serving.standalone.infer import complete

SAMPLE = "zebra"  # the sample's answer


@pytest.fixture
def place(tmp_path) -> Path:
    (tmp_path / "test/batch 1").mkdir(parents=True)
    return tmp_path


def completed(place: Path, answers: dict[str, tuple[str, str]], ids: list[str]) -> dict[str, str]:
    """Write images and what predict leaves, and return ID -> answer of the completed table. answers: image -> (its ID,
    answer).
    """
    for name in answers:
        cv2.imwrite(str(place / "test" / name), np.zeros((4, 4, 3), np.uint8))
    write(place / "labels.csv", ["file", "target"], [[name, answer] for name, (_, answer) in answers.items()])
    write(place / "submission.csv", ["ID", "target"], list(answers.values()))
    write(place / "sample_submission.csv", ["ID", "target"], [[id_, SAMPLE] for id_ in ids])
    complete(place / "submission.csv", place / "labels.csv", place / "sample_submission.csv", place / "test")
    with open(place / "submission.csv", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["ID", "target"] and [row[0] for row in rows] == ids
    return dict(rows)


def write(path: Path, header: list[str], rows) -> None:
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows([header, *rows])


def test_images_in_folders_are_those_of_bare_ids(place, capsys):
    answers = {"batch 1/a.png": ("batch 1/a", "cat"), "batch 1/b.png": ("batch 1/b", "dog"), "c.png": ("c", "cow")}
    ids = ["c", "b", "a", "gone"]
    assert completed(place, answers, ids) == {"c": "cow", "b": "dog", "a": "cat", "gone": SAMPLE}
    said = capsys.readouterr().out
    assert "sample's answer: gone" in said and "unanswered=1 not_asked_for=0" in said
    problems: list[str] = []
    assert find_images(place / "test", ids[:3], problems) == {
        "a": place / "test/batch 1/a.png", "b": place / "test/batch 1/b.png", "c": place / "test/c.png"
    }  # fmt: skip
    assert not problems


def test_whole_names_and_paths_from_above_are_found_too(place):
    answers = {"batch 1/a.png": ("batch 1/a.png", "cat"), "b.png": ("b.png", "dog")}
    assert completed(place, answers, ["a.png", "test/b.png"]) == {"a.png": "cat", "test/b.png": "dog"}


def test_what_may_mean_two_images_means_none(place, capsys):
    (place / "test/batch 2").mkdir()
    answers = {f"batch {n}/a.png": (f"batch {n}/a", "cat") for n in (1, 2)} | {"b.png": ("b", "dog")}
    assert completed(place, answers, ["a", "b"]) == {"a": SAMPLE, "b": "dog"}
    assert "sample's answer: a\n" in capsys.readouterr().out


def test_rows_of_pages_are_no_answers(place):
    cv2.imwrite(str(place / "test/batch 1/a.png"), np.zeros((4, 4, 3), np.uint8))
    rows = [
        ["batch 1/a.png", "", "cat"],
        ["batch 1/a.png", "1", "dog"],
        ["batch 1/a.png", "2", "cat"],
        ["b.png", "", "cow"],
    ]
    write(place / "labels.csv", ["file", "page", "target"], rows)
    write(place / "submission.csv", ["ID", "target"], [["batch 1/a", "cat"], ["b", "cow"]])
    write(place / "sample_submission.csv", ["ID", "target"], [["b", SAMPLE], ["a", SAMPLE]])
    complete(place / "submission.csv", place / "labels.csv", place / "sample_submission.csv", place / "test")
    assert (place / "submission.csv").read_text().splitlines() == ["ID,target", "b,cow", "a,cat"]


@pytest.mark.parametrize("ids", [["x", "y"], []])
def test_a_sample_without_any_of_the_images_is_an_error(place, ids):
    with pytest.raises(
        SystemExit, match=r"error: .*sample_submission.csv: none of its \d IDs \(.*a.png.* name the right"
    ):
        completed(place, {"a.png": ("a", "cat")}, ids)
    assert (place / "submission.csv").read_text().splitlines() == ["ID,target", "a,cat"]
