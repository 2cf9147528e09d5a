"""Downloads that are easily misread: taken for what they are, or asked about, never taken for something else."""

import json

import pytest
from makers.competitions.broken import TESTS, lines, sound
from makers.competitions.brought import brought, classes, rows

from competition.common.errors import ContractError

COATS = [f"{colour} {kind}" for colour in ("black", "white", "red") for kind in ("cat", "dog", "fox")]


def test_class_names_of_several_words_are_no_lists(tmp_path):
    source = sound(tmp_path / "download", lambda n: COATS[n % 9])  # 9 different cells of 6 words
    with pytest.raises(ContractError, match="'black cat' may be one class, or the labels black, cat .*--labels single"):
        brought(source)
    assert classes(brought(source, labels="single")[1]) == sorted(COATS)
    assert classes(brought(source, labels="multi")[1]) == ["black", "cat", "dog", "fox", "red", "white"]
    lines(source / "sample_submission.csv", f"id,{','.join(COATS)}", *(f"{id}{',0.1' * 9}" for id in TESTS))
    came, root, task = brought(source, "log_loss")
    assert "labels" not in task and classes(root) == COATS
    assert not any(note.startswith("warning: ") for note in came.notes)


def test_a_label_that_pandas_wrote_for_an_empty_cell_is_none(tmp_path):
    with pytest.raises(ContractError, match="4 rows have no kind"):
        brought(sound(tmp_path / "download", lambda n: ("a", "b", "nan")[n % 3]))


@pytest.mark.parametrize(
    ("label", "metric", "expected"),
    [
        (lambda n: f"{n % 3}.0", "accuracy", ["0", "1", "2"]),
        (lambda n: f"{n:05d}", "accuracy", [str(n) for n in range(12)]),
        (lambda n: f"{n}.0", "quadratic_weighted_kappa", [str(n) for n in range(12)]),
    ],
)
def test_answers_as_whole_numbers_where_the_sample_has_them(tmp_path, label, metric, expected):
    source = sound(tmp_path / "download", label)
    lines(source / "sample_submission.csv", "id,kind", *(f"{id},0" for id in TESTS))
    came, root, _ = brought(source, metric)
    assert classes(root) == expected and any("answered as whole numbers, as '0'" in note for note in came.notes)
    assert [row[1] for row in rows(root / "train.csv")[1:3]] == ["0", "1"]


def test_grades_stand_in_the_order_of_their_numbers(tmp_path):
    source = sound(tmp_path / "download", lambda n: f"{n}.0")
    lines(source / "sample_submission.csv", "id,kind", *(f"{id},0.0" for id in TESTS))
    lines(source / "grades.csv", "grade,name", *(f"{n}.0,stage {n}" for n in (5, 3, 0, 11, 10, 9, 1, 2, 4, 6, 7, 8)))
    _, root, _ = brought(source, "quadratic_weighted_kappa")
    assert rows(root / "meta.csv")[1:] == [[f"{n}.0", f"stage {n}"] for n in range(12)]
    words = sound(tmp_path / "words", lambda n: ("mild", "none", "severe")[n % 3])
    lines(words / "grades.csv", "grade,code", "none,G0", "mild,G1", "severe,G2")
    assert classes(brought(words, "quadratic_weighted_kappa", labels="ordinal")[1]) == ["none", "mild", "severe"]


WORDS = ["none", "mild", "severe"]


@pytest.mark.parametrize(
    ("names", "placeholder", "expected"),
    [
        ({"none": 0, "mild": 1, "severe": 2}, "0", ["0", "1", "2"]),
        ({"mild": 1, "none": 0, "severe": 2}, "none", WORDS),
        ({"1": "mild", "0": "none", "2": "severe"}, "none", WORDS),
        ({"none": 0, "mild": 9, "severe": 10}, "9", ["0", "9", "10"]),
    ],
)
def test_grades_that_a_file_numbers_stand_in_that_order(tmp_path, names, placeholder, expected):
    source = sound(tmp_path / "download", lambda n: WORDS[n % 3])
    lines(source / "sample_submission.csv", "id,kind", *(f"{id},{placeholder}" for id in TESTS))
    (source / "names.json").write_text(json.dumps(names))
    came, root, _ = brought(source, "quadratic_weighted_kappa", labels="ordinal")
    assert classes(root) == expected and [row[1] for row in rows(root / "train.csv")[1:4]] == expected
    assert f"labels: ordinal, as told; in the order {', '.join(expected)}" in came.notes
    lines(source / "sample_submission.csv", "id,mild,none,severe", *(f"{id},0,1,0" for id in TESTS))
    assert classes(brought(source, "log_loss", labels="ordinal")[1]) == WORDS


def test_numbered_grades_keep_their_order_in_words(tmp_path):
    source = sound(tmp_path / "download", lambda n: str(n % 3))
    lines(source / "sample_submission.csv", "id,kind", *(f"{id},none" for id in TESTS))
    (source / "names.json").write_text(json.dumps(dict(enumerate(WORDS))))
    came, root, _ = brought(source, "quadratic_weighted_kappa")
    assert classes(root) == WORDS and any("answered by name, as 'none' in the" in note for note in came.notes)


@pytest.mark.parametrize("placeholder", ["0", "38.4", "beaver"])
def test_placeholders_of_another_kind_than_the_classes_are_warned_of(tmp_path, placeholder):
    source = sound(tmp_path / "download", lambda n: ("cat", "dog")[n % 2])
    lines(source / "sample_submission.csv", "id,kind", *(f"{id},{placeholder}" for id in TESTS))
    came, root, _ = brought(source)
    warning = next(note for note in came.notes if note.startswith("warning: "))
    assert f"look like {placeholder}, the classes like cat, dog" in warning and classes(root) == ["cat", "dog"]
    names = (
        f'if the site has other names for them, write a JSON file beside the tables, such as {{"cat": "{placeholder}"'
    )
    number = "if a probability is asked for, name a metric of probabilities with --metric"
    assert (number if placeholder == "38.4" else names) in warning
    (source / "numbers.json").write_text(json.dumps({"cat": placeholder, "dog": "1"}))
    assert classes(brought(source)[1]) == sorted([placeholder, "1"])


@pytest.mark.parametrize(
    ("kinds", "column", "expected"),
    [
        (("b", "m"), "label", "m"),  # "b" is in "label", but no word of it
        (("female", "male"), "is_female", "female"),
        (("cactus", "no_cactus"), "no_cactus", "no_cactus"),
        (("Cat", "dog"), "prob-cat", "Cat"),
    ],
)
def test_the_class_that_the_column_is_called_by(tmp_path, kinds, column, expected):
    source = sound(tmp_path / "download", lambda n: kinds[n % 2])
    lines(source / "sample_submission.csv", f"id,{column}", *(f"{id},0.5" for id in TESTS))
    assert classes(brought(source, "roc_auc")[1])[-1] == expected


def test_two_columns_of_the_same_values_are_asked_about(tmp_path):
    source = sound(tmp_path / "download", lambda n: f"{n // 2 % 3},{n % 3}", "id,camera,label")
    lines(source / "sample_submission.csv", "id,0,1,2", *(f"{id},0,0,0" for id in TESTS))
    with pytest.raises(
        ContractError, match="values of 2 columns .*'camera', 'label'; name the right one with --target"
    ):
        brought(source, "log_loss")
    assert rows(brought(source, "log_loss", target="label")[1] / "train.csv")[1][1] == "0"


def test_the_label_is_what_the_sample_is_filled_with(tmp_path):
    source = sound(
        tmp_path / "download", lambda n: f"{'beluga orca'.split()[n % 2]},k{n % 6}", "id,species,individual_id"
    )
    for placeholder in ("k1", "k1 k2 k3"):
        lines(source / "sample_submission.csv", "id,predictions", *(f"{id},{placeholder}" for id in TESTS))
        came, root, _ = brought(source, "map_at_5")
        assert len(classes(root)) == 6 and rows(root / "train.csv")[0] == ["id", "individual_id"]
        assert any("label column: individual_id, since the sample" in note for note in came.notes)


def test_a_label_called_person_and_a_site_of_two_values_are_no_groups(tmp_path):
    source = sound(tmp_path / "download", lambda n: f"{n % 2},{n % 3 // 2}", "id,dog,person")
    lines(source / "sample_submission.csv", "id,labels", *(f"{id},dog" for id in TESTS))
    _, root, _ = brought(source, "f1_micro")
    assert classes(root) == ["dog", "person"] and rows(root / "train.csv")[0] == ["id", "target"]
    places = sound(tmp_path / "places", lambda n: f"{'ab'[n % 2]},h{n % 3}", "id,kind,site")
    came, root, _ = brought(places)
    assert rows(root / "train.csv")[0] == ["id", "kind"]
    [warning] = [note for note in came.notes if "warning: site of train.csv may say what belongs together, but" in note]
    assert warning.endswith("; images of one stand on both sides of a split (--group decides)")
    assert rows(brought(places, group="site")[1] / "train.csv")[0] == ["id", "kind", "group"]


@pytest.mark.parametrize(
    ("between", "placeholder", "expected"),
    [
        (",", "cat dog", " "),
        ("|", "cat dog", " "),
        (" ", "cat, dog", ","),
        (",", "cat", ","),
        (";", "cat;dog", ";"),
        (",", "owl;elk", ";"),
        (",", "cat owl", " "),
    ],
)
def test_labels_are_parted_as_the_sample_parts_them(tmp_path, between, placeholder, expected):
    cells = ("cat", "dog", "bird", f"cat{between}dog", f"dog{between}bird", f"cat{between}bird")
    source = sound(tmp_path / "download", lambda n: f'"{cells[n % 6]}"')
    lines(source / "sample_submission.csv", "id,kind", *(f'{id},"{placeholder}"' for id in TESTS))
    _, _, task = brought(source, "f1_samples")
    assert task["answer"] == "label_list" and task.get("separator", " ") == expected


@pytest.mark.parametrize(
    ("placeholder", "expected"), [("oats,wild|beet", "|"), ("oats,wild beet", " "), ("oats,wild", " ")]
)
def test_marks_in_a_class_part_no_labels(tmp_path, placeholder, expected):
    source = sound(tmp_path / "download", lambda n: f'"{("oats,wild", "beet", "rye")[n % 3]}"')
    lines(source / "sample_submission.csv", "id,kind", *(f'{id},"{placeholder}"' for id in TESTS))
    assert brought(source, "map_at_3")[2].get("separator", " ") == expected
