"""The layout that a download is taken for: said, found by content, and refused where the files speak against it."""

from pathlib import Path

import pytest
from makers.competitions.broken import IDS, TESTS, lines, picture
from makers.competitions.brought import brought, classes, rows
from makers.competitions.layouts import flat, in_folders, put

from competition.common.errors import ContractError
from competition.data.adopt.adoption import adopt
from competition.data.adopt.destination import Destination
from competition.data.adopt.folder_names import names_no_class, names_part, names_portion
from competition.data.adopt.options import Options
from competition.settings.competition import CompetitionSettings

TABLES = """
    labels.csv train_labels.csv training_set.csv trainLabels.csv data.csv annotations.csv metadata.tsv eval.csv
    train/labels.csv my_samples.csv sample_labels.csv ground-truth.csv list.csv test_labels_of_train.csv
""".split()


@pytest.mark.parametrize("sample", ["sample_submission.csv", None])
@pytest.mark.parametrize("table", TABLES)
def test_the_labels_table_is_found_by_its_content(tmp_path, table, sample):
    came, root, _ = brought(flat(tmp_path / "d", table, sample=sample))
    assert (came.train, came.test, classes(root)) == (12, 4, ["a", "b"])
    assert [row[1] for row in rows(root / "train.csv")[1:]] == [*"ab"] * 6
    assert came.layout == (f"a competition with a sample submission, {sample}" if sample else came.layout)
    assert sample or came.layout == f"tables: {table} names images"


@pytest.mark.parametrize(
    "parts",
    [("train", "test"), ("train_images", "test_images"), ("Training", "Testing"), ("images/train", "images/test")],
)
def test_flat_parts_are_no_classes(tmp_path, parts):
    came, root, _ = brought(flat(tmp_path / "with", "labels.csv", parts))
    assert (came.train, came.test, classes(root)) == (12, 4, ["a", "b"])
    with pytest.raises(ContractError):
        brought(flat(tmp_path / "without", None, parts, sample=None))


@pytest.mark.parametrize(
    "names",
    [
        ("train", "val"),
        ("images", "masks"),
        ("images", "labels"),
        ("cat", "dog", "images"),
        ("cat", "dog", "val"),
        ("cat", "dog", "annotations"),
        ("fold_0", "fold_1", "fold_2"),
        ("batch1", "batch2"),
        ("part-1", "part-2"),
        ("train2017", "val2017"),
        ("JPEGImages", "SegmentationMasks"),
        ("labeled", "unlabeled"),
        ("photos", "scans"),
    ],
)
def test_folders_that_are_called_as_no_class_is(tmp_path, names):
    source = in_folders(tmp_path / "d", *names)
    with pytest.raises(ContractError) as caught:
        brought(source)
    [problem] = caught.value.problems
    assert "called as folders are that hold a part or all of the images, not as classes" in problem
    assert "--class-folders" in problem and not (tmp_path / "data").exists()
    came, root, _ = brought(source, class_folders=True)
    assert [row[1] for row in rows(root / "meta.csv")[1:]] == sorted(names)
    assert came.layout.endswith(f"({', '.join(sorted(names))}): as told")


@pytest.mark.parametrize(
    "names",
    [
        ("cat", "dog"),
        ("with_mask", "without_mask"),
        ("label", "bottle"),
        ("photo", "drawing"),
        ("original", "forged"),
        ("tested", "trained"),
        ("data sheet", "letter"),
        ("0", "1"),
    ],
)
def test_classes_that_are_called_nearly_so(tmp_path, names):
    came, root, _ = brought(in_folders(tmp_path / "d", *names))
    assert [row[1] for row in rows(root / "meta.csv")[1:]] == sorted(names)
    assert came.layout.startswith(f"class folders, 2 folders ({', '.join(sorted(names))}): since each holds images")


def test_names_of_folders():
    parts = "train Test val2017 test_images trainImages images-test TESTING eval unlabelled"
    assert all(map(names_part, parts.split())) and names_part("test_images", "test")
    assert not any(map(names_part, "contest training_shoe trains image test_tube cat".split()))
    assert all(map(names_no_class, "images masks JPEGImages labels train".split()))
    assert not any(map(names_no_class, "image mask label photo batch_1".split()))
    assert all(map(names_portion, "batch_1 fold2 part-3 photos dataset images".split())) and not names_portion("cat 1")


@pytest.mark.parametrize("folders", [("batch_a", "batch_b"), ("2019", "2020"), ("camera1", "camera2"), ("A", "B")])
@pytest.mark.parametrize("header", ["id,kind", "id,width,label", "id,species", "file,diagnosis,age"])
def test_a_table_with_other_labels_than_the_folders(tmp_path, folders, header):
    source = put(tmp_path / "d", [f"{folders[n // 6]}/{id}.png" for n, id in enumerate(IDS)])
    between = header.split(",")[1:]
    cell = {"kind": "ab", "label": "ab", "species": "ab", "diagnosis": "ab", "width": "58", "age": "37"}
    lines(
        source / "table.csv",
        header,
        *(",".join([id, *(cell[name][n % 2] for name in between)]) for n, id in enumerate(IDS)),
    )
    with pytest.raises(ContractError, match="table.csv: names the images that lie in folders, with other values"):
        brought(source)
    came, _, _ = brought(source, class_folders=True)
    assert came.classes == 2


@pytest.mark.parametrize("name, what", [(str.upper, "capitals differ"), (lambda id: f"{id}.jpg", "extensions differ")])
def test_a_table_that_names_the_images_nearly(tmp_path, name, what):
    folders = put(tmp_path / "folders", [f"site{n // 6}/{id}.png" for n, id in enumerate(IDS)])
    lines(folders / "labels.csv", "id,kind", *(f"{name(id)},{'ab'[n % 2]}" for n, id in enumerate(IDS)))
    for source in (folders, flat(tmp_path / "flat", name=name), flat(tmp_path / "alone", sample=None, name=name)):
        with pytest.raises(ContractError, match=f"labels.csv: its column id names images almost.*{what}"):
            brought(source)


def test_a_table_whose_names_stand_in_several_folders(tmp_path):
    for header, cell, refused in (
        ("folder,file,label", lambda folder, n: f"{folder},{n}.png,{'ab'[n % 2]}", True),
        ("folder,file,label", lambda folder, n: f"{folder},{n}.png,{folder.upper()}", False),
        ("folder,file,width", lambda folder, n: f"{folder},{n}.png,{n}", False),
    ):
        source = tmp_path / f"{header}{refused}".replace(",", "_")
        put(source, [f"{folder}/{n}.png" for folder in ("x1", "x2") for n in range(6)])
        lines(source / "list.csv", header, *(cell(folder, n) for folder in ("x1", "x2") for n in range(6)))
        if refused:
            with pytest.raises(ContractError, match="list.csv: names the images that lie in folders.*label than"):
                brought(source)
        else:
            assert brought(source)[0].kind == "class folders"


@pytest.mark.parametrize("name", ["labels.xlsx", "train.parquet", "annotations.ods", "metadata.csv", "data.xls"])
def test_a_table_of_labels_that_cannot_be_read(tmp_path, name):
    folders = put(tmp_path / "folders", [f"site{n // 6}/{id}.png" for n, id in enumerate(IDS)])
    for source in (folders, flat(tmp_path / "flat", None), flat(tmp_path / "alone", None, sample=None)):
        (source / name).write_bytes(b"PAR1\0" if name != "metadata.csv" else b"id,kind\na00,h\xf4tel\n")
        with pytest.raises(ContractError, match=name):
            brought(source)
    assert brought(folders, class_folders=True)[0].classes == 2


def test_tables_that_agree_with_the_folders_or_tell_something_else(tmp_path):
    for name, header, cell in (
        ("same", "id,label", lambda n: f"{n // 6}"),  # the folder, written otherwise
        ("finer", "id,species", lambda n: f"s{n // 3}"),
        ("groups", "id,patient", lambda n: f"p{n % 4}"),
        ("sizes", "id,width,height", lambda n: f"{n % 3},{n % 4}"),
        ("split", "id,split", lambda n: ("train", "test")[n % 2]),
    ):
        source = put(tmp_path / name, [f"{'xy'[n // 6]}/{id}.png" for n, id in enumerate(IDS)])
        lines(source / "table.csv", header, *(f"{id},{cell(n)}" for n, id in enumerate(IDS)))
        came, root, _ = brought(source)
        assert came.kind == "class folders" and [row[1] for row in rows(root / "meta.csv")[1:]] == ["x", "y"], name
        assert "table.csv: not in a class folder" in came.skipped


def test_the_groups_file_is_no_table_of_labels(tmp_path):
    source = put(tmp_path / "d", [f"{'xy'[n // 6]}/{id}.png" for n, id in enumerate(IDS)])
    lines(source / "leaves.csv", "file,kind", *(f"{'xy'[n // 6]}/{id}.png,g{n % 4}" for n, id in enumerate(IDS)))
    with pytest.raises(ContractError, match="--groups FILE as groups"):
        brought(source)
    place = Destination(tmp_path / "data/raw", tmp_path / "data/solution.csv")
    found = adopt(
        source, place, CompetitionSettings(), groups=source / "leaves.csv", options=Options(metric="accuracy")
    )
    assert found.train + found.test == 12


def test_class_folders_beside_flat_test_images(tmp_path):
    for name, train in (("top", ""), ("train", "train/"), ("train_images", "train_images/")):
        source = in_folders(tmp_path / name, f"{train}cat", f"{train}dog")
        put(source, [f"test/{id}.png" for id in TESTS])
        came, root, _ = brought(source)
        assert (came.train, came.test, classes(root)) == (12, 4, ["cat", "dog"]), name
        assert came.layout.startswith("training images and test images apart")
    source = in_folders(tmp_path / "three", "train/cat", "train/dog", "val/cat", "val/dog")
    put(source, [f"test/{id}.png" for id in TESTS])
    came, root, _ = brought(source)
    assert (came.train, came.test) == (24, 4) and [row[2] for row in rows(root / "train.csv")].count("0") == 12


def test_linked_folders_are_looked_into(tmp_path):
    real = flat(tmp_path / "disk")
    (tmp_path / "d").mkdir()
    for name in ("train", "test", "labels.csv", "sample_submission.csv"):
        (tmp_path / "d" / name).symlink_to(real / name)
    assert (brought(tmp_path / "d")[0].train, brought(tmp_path / "d")[0].test) == (12, 4)
    (tmp_path / "photos").mkdir()
    for name in ("cat", "dog"):
        in_folders(tmp_path / "disk2", name)
        (tmp_path / "photos" / name).symlink_to(tmp_path / "disk2" / name)
    came, _, _ = brought(tmp_path / "photos")
    assert came.train + came.test == 12


def test_what_is_told_is_no_guess(tmp_path):
    source = flat(tmp_path / "d")
    for told in ({"id": "id"}, {"target": "kind"}, {"train_images": "train"}, {"test_images": "test"}):
        [option] = told
        expected = f"tables and parts, as told by --{option.replace('_', '-')}"
        assert brought(source, **told)[0].layout == expected


def test_a_message_shows_what_the_tables_call_the_images(tmp_path):
    source = flat(tmp_path / "d", name=lambda id: f"zz{id}")
    with pytest.raises(ContractError, match=r"none of their names stands in labels.csv \(id: zza00, kind: a\)"):
        brought(source)


def test_given_splits_lose_nothing(tmp_path):
    def split(name: str) -> Path:
        return in_folders(tmp_path / name, "train/cat", "train/dog", "val/cat", "val/dog", each=5)

    came, _, _ = brought(split("sound"))
    assert came.layout == "a given split (train, val), each part with a folder for each class"
    for name, more in (("extra", "extra/cat/1.png"), ("loose", "1.png"), ("deep", "unlabelled/1.png")):
        picture(split(name) / more, 900)
        with pytest.raises(ContractError, match=f"1 image lies outside train, val: {more}"):
            brought(tmp_path / name)
    picture(split("inside") / "train/1.png", 900)
    with pytest.raises(ContractError, match="train: 1 image lies in no class folder: 1.png"):
        brought(tmp_path / "inside")
    in_folders(split("twice"), "valid/cat", "valid/dog")
    with pytest.raises(ContractError, match="val, valid are all the val part; put them together"):
        brought(tmp_path / "twice")
    in_folders(split("one"), "test/dog")
    came, _, _ = brought(tmp_path / "one")
    assert (came.train, came.test) == (20, 6)


def test_parts_of_other_names_are_named_by_a_person(tmp_path):
    source = tmp_path / "download"
    for n in range(24):
        part = "seg_train" if n < 16 else "seg_test"
        picture(source / part / part / "ab"[n % 2] / f"{n}.png", n)
    with pytest.raises(ContractError, match="or name the parts' folders with --train-images and --test-images"):
        brought(source)
    came, root, _ = brought(source, train_images="seg_train/seg_train", test_images="seg_test/seg_test")
    assert (came.train, came.test, classes(root)) == (16, 8, ["a", "b"])
