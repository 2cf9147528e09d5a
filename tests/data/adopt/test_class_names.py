"""Classes in folders and tables: their targets, several spellings, images in folders inside them."""

from collections import Counter

import pytest
from makers.competitions.broken import IDS, lines, picture, sound
from makers.competitions.brought import brought, classes, rows
from makers.competitions.layouts import in_folders, put

from competition.common.errors import ContractError

TWICE = {"1": "1.0", "Cat": "cat", "black_cat": "black cat", "caf\u00e9": "cafe\u0301", "7": "007", "cat": "c\u0430t"}


def warnings(came) -> list[str]:
    return [note for note in came.notes if note.startswith("warning: ")]


def targets(root) -> list[list[str]]:
    return rows(root / "meta.csv")[1:]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([str(n) for n in range(12)], None),
        (["10", "9", "1"], ["1", "9", "10"]),
        (["00", "01", "10"], None),
        (["3.0", "10.0", "2.0"], ["2.0", "3.0", "10.0"]),
        (["-1", "0", "10", "9"], ["-1", "0", "9", "10"]),
        (["2", "10", "unknown"], None),
        (["1900", "1950", "2000"], None),
    ],
)
def test_folders_that_are_numbers_are_their_own_targets(tmp_path, names, expected):
    _, root, _ = brought(in_folders(tmp_path / "d", *names, each=3))
    assert targets(root) == [[name, name] for name in expected or names]
    file_of = dict(rows(tmp_path / "data/adopted.csv")[1:])
    labelled = [*rows(root / "train.csv")[1:], *rows(tmp_path / "data/solution.csv")[1:]]
    assert all(file_of[id].split("/")[0] == target for id, target, *_ in labelled) and len(labelled) == 3 * len(names)


@pytest.mark.parametrize(
    "names", [[f"class{n}" for n in range(12)], [f"grade {n}" for n in range(12)], ["a1", "a2", "a10", "b"]]
)
def test_numbers_in_folder_names_count(tmp_path, names):
    _, root, _ = brought(in_folders(tmp_path / "d", *names, each=3))
    assert targets(root) == [[str(n), name] for n, name in enumerate(names)]


def test_given_splits_have_their_own_targets_too(tmp_path):
    source = in_folders(tmp_path / "d", *(f"{part}/{n}" for part in ("train", "val", "test") for n in (2, 10)), each=3)
    _, root, _ = brought(source)
    assert targets(root) == [["2", "2"], ["10", "10"]]
    assert Counter(row[1] for row in rows(tmp_path / "data/solution.csv")[1:]) == {"2": 3, "10": 3}


@pytest.mark.parametrize("label", ["{}", "{}.0", "{:03d}"])
def test_numbers_in_a_table_stand_in_their_order(tmp_path, label):
    source = sound(tmp_path / "d", lambda n: label.format(n % 12))
    lines(source / "sample_submission.csv", "id,kind", *(f"t{n},{label.format(0)}" for n in range(4)))
    assert classes(brought(source)[1]) == [label.format(n) for n in range(12)]


@pytest.mark.parametrize(("usual", "other"), TWICE.items())
def test_spellings_in_a_table(tmp_path, usual, other):
    source = sound(tmp_path / "d", lambda n: other if n in (1, 2) else ("zebra", usual)[n % 2])
    lines(source / "sample_submission.csv", "id,kind", *(f"t{n},zebra" for n in range(4)))
    came, root, _ = brought(source)
    [warning] = warnings(came)
    assert {*classes(root)} == {usual, other, "zebra"} and "--join-classes" in warning
    assert f"{usual!r} (5 images" in warning and f"{other!r} (2 images" in warning
    came, root, _ = brought(source, join_classes=True)
    assert {*classes(root)} == {usual, "zebra"} and not warnings(came)
    assert Counter(row[1] for row in rows(root / "train.csv")[1:]) == {usual: 7, "zebra": 5}
    assert any(f"train.csv: joined to {usual!r}, as told: " in note for note in came.notes)


@pytest.mark.parametrize(("usual", "other"), TWICE.items())
def test_spellings_of_folders(tmp_path, usual, other):
    source = in_folders(tmp_path / "d", usual, "zebra", each=10)
    put(source, [f"{other}/{n}.png" for n in range(2)])
    came, root, _ = brought(source)
    [warning] = warnings(came)
    assert came.classes == 3 and f"{usual!r} (10 images" in warning and f"{other!r} (2 images" in warning
    came, root, _ = brought(source, join_classes=True)
    assert [row[1] for row in targets(root)] == sorted([usual, "zebra"]) and not warnings(came)
    counts = Counter(row[1] for row in (*rows(root / "train.csv")[1:], *rows(tmp_path / "data/solution.csv")[1:]))
    assert sorted(counts.values()) == [10, 12]


def test_spellings_in_lists_and_in_rows_of_one_image(tmp_path):
    source = sound(tmp_path / "d", lambda n: ("a b", "B", "a", "b")[n % 4])
    lines(source / "sample_submission.csv", "id,kind", *(f"t{n},a b" for n in range(4)))
    came, root, _ = brought(source, "f1_samples", join_classes=True)
    assert classes(root) == ["a", "b"] and [row[1] for row in rows(root / "train.csv")[1:5]] == ["a|b", "b", "a", "b"]
    source = sound(tmp_path / "twice")
    with open(source / "train.csv", "a") as file:
        file.write("a00,A\n")
    with pytest.raises(ContractError, match="1 ID has rows with different labels"):
        brought(source)
    assert brought(source, join_classes=True)[0].train == 12


def test_the_samples_spelling_is_kept_and_its_classes_stay_apart(tmp_path):
    source = sound(tmp_path / "d", lambda n: ("1", "2", "1.0")[n % 3] if n else "1")
    lines(source / "sample_submission.csv", "id,kind", *(f"t{n},1.0" for n in range(4)))
    assert {*classes(brought(source, join_classes=True)[1])} == {"1.0", "2"}
    source = sound(tmp_path / "asked", lambda n: ("A", "a", "b")[n % 3])
    lines(source / "sample_submission.csv", "id,A,a,b", *(f"t{n},0,0,1" for n in range(4)))
    came, root, _ = brought(source, "log_loss", join_classes=True)
    assert classes(root) == ["A", "a", "b"] and "not joined, since the sample submission asks for each" in str(
        came.notes
    )


def test_joined_to_one_class_is_none_to_tell_apart(tmp_path):
    with pytest.raises(ContractError, match="joined, the folders are one class"):
        brought(in_folders(tmp_path / "d", "cat", "Cat"), join_classes=True)
    with pytest.raises(ContractError, match="only one class"):
        brought(sound(tmp_path / "t", lambda n: "aA"[n % 2]), join_classes=True)


@pytest.mark.parametrize("more", ["cat/more", "cat/a/b/c", "cat/images", "cat/2019", "dog/day 1"])
def test_images_in_folders_inside_a_class_are_taken_along(tmp_path, more):
    source = in_folders(tmp_path / "d", "cat", "dog", more, each=5)
    put(source, [f"{more}/cat0.png"])  # a name that its class has too
    came, root, _ = brought(source)
    assert came.train + came.test == 16 and [row[1] for row in targets(root)] == ["cat", "dog"]
    file_of = dict(rows(tmp_path / "data/adopted.csv")[1:])
    assert len(file_of) == 16 and all((source / file).is_file() for file in file_of.values())
    names = dict(targets(root))
    for id, target, *_ in [*rows(root / "train.csv")[1:], *rows(tmp_path / "data/solution.csv")[1:]]:
        assert names[target] == file_of[id].split("/")[0]
    assert f"6 images lie in folders inside their class's ({more}), taken along" in came.notes


def test_images_in_folders_inside_a_class_beside_a_test_folder(tmp_path):
    source = in_folders(
        tmp_path / "d", "train/cat", "train/dog", "train/cat/more", "val/cat", "val/cat/x", "test", each=4
    )
    came, root, _ = brought(source)
    assert (came.train, came.test) == (20, 4) and classes(root) == ["cat", "dog"]
    assert Counter(row[1] for row in rows(root / "train.csv")[1:]) == {"cat": 16, "dog": 4}
    assert not any("skipped" in line or "no ID names it" in line for line in came.skipped)
    picture(source / "train/loose.png", 900)
    with pytest.raises(ContractError, match="1 image lies in no class folder: loose.png"):
        brought(source)


@pytest.mark.parametrize("more", ["cat/dog", "cat/masks", "cat/train", "cat/test_images", "dog/segmentation mask"])
def test_folders_inside_a_class_that_are_something_else(tmp_path, more):
    source = in_folders(tmp_path / "d", "cat", "dog", more, each=5)
    with pytest.raises(ContractError, match=rf"{more} \(5 images\) inside a class folder"):
        brought(source)
    assert brought(source, class_folders=True)[0].classes == 2


def test_folders_of_folders_are_asked_about(tmp_path):
    source = in_folders(tmp_path / "d", "day1/cat", "day1/dog", "day2/cat", "day2/dog", each=3)
    with pytest.raises(ContractError, match=r"sub-folders hold folders.*\(12 images below them\); .*--class-folders"):
        brought(source)
    came, root, _ = brought(source, class_folders=True)
    assert (came.train + came.test, [row[1] for row in targets(root)]) == (12, ["day1", "day2"])


def test_images_beside_the_class_folders_are_not_left_out(tmp_path):
    source = put(in_folders(tmp_path / "d", "cat", "dog"), ["new1.png", "new2.JPG", "phone.heic"][:2])
    with pytest.raises(ContractError, match="2 images lie in no class folder: new1.png, new2.JPG; move them into"):
        brought(source)


def test_images_that_no_row_names_are_counted(tmp_path):
    source = put(sound(tmp_path / "d"), [f"{place}/more{n}.png" for place in ("train", "extra") for n in range(30)])
    came, _, _ = brought(source)
    assert "warning: 60 images are in no table and no part, and not used (extra: 30, train: 30)" in came.notes
    assert came.train == len(IDS)


@pytest.mark.parametrize(
    ("names", "target", "expected", "reason"),
    [
        (("abnormal", "normal"), None, "abnormal", "since the classes are abnormal and normal"),
        (("cat", "dog"), None, "dog", "since it comes last in the alphabet and no file says it (cat and dog)"),
        (("cat", "dog"), "cat", "cat", "as told"),
        (("0", "1"), None, "1", "since the classes are 0 and 1"),
        (("train/cat", "train/dog", "val/cat", "val/dog"), "cat", "cat", "as told"),
    ],
)
def test_whose_probability_is_asked_for_of_class_folders(tmp_path, names, target, expected, reason):
    came, root, task = brought(in_folders(tmp_path / "d", *names), "average_precision", target=target)
    assert task["answer"] == "probability" and targets(root)[1][1] == expected and came.kind == "class folders"
    guessed = "warning: " if "no file says it" in reason else ""
    fix = "its probability is asked for; --target CLASS decides"
    assert f"{guessed}positive class: {expected}, {reason} ({fix})" in came.notes
    file_of = dict(rows(tmp_path / "data/adopted.csv")[1:])
    for id, label, *_ in [*rows(root / "train.csv")[1:], *rows(tmp_path / "data/solution.csv")[1:]]:
        assert (label == "1") == (expected in file_of[id].split("/"))


def test_a_class_that_was_joined_is_told_by_either_name(tmp_path):
    source = in_folders(tmp_path / "d", "cat", "dog", each=10)
    put(source, [f"Cat/{n}.png" for n in range(3)])
    for told in ("cat", "Cat"):
        _, root, _ = brought(source, "roc_auc", target=told, join_classes=True)
        assert [row[1] for row in targets(root)] == ["dog", "cat"]


def test_one_probability_is_of_two_class_folders(tmp_path):
    source = in_folders(tmp_path / "d", "cat", "dog", "owl")
    with pytest.raises(ContractError, match="--answer probability asks for one number, but there are 3 classes"):
        brought(source, "roc_auc", answer="probability")


def test_a_column_that_is_called_as_a_folder_is_the_label(tmp_path):
    source = in_folders(tmp_path / "d", "grade", "other")
    files = [f"{name}{n}.png" for name in ("grade", "other") for n in range(6)]
    lines(source / "table.csv", "id,age,grade", *(f"{file},{n},{'xy'[n % 2]}" for n, file in enumerate(files)))
    source.joinpath("test").mkdir()
    for n in range(3):
        picture(source / f"test/t{n}.png", 900 + n)
    came, root, _ = brought(source, target="grade")
    assert came.layout == "tables and parts, as told by --target" and classes(root) == ["x", "y"]
