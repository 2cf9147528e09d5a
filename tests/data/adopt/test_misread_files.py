"""Tables, folders and columns that are easily taken for others: the right one, or a message that says what is there."""

import json
from pathlib import Path

import pytest
from makers.competitions.broken import IDS, TESTS, lines, picture, sound
from makers.competitions.brought import brought, classes, rows

from competition.common.errors import ContractError


def test_larger_tables_do_not_hide_the_one_with_the_label(tmp_path):
    source = sound(tmp_path / "download")
    lines(source / "sizes.csv", "id,width,height", *(f"{id},{n % 4},{n % 3}" for n, id in enumerate((*IDS, *TESTS))))
    lines(source / "train_sample.csv", "id,kind", *(f"{id},a" for id in IDS[:8]))
    lines(source / "test.csv", "id,kind", *(f"{id}," for id in TESTS))
    came, root, _ = brought(source)
    assert (came.train, came.test) == (12, 4) and rows(root / "train.csv")[:2] == [["id", "kind"], ["a00", "a"]]


def test_both_parts_may_have_the_same_numbers_and_classes_an_image_each(tmp_path):
    source = sound(tmp_path / "download")
    for part, ids in (("train", IDS), ("test", TESTS)):
        for n, id in enumerate(ids[:4]):
            (source / part / f"{id}.png").rename(source / part / f"{n}.png")
    lines(source / "labels.csv", "id,kind", *(f"{n},{'ab'[n % 2]}" for n in range(4)))
    lines(source / "sample_submission.csv", "id,kind", *(f"{n},a" for n in range(4)))
    (source / "train.csv").unlink()
    assert (brought(source)[0].train, brought(source)[0].test) == (4, 4)
    shown = sound(tmp_path / "shown")
    for n in range(30):
        picture(shown / f"train/c{n}.png", 200 + n)
    lines(shown / "train.csv", "id,breed", *(f"c{n},{'ab'[n % 2]}" for n in range(30)))
    lines(shown / "kinds.csv", "kind,picture", "a,a00", "b,a01")
    assert brought(shown)[0].train == 30


def test_a_table_of_a_sample_of_the_labels_is_no_sample_submission(tmp_path):
    source = sound(tmp_path / "download")
    (source / "sample_submission.csv").unlink()
    (source / "train.csv").rename(source / "sample_labels.csv")
    came, _, _ = brought(source)
    assert (came.train, came.test) == (12, 4)


def test_sample_submissions_of_other_images_are_asked_about(tmp_path):
    source = sound(tmp_path / "download")
    lines(source / "stage2_sample_submission.csv", "id,kind", "u0,a", "u1,a")
    with pytest.raises(ContractError, match="several sample submissions: sample_submission.csv, stage2_sample"):
        brought(source)
    lines(source / "stage2_sample_submission.csv", "id,kind", *(f"{id},a" for id in TESTS[:2]))
    assert brought(source)[0].test == 4


def test_folders_are_not_taken_for_classes_where_the_table_cannot_be_read(tmp_path):
    source = sound(tmp_path / "download")
    for n, id in enumerate(IDS):
        picture(source / f"train/{'xy'[n % 2]}/{id}.png", n)
        (source / f"train/{id}.png").unlink()
    (source / "train.csv").write_bytes("id,kind\na00,h\xf4tel\n".encode("latin-1"))
    with pytest.raises(ContractError, match="train.csv: is not UTF-8 text .*in line 2"):
        brought(source)
    (source / "train.csv").rename(source / "train.parquet")
    with pytest.raises(ContractError, match="train.parquet: can't be read; export the table as CSV"):
        brought(source)


def test_masks_are_no_images(tmp_path):
    source = sound(tmp_path / "download")
    for n, id in enumerate(IDS):
        picture(source / f"train_masks/{id}.jpg", 50 + n)
    _, root, _ = brought(source)
    assert (root / "train/a00.png").read_bytes() == (source / "train/a00.png").read_bytes()


def test_label_columns_that_the_sample_calls_by_a_prefix(tmp_path):
    source = sound(tmp_path / "download", lambda n: f"{n % 2},{n % 3 // 2}", "id,rust,scab")
    lines(source / "sample_submission.csv", "id,prob_scab,prob_rust", *(f"{id},0,0" for id in TESTS))
    _, root, task = brought(source, "roc_auc")
    assert task["labels"] == "multi" and [row[0] for row in rows(root / "meta.csv")[1:]] == ["scab", "rust"]
    assert [row[1] for row in rows(root / "train.csv")[1:4]] == ["", "rust", "scab"]


def test_the_id_may_stand_behind_the_answer(tmp_path):
    source = sound(tmp_path / "download")
    lines(source / "sample_submission.csv", "kind,id", *(f"a,{id}" for id in TESTS))
    came, root, _ = brought(source)
    assert rows(root / "sample_submission.csv")[:2] == [["id", "kind"], ["t0", "a"]]
    assert "sample_submission.csv: id isn't its first column; in a submission it is" in came.notes


def test_places_in_annotations_are_groups(tmp_path):
    source = sound(tmp_path / "download")
    (source / "train.csv").unlink()
    images = [{"id": n, "file_name": f"{id}.png", "location": n // 2} for n, id in enumerate(IDS)]
    marks = [{"id": n, "image_id": n, "category_id": n % 2} for n in range(12)]
    content = {"images": images, "annotations": marks, "categories": [{"id": n, "name": "ab"[n]} for n in range(2)]}
    (source / "train.json").write_text(json.dumps(content))
    came, root, _ = brought(source)
    assert [row[2] for row in rows(root / "train.csv")[:4]] == ["group", "0", "0", "1"]
    assert any("groups: location of train.json, by its name: 6 of them in 12 rows" in note for note in came.notes)


def colours(folder: Path) -> None:
    for part in ("train", "test"):
        for file in sorted((folder / part).iterdir()):
            for n, colour in enumerate(("red", "green")):
                picture(file.with_name(f"{file.stem}_{colour}.png"), n)
            file.unlink()


def zeros(folder: Path) -> None:
    for n, file in enumerate(sorted((folder / "test").iterdir())):
        file.rename(file.with_name(f"{n:04d}.png"))
    lines(folder / "sample_submission.csv", "id,kind", *(f"{n},a" for n in range(4)))


def other_extensions(folder: Path) -> None:
    lines(folder / "sample_submission.csv", "id,kind", *(f"{id}.dcm,a" for id in TESTS))


def components(folder: Path) -> None:
    listed = [(f"{id}_{part}", id) for id in TESTS for part in ("root", "vowel")]
    lines(folder / "test.csv", "row_id,id", *(",".join(row) for row in listed))
    lines(folder / "sample_submission.csv", "row_id,answer", *(f"{row},0" for row, _ in listed))


def two_answers(folder: Path) -> None:
    lines(folder / "train.csv", "id,hue,form", *(f"{id},{'abc'[n % 3]},{'xy'[n % 2]}" for n, id in enumerate(IDS)))
    lines(folder / "sample_submission.csv", "id,hue,form", *(f"{id},a,x" for id in TESTS))


def row_numbers(folder: Path) -> None:
    lines(folder / "sample_submission.csv", ",id,kind", *(f"{n},{id},a" for n, id in enumerate(TESTS)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (colours, "IDs name several images .t0: test/t0_green.png, test/t0_red.png.; several images a row"),
        (zeros, "the files' names have leading zeros: write them into the IDs"),
        (other_extensions, "extensions differ: write the IDs without one"),
        (components, "4 images have two IDs: test/t0.png .t0_root, t0_vowel.*; keep one row for each image"),
        (two_answers, "2 columns .hue, form. with classes, not 0 and 1; a row has one answer"),
        (row_numbers, "a column of row numbers .''. beside id; take it out"),
    ],
)
def test_what_cannot_be_answered_is_said_as_it_is(tmp_path, change, message):
    source = sound(tmp_path / "download")
    change(source)
    with pytest.raises(ContractError, match=message):
        brought(source)


def test_class_folders_in_several_places_are_asked_about(tmp_path):
    source = sound(tmp_path / "download")
    (source / "train.csv").unlink()
    for n, id in enumerate(IDS):
        place = source / f"train/{'dog cat'.split()[n % 2]}/{'pq'[n % 3 // 2]}/{id}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        (source / f"train/{id}.png").rename(place)
    with pytest.raises(ContractError, match="several places: train/cat, train/dog; .*--label-from"):
        brought(source)
    _, root, _ = brought(source, train_images="train", label_from="{label}/*/{id}.*")
    assert rows(root / "train.csv")[1:3] == [["a01", "cat"], ["a03", "cat"]] and classes(root) == ["cat", "dog"]


def test_class_folders_beside_a_flat_test_folder_and_no_table(tmp_path):
    source = sound(tmp_path / "download")
    for name in ("train.csv", "sample_submission.csv"):
        (source / name).unlink()
    for n, id in enumerate(IDS):
        (source / f"train/{'ab'[n % 2]}").mkdir(exist_ok=True)
        (source / f"train/{id}.png").rename(source / f"train/{'ab'[n % 2]}/{id}.png")
    came, root, _ = brought(source)
    assert (came.kind, came.train, came.test) == ("competition", 12, 4) and classes(root) == ["a", "b"]


def test_what_is_not_used_or_nearly_the_same_is_warned_of(tmp_path):
    source = sound(tmp_path / "download", lambda n: ("Healthy", "healthy", "sick")[n % 3])
    for n in range(3):
        picture(source / f"train/b{n}.png", 300 + n)
    lines(source / "train_2.csv", "id,kind", *(f"b{n},sick" for n in range(3)))
    said = "\n".join(brought(source)[0].notes)
    assert "warning: train_2.csv has 3 further images that train.csv lacks; not used" in said
    assert "train.csv: 1 class is written in several ways, taken as classes of their own: 'Healthy' (" in said


def test_folds_may_be_counted_from_1(tmp_path):
    source = sound(tmp_path / "download", lambda n: f"{'ab'[n % 2]},{n % 3 + 1}", "id,kind,fold")
    assert [row[2] for row in rows(brought(source)[1] / "train.csv")[:4]] == ["fold", "0", "1", "2"]


def test_the_id_is_called_as_in_the_sample(tmp_path):
    source = sound(tmp_path / "download", lambda n: "ab"[n % 2])
    for n, id in enumerate(IDS):
        (source / f"train/{id}.png").rename(source / f"train/{n}.png")
    lines(source / "train.csv", "weight,id,kind", *(f"{n * 5 % 12},{n},{'ab'[n % 2]}" for n in range(12)))
    assert rows(brought(source)[1] / "train.csv")[2] == ["1", "b"]
    lines(source / "sample_submission.csv", "name,kind", *(f"{id},a" for id in TESTS))
    with pytest.raises(ContractError, match="weight and id name different images.*--id"):
        brought(source)
    assert rows(brought(source, id="id")[1] / "train.csv")[2] == ["1", "b"]


@pytest.mark.parametrize(("label", "columns"), [("{}.0", "0,1,2"), ("{}", "c0,c1,c2"), ("{}", "class0,class1,class2")])
def test_columns_that_number_the_classes(tmp_path, label, columns):
    source = sound(tmp_path / "download", lambda n: label.format(n % 3))
    lines(source / "sample_submission.csv", f"id,{columns}", *(f"{id},0,0,0" for id in TESTS))
    assert [row[1] for row in rows(brought(source, "log_loss")[1] / "meta.csv")[1:]] == columns.split(",")


def test_a_split_in_a_column_is_used_as_it_is(tmp_path):
    source = sound(tmp_path / "download")
    (source / "sample_submission.csv").unlink()
    parts = ["train", "train", "valid"] * 4 + ["test"] * 4
    for part in ("train", "test"):
        for file in (source / part).iterdir():
            file.rename(source / file.name)
    listed = [f"{id},{'ab'[n % 2]},{parts[n]}" for n, id in enumerate((*IDS, *TESTS))]
    lines(source / "train.csv", "id,kind,split", *listed)
    came, root, _ = brought(source)
    assert (came.train, came.test) == (12, 4) and rows(root / "train.csv")[0] == ["id", "kind", "fold"]
    assert {row[0]: row[2] for row in rows(root / "train.csv")[1:]} == {
        id: "0" if parts[n] == "valid" else "" for n, id in enumerate(IDS)
    }
    assert "split of train.csv: a given split (train 8, val 4, test 4 rows), used as it is" in came.notes
    lines(source / "sample_submission.csv", "id,kind", *(f"{id},a" for id in TESTS))
    assert (brought(source)[0].train, brought(source)[0].test) == (12, 4)


def test_of_several_annotated_files_the_larger_one_is_used(tmp_path):
    source = sound(tmp_path / "download")
    (source / "train.csv").unlink()
    kinds = [{"id": n, "name": "ab"[n]} for n in range(2)]
    for name, ids in (("a_val", IDS[:4]), ("train", IDS[4:])):
        images = [{"id": f"{name}{n}", "file_name": f"{id}.png"} for n, id in enumerate(ids)]
        marks = [{"id": n, "image_id": image["id"], "category_id": n % 2} for n, image in enumerate(images)]
        content = {"images": images, "annotations": marks, "categories": kinds}
        (source / f"{name}.json").write_text(json.dumps(content))
    came, _, _ = brought(source)
    assert came.train == 8 and any("warning: a_val.json has annotated images too; not used" in n for n in came.notes)
