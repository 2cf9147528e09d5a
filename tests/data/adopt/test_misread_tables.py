"""Columns and cells that are easily misread: numbers of rows, names of several words, places of objects, spellings."""

import json

import pytest
from makers.competitions.broken import IDS, TESTS, lines, picture, sound
from makers.competitions.brought import brought, classes, rows

from competition.common.errors import ContractError
from competition.data.adopt.cells import looks_like_runs

FINDINGS = ("Pleural effusion", "No finding", "Lung opacity")


def asks(source, header, placeholder):
    lines(source / "sample_submission.csv", header, *(f"{id},{placeholder}" for id in TESTS))


def of_findings(folder):
    """Write a competition with two rows for each image."""
    source = sound(folder, lambda n: FINDINGS[n % 3])
    further = [f"{id},{FINDINGS[(n + 1) % 3]}" for n, id in enumerate(IDS)]
    lines(source / "train.csv", *(source / "train.csv").read_text().splitlines(), *further)
    return source


@pytest.mark.parametrize("column", ["image", "file", None])
def test_a_rows_number_is_no_image_where_files_are_named(tmp_path, column):
    source = sound(tmp_path / "download")
    for n, id in enumerate(IDS):
        (source / f"train/{id}.png").rename(source / f"train/{n}.png")
    named = [11 - n // 2 for n in range(12)]  # each of six images in two rows
    lines(source / "train.csv", "idx,file,label", *(f"{n},{one}.png,{'ab'[one % 2]}" for n, one in enumerate(named)))
    (source / "sample_submission.csv").unlink()
    if column:
        lines(source / "sample_submission.csv", f"{column},label", *(f"{id}.png,a" for id in TESTS))
    came, root, _ = brought(source)
    assert came.train == 6 and {(row[0], row[1]) for row in rows(root / "train.csv")[1:]} == {
        (f"{one}.png", "ab"[one % 2]) for one in named
    }


def test_two_columns_of_numbers_that_name_other_images_are_asked_about(tmp_path):
    source = sound(tmp_path / "download")
    for n, id in enumerate(IDS):
        (source / f"train/{id}.png").rename(source / f"train/{n}.png")
    lines(source / "train.csv", "idx,image,kind", *(f"{n},{11 - n // 2},{'ab'[n // 2 % 2]}" for n in range(12)))
    asks(source, "name,kind", "a")
    with pytest.raises(ContractError, match="columns idx and image name different images of one row"):
        brought(source)
    assert brought(source, id="image")[0].train == 6


def test_of_several_rows_an_image_each_has_one_label_of_several_words(tmp_path):
    source = of_findings(tmp_path / "download")
    asks(source, "id,kind", FINDINGS[0])
    _, root, _ = brought(source, "f1_macro", labels="multi")
    assert classes(root) == sorted(FINDINGS) and rows(root / "train.csv")[1][1] == "No finding|Pleural effusion"
    asks(source, f"id,{','.join(FINDINGS)}", "0,0,0")
    assert classes(brought(source, "roc_auc", labels="multi")[1]) == list(FINDINGS)


def test_names_of_several_words_are_asked_about_though_the_metric_scores_sets(tmp_path):
    crops = ("Sugar beet", "Common wheat", "Maize")
    source = sound(tmp_path / "download", lambda n: crops[n % 3])
    asks(source, "id,kind", crops[0])
    said = "'Sugar beet' may be one class, or the labels Sugar, beet .the metric scores sets"
    with pytest.raises(ContractError, match=said):
        brought(source, "f1_samples")
    asks(source, "id,kind", "Maize wheat")  # a list, of which no cell is
    assert len(classes(brought(source, "f1_samples")[1])) == 5


@pytest.mark.parametrize("brackets", ["[]", "()", "{}"])
def test_lists_in_brackets_and_a_warning_of_brackets_that_a_submission_has_not(tmp_path, brackets):
    source = sound(tmp_path / "download", lambda n: f'"{brackets[0]}{n % 3}, {(n + 1) % 3}{brackets[1]}"')
    asks(source, "id,kind", f"{brackets[0]}0{brackets[1]}")
    came, root, _ = brought(source, "f1_samples")
    assert classes(root) == ["0", "1", "2"]
    said = (
        f"warning: {brackets[0]}0{brackets[1]} in sample_submission.csv is in brackets; submissions are written without"
    )
    assert any(note.startswith(said) for note in came.notes)


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("EncodedPixels", lambda n: f"{n + 1} 3 {n + 10} 5 {n + 20} 2"),
        ("rle_mask", lambda n: f"{n + 1} 3 {n + 10} 5"),
        ("PredictionString", lambda n: f"0.9 {n} 4 50 60"),
    ],
)
def test_places_of_objects_are_no_labels(tmp_path, column, cell):
    source = sound(tmp_path / "download", cell, f"id,{column}")
    asks(source, f"id,{column}", "1 2")
    said = f"the sample submission asks for {column}: where objects are; .* no detection and no segmentation"
    with pytest.raises(ContractError, match=said):
        brought(source, "f1_samples")
    lines(source / "train.csv", "id,source", *(f"{id},{'ab'[n % 2]}" for n, id in enumerate(IDS)))
    with pytest.raises(ContractError, match=said):
        brought(source)


def test_run_lengths_of_masks_are_no_lists_of_classes(tmp_path):
    runs = [f"{n + 1} 3 {n + 10} 5 {n + 20} 2" for n in range(12)]
    assert looks_like_runs([*runs, ""]) and not looks_like_runs(["4 17", "230", "17 230 4"] * 4)
    assert not looks_like_runs(["1 2 3 4", "2 3 4 5", "1 3 5 7"])  # pairs that overlap
    source = sound(tmp_path / "download", runs.__getitem__)
    asks(source, "id,kind", "1 2")
    with pytest.raises(ContractError, match="kind holds run lengths of masks; Foldvote classifies images, it finds no"):
        brought(source, "f1_samples")
    assert len(classes(brought(source, "f1_samples", labels="multi")[1])) > 12


def test_classes_that_the_sample_spells_otherwise_are_the_same(tmp_path):
    kinds = ("multiple_diseases", "healthy", "rust")
    source = sound(tmp_path / "download", lambda n: kinds[n % 3])
    asks(source, "id,Healthy,Multiple Diseases,RUST", "0,0,0")
    came, root, _ = brought(source, "log_loss")
    names = [["healthy", "Healthy"], ["multiple_diseases", "Multiple Diseases"], ["rust", "RUST"]]
    assert rows(root / "meta.csv")[1:] == names and came.train == 12
    assert rows(root / "sample_submission.csv")[0] == ["id", "Healthy", "Multiple Diseases", "RUST"]


@pytest.mark.parametrize(
    ("columns", "label"),
    [
        (("class_1", "class_2", "class_3"), lambda n: str(n % 3)),
        (("dog", "flowers", "tree"), ("dog", "flower", "tree")),
    ],
)
def test_classes_counted_or_written_otherwise_than_the_sample_are_not_dropped(tmp_path, columns, label):
    label = label if callable(label) else (lambda n, kinds=label: kinds[n % 3])
    source = sound(tmp_path / "download", label)
    asks(source, f"id,{','.join(columns)}", "0,0,0")
    said = r"1 class not asked for \((0|flower)\), and 1 column of the sample submission without a training image"
    with pytest.raises(ContractError, match=said):
        brought(source, "log_loss")


@pytest.mark.parametrize("table", ["train.csv", "sample_submission.csv"])
def test_a_table_without_a_header_loses_no_row(tmp_path, table):
    source = sound(tmp_path / "download")
    lines(source / table, *(source / table).read_text().splitlines()[1:])
    with pytest.raises(
        ContractError, match=rf"{table}: line 1 names an image \((a00|t0), a\), so it is no header; put"
    ):
        brought(source)


@pytest.mark.parametrize("options", [{}, {"target": "kind"}])
@pytest.mark.parametrize("tests", [4, 30])
def test_a_test_table_with_labels_is_the_test_part(tmp_path, options, tests):
    source = sound(tmp_path / "download")
    (source / "sample_submission.csv").unlink()
    for n in range(4, tests):
        picture(source / f"test/t{n}.png", 300 + n)
    lines(source / "test.csv", "id,kind", *(f"t{n},{'ab'[n % 2]}" for n in range(tests)))
    came, root, _ = brought(source, **options)
    assert (came.train, came.test) == (12, tests) and rows(root / "train.csv")[0] == ["id", "kind"]
    assert "test.csv: has labels too (kind); not used" in came.notes


def test_several_columns_of_0_and_1_are_no_labels_where_the_sample_asks_for_another(tmp_path):
    source = sound(tmp_path / "download", lambda n: f"{n % 2},{n % 3 // 2}", "id,malignant,male")
    asks(source, "id,target", "0")
    with pytest.raises(
        ContractError, match="2 columns may be 'target', .*'malignant', 'male'; name the right one with"
    ):
        brought(source, "f1_samples")
    assert classes(brought(source, target="malignant")[1]) == ["0", "1"]


def test_of_1_and_2_neither_is_the_positive_one_for_sure(tmp_path):
    source = sound(tmp_path / "download", lambda n: str(n % 2 + 1))
    asks(source, "id,kind", "0.5")
    came, _, _ = brought(source, "roc_auc")
    assert any(note.startswith("warning: positive class: 2, since it comes last") for note in came.notes)
    minus = sound(tmp_path / "minus", lambda n: ("1", "-1")[n % 2])
    asks(minus, "id,kind", "0.5")
    came, root, _ = brought(minus, "roc_auc")
    assert classes(root)[-1] == "1" and not any(note.startswith("warning: positive") for note in came.notes)


def test_grades_in_words_need_an_order(tmp_path):
    source = sound(tmp_path / "download", lambda n: ("low", "medium", "high")[n % 3])
    with pytest.raises(
        ContractError, match="nothing says the order of the grades high, low, medium; put a table beside"
    ):
        brought(source, "quadratic_weighted_kappa", labels="ordinal")


def test_two_files_that_name_the_classes_otherwise_are_warned_of(tmp_path):
    source = sound(tmp_path / "download", lambda n: str(n % 2))
    asks(source, "id,kind", "0")
    for name, names in (("kinds", ("cat", "dog")), ("seasons", ("spring", "autumn"))):
        (source / f"{name}.json").write_text(json.dumps(dict(enumerate(names))))
    said = "warning: class names: from kinds.json; seasons.json would name them otherwise: take away what isn't meant"
    assert said in brought(source)[0].notes


def test_a_fold_below_0_is_none(tmp_path):
    source = sound(tmp_path / "download", lambda n: f"{'ab'[n % 2]},{n // 2 % 3 - 1}", "id,kind,fold")
    _, root, _ = brought(source)
    assert {row[2] for row in rows(root / "train.csv")[1:]} == {"", "0", "1"}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (lambda n: "CAB"[n // 2 % 3], "A as 0, B as 1, C as 2"),
        (lambda n: f"fold {n // 2 % 3 * 5}", "fold 0 as 0, fold 5 as 1, fold 10 as 2"),
    ],
)
def test_folds_may_have_names(tmp_path, name, said):
    source = sound(tmp_path / "download", lambda n: f"{'ab'[n % 2]},{name(n)}", "id,kind,fold")
    came, root, _ = brought(source)
    assert f"folds: as column fold of train.csv gives them, {said}" in came.notes
    place = {part.split(" as ")[0]: part.split(" as ")[1] for part in said.split(", ")}
    assert [row[2] for row in rows(root / "train.csv")[1:]] == [place[name(n)] for n in range(12)]


@pytest.mark.parametrize("name", [lambda n: f"f{n}", lambda n: ("A", "B", "")[n % 3], lambda n: "A"])
def test_a_column_fold_that_gives_no_folds_is_warned_of(tmp_path, name):
    source = sound(tmp_path / "download", lambda n: f"{'ab'[n % 2]},{name(n)}", "id,kind,fold")
    came, root, _ = brought(source)
    [warning] = [note for note in came.notes if note.startswith("warning: ")]
    assert warning.startswith("warning: column fold of train.csv gives no folds: it holds ")
    assert warning.endswith("; expected whole numbers, or a few names and no empty cell; not used")
    assert rows(root / "train.csv")[0] == ["id", "kind"]


def test_a_label_that_is_called_fold_gives_no_folds(tmp_path):
    source = sound(tmp_path / "download", header="id,fold")
    asks(source, "id,fold", "a")
    came, root, _ = brought(source)
    assert rows(root / "train.csv")[0] == ["id", "target"] and classes(root) == ["a", "b"]
    assert not any("folds: " in note for note in came.notes)


def test_a_column_fold_that_names_parts_is_a_given_split(tmp_path):
    source = sound(tmp_path / "download", lambda n: f"{'ab'[n % 2]},{'val' if n < 4 else 'train'}", "id,kind,fold")
    came, root, _ = brought(source)
    assert "fold of train.csv: a given split (val 4, train 8 rows), used as it is" in came.notes
    assert {row[2]: row[0] >= "a04" for row in rows(root / "train.csv")[1:]} == {"0": False, "": True}


def test_numbers_as_a_spreadsheet_writes_them(tmp_path):
    source = sound(tmp_path / "download")
    for n, id in enumerate(TESTS):
        (source / f"test/{id}.png").rename(source / f"test/{n + 50}.png")
    lines(source / "sample_submission.csv", "id,kind", *(f"{n + 50}.0,a" for n in range(4)))
    said = r"the IDs have a point and zeros behind, as a spreadsheet writes numbers: take them off \(50.0: test/50.png"
    with pytest.raises(ContractError, match=said):
        brought(source)


@pytest.mark.parametrize(("text", "said"), [("id,kind\n", "has no rows; it lists the test images"), ("", "is empty")])
def test_a_sample_submission_without_rows_is_not_passed_over(tmp_path, text, said):
    source = sound(tmp_path / "download")
    (source / "sample_submission.csv").write_text(text)
    with pytest.raises(ContractError, match=f"sample_submission.csv: {said}"):
        brought(source)


def test_lesions_are_groups(tmp_path):
    source = sound(tmp_path / "download", lambda n: f"{'ab'[n % 2]},L{n // 2}", "id,kind,lesion_id")
    assert rows(brought(source)[1] / "train.csv")[0] == ["id", "kind", "group"]


def test_rows_of_test_images_without_a_label_are_left_out(tmp_path):
    source = sound(tmp_path / "download")
    lines(source / "train.csv", *(source / "train.csv").read_text().splitlines(), *(f"{id}," for id in TESTS))
    came, _, _ = brought(source)
    assert came.train == 12 and "train.csv: 4 rows of test images without a label left out" in came.notes
    with (source / "train.csv").open("a") as table:
        table.write(f"{TESTS[0]},a\n")
    with pytest.raises(ContractError, match="1 ID has rows with different labels|are in the training part"):
        brought(source)


def test_pixels_in_a_table_are_asked_for_as_image_files(tmp_path):
    (tmp_path / "download").mkdir()
    header = ",".join(f"pixel{n}" for n in range(64))
    lines(tmp_path / "download/train.csv", f"label,{header}", *(f"1{',0' * 64}" for _ in range(3)))
    said = "holds no images, but train.csv may hold pixels; write an image file for each row, and its name into a table"
    with pytest.raises(ContractError, match=said):
        brought(tmp_path / "download")


def test_class_folders_of_two_parts_that_differ_in_capitals_are_named(tmp_path):
    source = tmp_path / "download"
    for part, kinds in (("train", ("Cat", "Dog")), ("valid", ("cat", "dog"))):
        for n in range(8):
            picture(source / part / kinds[n % 2] / f"{part}{n}.png", n + 40 * len(part))
    said = r"valid: folders called otherwise than in the training part: cat \(Cat\), dog \(Dog\); rename them"
    with pytest.raises(ContractError, match=said):
        brought(source)


def test_labels_guessed_from_file_names_are_classes_that_the_sample_knows(tmp_path):
    source = sound(tmp_path / "download")
    (source / "train.csv").unlink()
    for n, id in enumerate(IDS):
        (source / f"train/{id}.png").rename(source / f"train/scan{n % 2}.{n}.png")
    said = "nothing says the labels; the files' names would give scan0, scan1, but .* is filled with a; put"
    with pytest.raises(ContractError, match=said):
        brought(source)
    assert classes(brought(source, label_from="{label}.{id}.*")[1]) == ["scan0", "scan1"]
