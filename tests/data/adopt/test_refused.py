"""What a download lacks, or says twice or askew: refused in one message that says what, where and what to do."""

import json
from pathlib import Path

import pytest
from makers.competitions.broken import IDS, TESTS, given_split, lines, picture, sound
from makers.competitions.brought import brought
from makers.competitions.changes import Change, asks, train

from competition.common.errors import ContractError
from competition.data.adopt.adoption import adopt
from competition.data.adopt.destination import Destination
from competition.data.adopt.options import Options
from competition.settings.competition import CompetitionSettings

SAMPLE = "sample_submission.csv"


def without(*names: str) -> Change:
    """Return what removes files, or all in a folder."""

    def remove(folder: Path) -> None:
        for name in names:
            place = folder / name
            for file in place.iterdir() if place.is_dir() else [place]:
                file.unlink()

    return remove


def adds(name: str, line: str) -> Change:
    """Return what adds a line to a table."""

    def add(folder: Path) -> None:
        with open(folder / name, "a") as file:
            file.write(f"{line}\n")

    return add


def twice(folder: Path) -> None:
    (folder / "train/a00.jpg").write_bytes((folder / "train/a00.png").read_bytes())


def age_alone(folder: Path) -> None:
    train(lambda n: str(n % 5), "id,age")(folder)
    lines(folder / "test.csv", "id,age", *(f"{id},3" for id in TESTS))


def split_alone(folder: Path) -> None:
    lines(folder / "train.csv", "id,split", *(f"{id},train" for id in IDS), *(f"{id},test" for id in TESTS))


def same_names(folder: Path) -> None:
    for n, id in enumerate(IDS):
        place = folder / f"train/{'pq'[n % 2]}/cat_{n // 2}.png"
        place.parent.mkdir(exist_ok=True)
        (folder / f"train/{id}.png").rename(place)


def path_without_image(folder: Path) -> None:
    lines(folder / "test.csv", "number,path", *(f"{700 + n},test/{id}.png" for n, id in enumerate(TESTS)))
    lines(folder / SAMPLE, "number,kind", *(f"{700 + n},a" for n in range(4)))
    (folder / "test/t3.png").unlink()


def two_labels_of_one(folder: Path) -> None:
    images = [{"id": n, "file_name": f"{id}.png"} for n, id in enumerate(IDS)]
    marks = [{"id": n, "image_id": n % 12, "category_id": n % 2 if n < 12 else 1} for n in range(13)]
    content = {"images": images, "annotations": marks, "categories": [{"id": n, "name": "ab"[n]} for n in range(2)]}
    (folder / "train.json").write_text(json.dumps(content))


ABC, RUST = train(lambda n: "abc"[n % 3]), "id,rust,scab"
CASES = {
    "labels scored, columns asked for": (
        (asks("id,a,b"),),
        {},
        (
            "--metric accuracy scores labels, but",
            f"{SAMPLE} has 2 answer columns (a, b), a number for each class; name a metric of probabilities",
            "roc_",
        ),
    ),
    "one probability of three classes": (
        (ABC, asks("id,kind")),
        {"metric": "roc_auc", "answer": "probability"},
        (
            f"{SAMPLE}: --answer probability asks for one number, but there are 3 classes (a, b, c)",
            "; use --answer probabilities or label",
        ),
    ),
    "probabilities in an unknown form": (
        (ABC, without(SAMPLE)),
        {"metric": "log_loss"},
        ("no sample submission says how log_loss takes the probabilities of 3 classes (a, b, c)", "--answer probabili"),
    ),
    "no metric, nothing asked": (
        (without(SAMPLE),),
        {"metric": None},
        ("the submission: no file tells how answers are scored", "one answer column (empty cells), 2 classes"),
    ),
    "no metric, columns asked for": ((asks("id,a,b"),), {"metric": None}, ("single, since", "2 answer columns. What")),
    "two images of an ID": (
        (twice,),
        {},
        (
            "1 ID fits several images under",
            "a00 (train/a00.jpg, train/a00.png); keep one file of each",
            "--train-images",
        ),
    ),
    "no images": ((without("train", "test"),), {}, ("holds no images; download them too, or name the folder",)),
    "an ID's column without tables": (
        (without("train.csv", SAMPLE),),
        {"id": "name"},
        ("--id name: no table of", "has such a column (there: no table)"),
    ),
    "two columns missing": (
        (train(lambda n: f"{n % 2},{'ab'[n % 2]}", "id,rust,kind"), asks("id,rust,scab,mould")),
        {"metric": "roc_auc"},
        ("asks for 3 classes (rust, scab, mould), but columns scab, mould are missing (there: rust, kind)", "--target"),
    ),
    "all columns missing": (
        (asks(RUST),),
        {"metric": "roc_auc"},
        (
            "2 classes (rust, scab), but there are neither such columns nor such values (there: kind)",
            "correct the head",
        ),
    ),
    "only what the test part has": (
        (age_alone,),
        {},
        ("train.csv: no column can be 'kind', which the sample submission asks for (there: age); name it with --",),
    ),
    "only IDs": (
        (split_alone, without(SAMPLE)),
        {},
        ("no column can be the label (there: only IDs); name it with --target, or the labels' pattern", "--label-from"),
    ),
    "neither 0 nor 1": (
        (train(lambda n: f"{n % 2},{2 if n == 3 else 0}", RUST), asks(RUST)),
        {"metric": "roc_auc"},
        ("1 column (scab) with 2 beside 0 and 1; write 0 or 1 for each row, or remove the rows",),
    ),
    "an empty cell of 0/1 columns": (
        (train(lambda n: f"{n % 2},{'' if n == 3 else 0}", RUST), asks(RUST)),
        {"metric": "roc_auc"},
        ("1 column (scab) with no value in 1 row (rows 4); an unlabelled row can't be trained on: fill it in",),
    ),
    "several annotations": (
        (two_labels_of_one, without("train.csv")),
        {"labels": "single"},
        ("train.json: 1 image has several labels, but --labels single; use --labels multi",),
    ),
    "one class": (
        (train(lambda n: "a"),),
        {},
        ("only one class (a); there is nothing to tell apart, at least two are",),
    ),
    "a column that no rest explains": (
        (train(lambda n: "1,1", RUST), asks("id,healthy,rust,scab")),
        {"metric": "roc_auc"},
        ("asks for healthy, which has no column here; add it, or take the column out of the sample submission",),
    ),
    "none or several of 0/1 columns": (
        (train(lambda n: f"{n % 2},{n % 2}", RUST), asks(RUST)),
        {"metric": "roc_auc", "labels": "single"},
        ("12 rows have none or several of the 2 columns rust, scab, but --labels single; use --labels multi",),
    ),
    "a class with the mark between labels": (
        (train(lambda n: ("a|b", "c")[n % 2]),),
        {"labels": "single"},
        ("train.csv: 1 class has a '|' or a line break in the name: a|b; rename them",),
    ),
    "a row without an ID": ((adds("train.csv", ",a"),), {}, ("train.csv: 1 row has no id; fill it in or remove",)),
    "a test row without an ID": ((adds(SAMPLE, ",a"),), {}, (f"{SAMPLE}: 1 row has no ID; fill it in or remove",)),
    "a test ID twice": ((adds(SAMPLE, "t0,a"),), {}, (f"{SAMPLE}: 1 ID is repeated: t0; one row for each image",)),
    "file names in two folders": (
        (same_names, without("train.csv")),
        {"label_from": "{label}_*.png"},
        ("images in several folders have the same names; name the training images' folder with --train-images",),
    ),
    "a path without an image": (
        (path_without_image,),
        {},
        (f"{SAMPLE}: 1 ID has no image: 703; add the files, or take the rows out of every table",),
    ),
    "a metric's file that is not there": (
        (),
        {"metric": "ours.py"},
        ("--metric ours.py: no such file; name the metric's Python file, or one of accuracy, ",),
    ),
    "one class in file names": (
        (without("train.csv"),),
        {"label_from": "{label:short}*.png"},
        ("file names: only one class (a)",),
    ),
}


@pytest.mark.parametrize(("changes", "options", "parts"), CASES.values(), ids=CASES)
def test_one_message_says_what_where_and_what_to_do(tmp_path, changes, options, parts):
    source = sound(tmp_path / "download")
    for change in changes:
        change(source)
    with pytest.raises((ValueError, FileNotFoundError)) as caught:
        brought(source, **options)
    assert len(getattr(caught.value, "problems", [1])) == 1
    missing = [part for part in parts if part not in str(caught.value)]
    assert not missing, str(caught.value)
    assert not (tmp_path / "data").exists()


def refused(source: Path, options: Options = Options(metric="accuracy"), groups: str | None = None) -> list[str]:
    place = source.parent / "data"
    destination = Destination(place / "raw", place / "solution.csv")
    with pytest.raises(ContractError) as caught:
        adopt(source, destination, CompetitionSettings(), groups=groups, options=options)
    return [problem.replace(f"{source.parent}/", "") for problem in caught.value.problems]


def test_groups_in_a_file_are_for_class_folders(tmp_path):
    [problem] = refused(sound(tmp_path / "tables"), groups="g.csv")
    assert problem == "g.csv: --groups is for class folders; name the table's column with --group"
    [problem] = refused(given_split(tmp_path / "parts"), groups="g.csv")
    assert problem == "g.csv: --groups is for class folders without a given split; this one is used as it is"


def test_a_class_of_a_given_split_that_nothing_teaches(tmp_path):
    source = given_split(tmp_path / "parts")
    picture(source / "val/owl/1.png", 900)
    assert refused(source) == [
        "parts/val: 1 class has no training image: owl; add some to parts/train, or take the folder away"
    ]


def test_class_folders_with_several_labels_or_names_that_no_table_takes(tmp_path):
    source = tmp_path / "photos"
    for n in range(4):
        picture(source / f"{'ab'[n % 2]}/{n}.png", n)
    [problem] = refused(source, Options(labels="multi"))
    assert problem == "--labels multi: an image lies in one class folder only; give a table of labels"
    picture(source / "a/1\n2.png", 9)
    assert refused(source) == ["photos: names can't be written into a CSV: 'a/1\\n2.png'; rename them"]


def test_a_metrics_file_without_a_metric(tmp_path):
    file = tmp_path / "my_own_metric.py"
    file.write_text("def score(): ...\n")
    with pytest.raises(ValueError) as caught:
        brought(sound(tmp_path / "download"), str(file))
    assert str(caught.value) == f"--metric {file}: registers no metric; its class begins with @METRICS.register"


def test_a_file_where_the_folder_should_go(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data/raw").write_text("mine")
    assert refused(sound(tmp_path / "download")) == ["data/raw: is a file; name a folder"]
    assert (tmp_path / "data/raw").read_text() == "mine"
