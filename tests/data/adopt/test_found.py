"""What is found in a download, dimension by dimension: labels, answers, columns beside, folders, splits."""

import json
from pathlib import Path

import pytest
from makers.competitions.broken import IDS, TESTS, given_split, lines, picture, sound, two_folders
from makers.competitions.brought import brought, classes, rows

from competition.common.errors import ContractError
from competition.data.adopt.cells import as_lists, looks_like_numbers, split_cell

# labels


@pytest.mark.parametrize(
    ("cells", "separator", "reason"),
    [
        (["a", "b", "a b"], " ", "since all 2 labels of the cells with ' ' also stand alone in a cell"),
        (["x y", "y x", "z"], " ", "since the same labels stand in several orders, with ' ' between"),
        (["a, b", "b", "a"], ",", "since all 2 labels of the cells with ',' also stand alone in a cell"),
        (["['a', 'b']", "['c']", "['a']"], ",", "since the cells are lists in brackets"),
        (["1|2", "2", "1"], "|", "since all 2 labels of the cells with '|' also stand alone in a cell"),
        (["p|q", "p|r", "q|r", "p|q|r", "q"], "|", "since 5 different cells are made of 3 labels, '|' between"),
        (["4 17", "230", "17 230 4"], " ", "since the cells are numbers with blanks between"),
        (["Sugar beet", "Common wheat", "Common Chickweed", "Maize"], None, None),
        (["cat", "dog"], None, None),
        (["New York, NY", "Washington, DC"], None, None),
    ],
)
def test_cells_that_hold_lists(cells, separator, reason):
    found = as_lists(cells)
    assert ((found.separator, found.reason) if found else (None, None)) == (separator, reason)


def test_cells_that_hold_lists_since_a_person_or_the_metric_says_it():
    assert as_lists(["a b", "c"], told=True).reason == "as told, with ' ' between"
    assert as_lists(["a b", "c"], scored=True).reason == "since the metric scores sets, with ' ' between"
    assert as_lists(["a", "c"], told=True).reason == "as told, one label a cell"


def test_a_cell_is_split_without_brackets_quotes_and_repetition():
    assert split_cell("['a', \"b\"]", ",") == ("a", "b") and split_cell(" a  b a ", " ") == ("a", "b")
    assert split_cell("", " ") == () and split_cell("[]", ",") == ()


def test_numbers_that_are_no_classes():
    assert looks_like_numbers(["0.5", "1.5", "2"]) == "3 different numbers with fractions"
    assert not looks_like_numbers(["0.0", "1.0"] * 9) and not looks_like_numbers([str(n % 40) for n in range(100)])
    assert "60 different whole numbers" in looks_like_numbers([str(n) for n in range(60)])


def test_options_decide_what_labels_are(tmp_path):
    source = sound(tmp_path / "download", lambda n: ("red apple", "green apple", "red pear")[n % 3])
    lines(source / "sample_submission.csv", "id,kind", *(f"{id},red pear" for id in TESTS))
    assert len(classes(brought(source)[1])) == 3
    came, root, task = brought(source, "f1_samples", labels="multi")
    assert task["labels"] == "multi" and classes(root) == ["apple", "green", "pear", "red"]
    numbers = sound(tmp_path / "numbers", lambda n: str(n % 4))
    assert "labels" not in brought(numbers)[2]
    assert brought(numbers, labels="ordinal")[2]["labels"] == "ordinal"


def test_a_list_may_be_empty(tmp_path):
    source = sound(tmp_path / "download", lambda n: ("a", "b", "a b", "")[n % 4])
    came, root, task = brought(source, "f1_micro")
    assert task == {"labels": "multi", "answer": "label_list", "metric": "f1_micro"}
    assert [row[1] for row in rows(root / "train.csv")[1:5]] == ["a", "b", "a|b", ""]
    assert any("3 rows have no kind: taken as images with no label" in note for note in came.notes)


def wide(folder: Path, header: str, cells: list[str], asked: str) -> Path:
    source = sound(folder)
    lines(source / "train.csv", header, *(f"{id},{cell}" for id, cell in zip(IDS, cells * 12, strict=False)))
    lines(source / "sample_submission.csv", asked, *(f"{id}{',0.5' * asked.count(',')}" for id in TESTS))
    return source


def test_a_column_that_is_asked_for_and_not_there_is_of_the_rows_without_any(tmp_path):
    source = wide(tmp_path / "one", "id,rust,scab", ["1,0", "0,1", "0,0"], "id,healthy,rust,scab")
    came, root, task = brought(source, "log_loss")
    assert task["answer"] == "probabilities" and classes(root) == ["healthy", "rust", "scab"]
    assert [row[1] for row in rows(root / "train.csv")[1:4]] == ["rust", "scab", "healthy"]
    assert any("healthy: 4 rows, those with 0 in all other columns" in note for note in came.notes)


def test_columns_behind_a_prefix_and_classes_that_are_not_asked_for(tmp_path):
    source = sound(tmp_path / "download", lambda n: str(n % 4))
    header = "id,prob_1,prob_0,prob_2"
    lines(source / "sample_submission.csv", header, *(f"{id},0,0,0" for id in TESTS))
    came, root, task = brought(source, "log_loss")
    assert rows(root / "meta.csv")[1:] == [["1", "prob_1"], ["0", "prob_0"], ["2", "prob_2"]]
    assert came.train == 9 and any(
        "1 class not asked for: 3; 3 rows that have nothing else are left out" in note for note in came.notes
    )


def test_a_class_without_images_is_kept_and_named(tmp_path):
    source = sound(tmp_path / "download", lambda n: "ab"[n % 2])
    lines(source / "sample_submission.csv", "id,a,b,c", *(f"{id},0,0,0" for id in TESTS))
    came, root, _ = brought(source, "log_loss")
    assert classes(root) == ["a", "b", "c"] and any("1 class has no training image: c" in note for note in came.notes)


def coco(folder: Path, marks: list[tuple[int, int]], placeholder: str) -> Path:
    source = sound(folder)
    (source / "train.csv").unlink()
    content = {
        "info": {"year": 2021},
        "images": [{"id": 10 + n, "file_name": f"{id}.png", "width": 8} for n, id in enumerate(IDS)],
        "annotations": [
            {"id": n, "image_id": 10 + image, "category_id": kind, "bbox": [1, 2, 3, 4]}
            for n, (image, kind) in enumerate(marks)
        ],
        "categories": [{"id": 3, "name": "fox"}, {"id": 8, "name": "hare"}, {"id": 20, "name": "owl"}],
    }
    (source / "annotations.json").write_text(json.dumps(content))
    lines(source / "sample_submission.csv", "id,kind", *(f"{id},{placeholder}" for id in TESTS))
    return source


def test_annotations_of_one_and_of_several_labels(tmp_path):
    single = coco(tmp_path / "one", [(n, (3, 8, 20)[n % 3]) for n in range(12)], "8")
    came, root, task = brought(single)
    assert "labels" not in task and rows(root / "meta.csv")[1:] == [["3", "fox"], ["8", "hare"], ["20", "owl"]]
    assert (root / "train" / "10.png").read_bytes() == (single / "train/a00.png").read_bytes()
    several = [(n, (3, 8, 20)[n % 3]) for n in range(12)] + [(0, 8), (0, 8), (5, 3)]
    came, root, task = brought(coco(tmp_path / "two/download", several, "8"), "f1_samples")
    assert task["labels"] == "multi" and [row[1] for row in rows(root / "train.csv")[1:3]] == ["3|8", "8"]
    assert any("since an image has up to 2" in note for note in came.notes)


def test_answers_by_name_where_the_sample_has_names(tmp_path):
    came, root, _ = brought(coco(tmp_path / "d", [(n, (3, 8)[n % 2]) for n in range(12)] + [(2, 3)], "owl"))
    assert (
        classes(root) == ["fox", "hare"]
        and "classes are answered by name, as 'owl' in the sample submission is one" in came.notes
    )


def test_a_list_of_objects_is_a_table(tmp_path):
    source = sound(tmp_path / "download")
    (source / "train.csv").unlink()
    (source / "labels.json").write_text(json.dumps([{"id": id, "kind": n % 2} for n, id in enumerate(IDS)]))
    assert classes(brought(source)[1]) == ["0", "1"]


def test_labels_from_file_names(tmp_path):
    source = sound(tmp_path / "download")
    (source / "train.csv").unlink()
    for n, file in enumerate(sorted((source / "train").iterdir())):
        file.rename(file.with_name(f"p{n // 3}-{'cat dog'.split()[n % 2]}_{n}.png"))
    came, root, _ = brought(source, label_from="{group}-{label}_{id}.png")
    table = rows(root / "train.csv")
    assert table[0] == ["id", "kind", "group"] and table[1] == ["p0-cat_0", "cat", "p0"] and len(table) == 13
    with pytest.raises(ContractError, match="nothing says the labels of the 16 images.*--label-from"):
        brought(source)


# answers


@pytest.mark.parametrize(
    ("kinds", "column", "target", "expected", "reason"),
    [
        ("0 1", "kind", None, "1", "since the classes are 0 and 1"),
        ("cat dog", "kind", None, "dog", "since it comes last in the alphabet and no file says it (cat and dog)"),
        ("cat dog", "kind", "cat", "cat", "as told"),
        ("cat dog", "is_cat", None, "cat", "since the answer's column is called is_cat"),
        ("no yes", "kind", None, "yes", "since the classes are no and yes"),
        ("malignant nevus", "kind", None, "malignant", "since the classes are malignant and nevus"),
        ("cancer healthy", "kind", None, "cancer", "since the classes are cancer and healthy"),
    ],
)
def test_whose_probability_is_asked_for(tmp_path, kinds, column, target, expected, reason):
    source = sound(tmp_path / "download", lambda n: kinds.split()[n % 2])
    lines(source / "sample_submission.csv", f"id,{column}", *(f"{id},0.5" for id in TESTS))
    came, root, task = brought(source, "roc_auc", target=target)
    assert task["answer"] == "probability" and classes(root)[-1] == expected
    guessed = "warning: " if "no file says it" in reason else ""
    fix = "its probability is asked for; --target CLASS decides"
    assert f"{guessed}positive class: {expected}, {reason} ({fix})" in came.notes


def test_ranked_answers_and_their_length(tmp_path):
    source = sound(tmp_path / "download", lambda n: f"w{n % 6}")
    lines(source / "sample_submission.csv", "id,kind", *(f"{id},w0;w1;w2" for id in TESTS))
    _, _, task = brought(source, "map_at_3")
    assert task == {"answer": "ranked", "metric": "map_at_3", "most": 3, "separator": ";"}


@pytest.mark.parametrize(
    ("label", "sample", "parts"),
    [
        (
            lambda n: str(n % 2),
            "0.5",
            ("placeholder 0.5), two classes", "What fits: average_precision, log_loss, roc_auc"),
        ),
        (lambda n: "abc"[n % 3], "a", ("one answer column (placeholder a), 3 classes", "accuracy")),
        (lambda n: "abc"[n % 3], "a b c", ("several labels (placeholder a b c)", "map_at_5")),
        (lambda n: ("a", "b", "a b")[n % 3], "a b", ("several labels an image", "f1_samples")),
    ],
)
def test_the_metric_is_asked_for_with_those_that_fit(tmp_path, label, sample, parts):
    source = sound(tmp_path / "download", label)
    lines(source / "sample_submission.csv", "id,kind", *(f"{id},{sample}" for id in TESTS))
    with pytest.raises(ContractError) as caught:
        brought(source, None)
    assert all(part in str(caught.value) for part in parts), str(caught.value)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            "probability",
            "--answer probability doesn't go with labels single, .*accuracy, which scores labels; --answer label",
        ),
        ("number", "--answer number: no answer form 'number'; there are label, "),
    ],
)
def test_an_answer_that_does_not_fit(tmp_path, answer, message):
    with pytest.raises(ValueError, match=message):
        brought(sound(tmp_path / "download"), answer=answer)


# beside the label


def test_columns_that_give_the_answer_away_are_left_out(tmp_path):
    source = sound(tmp_path / "download")
    header = "id,age,file,code,doctor,patient_id"
    beside = [f"{20 + n % 5},scan{n}.dcm,{'xy'[n % 2]},{n % 3},p{n // 2}" for n in range(16)]
    lines(source / "train.csv", f"{header},kind", *(f"{id},{beside[n]},{'ab'[n % 2]}" for n, id in enumerate(IDS)))
    lines(source / "test.csv", header, *(f"{id},{beside[12 + n]}" for n, id in enumerate(TESTS)))
    came, root, _ = brought(source)
    assert rows(root / "train.csv")[0] == ["id", "kind", "group", "age", "doctor"]
    assert rows(root / "test.csv")[0] == ["id", "age", "doctor"] and rows(root / "test.csv")[1][0] == "t0"
    said = "\n".join(came.notes)
    assert "warning: file of train.csv is left out: its values name the rows" in said
    assert "warning: code of train.csv is left out: each of its values goes with one label only" in said
    assert (
        "groups: patient_id of train.csv, by its name: 6 of them in 12 rows; images of one never stand on both" in said
    )
    assert rows(brought(source, group="doctor")[1] / "train.csv")[0] == ["id", "kind", "group", "age", "patient_id"]


def test_names_of_classes_from_a_table(tmp_path):
    source = sound(tmp_path / "download", lambda n: str(n % 2))
    lines(source / "kinds.csv", "number,latin,red", "1,Vulpes,1", "0,Lepus,0")
    came, root, _ = brought(source)
    assert rows(root / "meta.csv") == [["kind", "class_name"], ["0", "Lepus"], ["1", "Vulpes"]]
    assert "class names: latin of kinds.csv" in came.notes


# folders and tables


def test_folders_that_options_name(tmp_path):
    source = two_folders(tmp_path / "download")
    for told in ("train_small", str(source / "train_small")):
        _, root, _ = brought(source, train_images=told)
        assert (root / "train/a00.png").read_bytes() == (source / "train_small/a00.png").read_bytes()


def test_without_a_sample_submission_the_test_images_are_listed_elsewhere(tmp_path):
    source = sound(tmp_path / "download")
    (source / "sample_submission.csv").unlink()
    _, root, _ = brought(source)
    assert rows(root / "sample_submission.csv")[:2] == [["id", "kind"], ["t0", "a"]]
    lines(source / "test.csv", "id", "t2", "t1")
    assert [row[0] for row in rows(brought(source, "log_loss")[1] / "sample_submission.csv")] == ["id", "t2", "t1"]


def test_ids_that_another_table_gives_a_path(tmp_path):
    source = sound(tmp_path / "download")
    lines(source / "test.csv", "number,path", *(f"{700 + n},test/{id}.png" for n, id in enumerate(TESTS)))
    lines(source / "sample_submission.csv", "number,kind", *(f"{700 + n},a" for n in range(4)))
    _, root, _ = brought(source)
    assert (root / "test/702.png").read_bytes() == (source / "test/t2.png").read_bytes()


def test_equal_rows_count_once_and_labels_of_an_id_are_put_together_where_told(tmp_path):
    source = sound(tmp_path / "download")
    lines(source / "train.csv", "id,kind", *(f"{id},{'ab'[n % 2]}" for n, id in enumerate(IDS)), "a00,a")
    came, _, _ = brought(source)
    assert came.train == 12
    lines(source / "train.csv", "id,kind", *(f"{id},{'ab'[n % 2]}" for n, id in enumerate(IDS)), "a00,b")
    _, root, _ = brought(source, "f1_samples", labels="multi")
    assert rows(root / "train.csv")[1] == ["a00", "a|b"]


def test_folders_as_ids_are_several_images_a_row(tmp_path):
    source = sound(tmp_path / "download")
    for id in (*IDS, *TESTS):
        for n in range(2):
            picture(source / f"series/{id}/{n}.png", n)
    for part in ("train", "test"):
        for file in (source / part).iterdir():
            file.unlink()
    with pytest.raises(
        ContractError,
        match="id names folders of several images .*; several images a row can't be learnt from: write a row for each",
    ):
        brought(source)


# splits that are given


def test_a_split_given_as_folders_is_used(tmp_path):
    source = given_split(tmp_path / "download")
    came, root, task = brought(source, "balanced_accuracy")
    assert (came.kind, came.train, came.test, came.classes) == ("class folders", 14, 6, 2)
    fold, mapping = (
        {row[0]: row[-1] for row in rows(path)} for path in (root / "train.csv", root.parent / "adopted.csv")
    )
    assert rows(root / "train.csv")[0] == ["ID", "target", "fold"] and task == {"metric": "balanced_accuracy"}
    parts = {id: mapping[id].split("/")[0] for id in mapping if id != "ID"}
    assert {(parts[id], fold[id]) for id in fold if id != "ID"} == {("train", ""), ("val", "0")}
    solution = rows(root.parent / "solution.csv")[1:]
    assert {parts[row[0]] for row in solution} == {"test"}
    assert all(mapping[id].split("/")[1] == ("cat", "dog")[int(target)] for id, target, _ in solution)


def test_train_and_val_folders_beside_a_flat_test_folder(tmp_path):
    source = given_split(tmp_path / "download")
    for file in sorted((source / "test").rglob("*.png")):
        file.rename(source / "test" / f"{file.parent.name}{file.name}")
    lines(source / "sample.csv", "file,animal", *(f"{kind}{n}.png,cat" for kind in ("cat", "dog") for n in range(3)))
    for kind in ("cat", "dog"):
        (source / "test" / kind).rmdir()
    came, root, _ = brought(source)
    table = rows(root / "train.csv")
    assert table[0] == ["file", "animal", "fold"] and len(table) == 15
    assert "val: the given validation part, 4 images: fold 0" in came.notes
    assert {row[2]: row[0].split("/")[0] for row in table[1:]} == {"": "train", "0": "val"}


def test_a_validation_table_is_fold_0(tmp_path):
    source = sound(tmp_path / "download")
    lines(source / "valid.csv", "id,kind", *(f"v{n},{'ab'[n % 2]}" for n in range(4)))
    for n in range(4):
        picture(source / f"valid/v{n}.png", 300 + n)
    _, root, _ = brought(source)
    table = rows(root / "train.csv")
    assert len(table) == 17 and {row[0][0]: row[2] for row in table[1:]} == {"a": "", "v": "0"}


def test_folds_of_the_table_are_used(tmp_path):
    source = sound(tmp_path / "download", lambda n: f"{'ab'[n % 2]},{n % 3}", "id,kind,fold")
    assert [row[2] for row in rows(brought(source)[1] / "train.csv")[:4]] == ["fold", "0", "1", "2"]


def test_class_folders_answer_as_the_metric_takes_it(tmp_path):
    source = tmp_path / "photos"
    for kind in ("ape", "bee", "cow"):
        for n in range(20):
            picture(source / f"{kind}/{n}.png", 20 * len(kind) + ord(kind[0]) + 1000 * n)
    _, root, task = brought(source, "log_loss")
    assert task == {"answer": "probabilities", "metric": "log_loss"}
    assert rows(root / "sample_submission.csv")[0] == ["ID", "ape", "bee", "cow"]
    assert brought(source, None)[2] == {}
