"""What is ambiguous, missing or impossible in a download ends in one message, and nothing is written."""

from collections.abc import Callable
from pathlib import Path

import pytest
from makers.competitions import broken

from competition.common.errors import ContractError
from competition.data.adopt.adoption import adopt
from competition.data.adopt.destination import Destination
from competition.data.adopt.options import Options
from competition.settings.competition import CompetitionSettings

CASES: list[tuple[Callable, dict, tuple[str, ...]]] = [
    (broken.two_label_columns, {}, ("train.csv: 2 columns may be 'kind'", "'genus', 'colour'", "--target")),
    (broken.two_tables, {}, ("several tables may hold the labels: train.csv, training.csv", "--target")),
    (
        broken.probability_without_classes,
        {"metric": "roc_auc"},
        (
            "one answer column (kind)",
            "roc_auc scores probabilities",
            "3 classes (a, b, c)",
            "a column for each class",
            "take the sample submission that has them, or name a metric of labels (accuracy",
        ),
    ),
    (broken.leads_out, {}, ("more.zip", "../outside.txt; unpack it yourself")),
    (broken.bomb, {}, ("more.zip",)),
    (
        broken.leaking_split,
        {},
        (
            "the given split leaks",
            "1 image is on several sides",
            "train/cat/1.png = val/cat/copy.png",
            "remove the copies",
        ),
    ),
    (broken.unlabelled_rows, {}, ("train.csv: 2 rows have no kind (rows 4, 8)", "remove them", "--labels multi")),
    (broken.fractions, {}, ("kind of", "12 different numbers with fractions", "no regression")),
    (
        broken.many_numbers,
        {},
        (
            "40 different whole numbers in 40 rows",
            "no regression (if these are classes, say --labels single; grades: --labels ordinal)",
        ),
    ),
    (broken.sound, {"metric": "rmse"}, ("--metric rmse", "no regression; its metrics are accuracy, ", "f1_macro")),
    (broken.sound, {"metric": "acuracy"}, ("--metric acuracy: no metric 'acuracy'; there are accuracy,",)),
    (
        broken.sound,
        {"metric": None},
        ("no file tells how answers are scored", "--metric", "labels single", "accuracy", "all: "),
    ),
    (
        broken.several_images_a_row,
        {},
        ("columns id and front name different images of one row", "several images a row"),
    ),
    (
        broken.missing_images,
        {},
        ("train.csv: 1 ID has no image under", "a03; copy them there, remove the rows, or name", "--train-images"),
    ),
    (broken.two_folders, {}, ("the train images are in several folders: train, train_small", "--train-images")),
    (broken.no_test_part, {}, ("nothing lists the test images", "--test-images")),
    (broken.torn_labels, {}, ("1 ID has rows with different labels: a00 (a, b)", "--labels multi")),
    (broken.no_images, {}, ("no images that can be read (there: .jxr (16)); convert them to JPEG or PNG",)),
    (broken.long_form, {}, ("a row for each image and label (t0_left,", "one row an image")),
    (
        broken.soft_labels,
        {"metric": "roc_auc"},
        (
            "2 columns (rust, scab) with 13 different numbers with fractions",
            "does no regression and takes no soft labels",
        ),
    ),
    (broken.missing_columns, {"metric": "roc_auc"}, ("asks for 3 classes (rust, scab, mould)", "--target")),
    (
        broken.unsafe_ids,
        {},
        ("1 ID can't name a file: '../../etc/a00'; use names on one line, with folders in front at most",),
    ),
    (broken.one_part, {}, ("3 images are in the training part", "--train-images and --test-images")),
    (
        broken.two_samples,
        {},
        ("sample submissions: sample_submission.csv, sample_submission_wide.csv; leave the one in",),
    ),
    (
        broken.ragged_table,
        {},
        ("nothing says the labels of the 16 images", "; not read: ", "1 row has another number of", "--label-from"),
    ),
    (broken.blurred_json, {}, ("train.json: 3 images have no label", "--labels multi")),
    (
        broken.sound,
        {"metric": "quadratic_weighted_kappa", "labels": "multi"},
        ("scores labels", "found were multi ones", "; name another metric (accuracy, ", "or say --labels ordinal"),
    ),
    (broken.sound, {"group": "patient"}, ("--group patient:", "no such column (there: kind)")),
    (broken.sound, {"id": "image"}, ("--id image: no table", "train.csv: id, kind")),
    (
        broken.sound,
        {"target": "species"},
        ("--target species: neither a column", "nor a class (a, b); name one of them"),
    ),
    (
        broken.sound,
        {"train_images": "pictures"},
        ("--train-images pictures: no images in this folder", "; it has test, train"),
    ),
    (
        broken.sound,
        {"label_from": "{id}.png"},
        ("--label-from {id}.png: has no {label}; write it where the label stands, as {label}.{id}.*",),
    ),
    (broken.sound, {"label_from": "{label}_{id}.png"}, ("12 images don't fit: train/a00.png", "--train-images")),
    (broken.sound, {"label_from": "{label}{name}"}, ("{name} is unknown; there are {label}, {id}, {group} and *",)),
]


@pytest.mark.parametrize(
    ("make", "options", "parts"), CASES, ids=[f"{make.__name__}-{n}" for n, (make, *_) in enumerate(CASES)]
)
def test_one_message_says_what_where_and_what_to_do(tmp_path: Path, make, options, parts):
    folder = make(tmp_path / "download")
    destination = Destination(tmp_path / "data/raw", tmp_path / "data/solution.csv")
    with pytest.raises(ValueError) as caught:
        adopt(folder, destination, CompetitionSettings(), options=Options(**({"metric": "accuracy"} | options)))
    problems = caught.value.problems if isinstance(caught.value, ContractError) else [str(caught.value)]
    assert len(problems) == 1, problems
    missing = [part for part in parts if part not in problems[0]]
    assert not missing, problems[0]
    assert not destination.root.exists() and not destination.solution.exists()


def test_nothing_is_wrong_with_the_sound_ones(tmp_path: Path):
    for make in (broken.sound, broken.given_split):
        place = tmp_path / make.__name__
        adopted = adopt(
            make(place / "download"),
            Destination(place / "data/raw", place / "data/solution.csv"),
            CompetitionSettings(),
            options=Options(metric="accuracy"),
        )
        assert (adopted.train, adopted.test) in ((12, 4), (14, 6))
