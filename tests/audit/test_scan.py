"""`prepare` on a small competition with every fault planted: what is packed, left out, listed, counted and printed."""

import io
import json
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from makers.pages import page

from competition.audit.duplicate_table import read_duplicates
from competition.audit.duplicates import Duplicates
from competition.audit.scan import packing_jobs
from competition.audit.summary import summary
from competition.audit.tables import print_audit
from competition.data.competition import read_competition
from competition.data.image_store import ImageStore
from competition.report.sections.data_audit import audit_tables
from competition.settings.competition import CompetitionSettings
from pipelines import prepare, split

WHOLE = ",,,"


def write(path, image, quality=90):
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project after `prepare`: 12 good pages, then the faults."""
    folder = tmp_path_factory.mktemp("audit")
    raw = folder / "data/raw"
    boxes = {}
    for n in range(12):
        write(raw / f"train/good{n:02d}.jpg", page(n, n % 4))
        write(raw / f"test/t{n:02d}.jpg", (page(100 + n, n % 4) * 0.6).astype(np.uint8))
    write(raw / "train/wide.jpg", page(50, 5, 420, 900))
    boxes |= {"wide": "100,50,400,350.4", "good00": WHOLE, "good01": "0,0,300,420"}
    for name, box in {"outside": "0,0,301,420", "negative": "-1,0,50,60", "empty": "20,30,20,90"}.items():
        write(raw / f"train/{name}.jpg", page(60, 6))
        boxes[name] = box
    (raw / "train/broken.jpg").write_bytes(b"no image")
    (raw / "test/t_broken.jpg").write_bytes(b"")
    write(raw / "train/blank.png", np.full((80, 60, 3), 250, np.uint8))
    write(raw / "train/tiny.png", np.random.default_rng(0).integers(0, 256, (20, 90, 3), dtype=np.uint8))
    (raw / "train/copy.jpg").write_bytes((raw / "train/good02.jpg").read_bytes())
    write(raw / "train/turned.jpg", np.rot90(page(3, 3)), 40)
    write(raw / "test/leaked.jpg", page(4, 0)[:, ::-1], 60)
    names = [path.stem for path in sorted((raw / "train").iterdir())]
    target = {name: "1" if name in ("copy", "turned") or name[-1] in "13579" else "0" for name in names} | {
        "good03": "1"
    }
    rows = [f"{name},{target[name]},{boxes.get(name, WHOLE)}" for name in names]
    (raw / "train.csv").write_text("ID,target,x1,y1,x2,y2\n" + "\n".join(rows) + "\n")
    (raw / "sample_submission.csv").write_text(
        "ID,target\n" + "".join(f"{path.stem},0\n" for path in sorted((raw / "test").iterdir()))
    )
    (raw / "meta.csv").write_text("target,class_name\n0,Brief\n1,Formular\n2,nobody\n")
    (folder / "params.yaml").write_text("split: {folds: [0, 1]}\nmachine: {workers: 1}\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        prepare.main()
        split.main()
    return folder


@pytest.fixture(scope="module")
def audit(project):
    return json.loads((project / "folds/audit.json").read_text())


def test_what_cannot_be_used_is_left_out_and_listed(project):
    problems = pd.read_csv(project / "folds/problem_files.csv")
    assert list(problems.columns) == ["ID", "set", "file", "problem"]
    assert dict(zip(problems["ID"], problems["problem"], strict=True)) == {
        "broken": "not an image, but text",
        "t_broken": "empty file",
        "empty": "box (20, 30, 20, 90) is empty: expected x1 < x2 and y1 < y2",
        "negative": "box (-1, 0, 50, 60) leaves the image of 300 x 420 pixels",
        "outside": "box (0, 0, 301, 420) leaves the image of 300 x 420 pixels",
    }
    assert problems["file"].tolist()[0] == "data/raw/train/broken.jpg" and problems["set"].tolist()[-1] == "test"
    packed = ImageStore(project / "data/train.arrow").column("id")
    assert not set(packed) & set(problems["ID"]) and len(packed) == 12 + 5
    assert set(pd.read_csv(project / "folds/folds.csv", dtype=str)["ID"]) == set(packed)


def test_valid_boxes_crop_and_empty_cells_mean_the_whole_image(project):
    store = ImageStore(project / "data/train.arrow")
    sizes = dict(zip(store.column("id"), zip(store.column("height"), store.column("width"), strict=True), strict=True))
    assert sizes["wide"] == (300, 300) and sizes["good00"] == sizes["good01"] == (420, 300)
    jobs = {
        job.id: job for job in packing_jobs(read_competition(CompetitionSettings(root=str(project / "data/raw"))))[0]
    }
    assert jobs["good00"].box is None and jobs["wide"].box == (100, 50, 400, 350.4)


def test_counts_and_sizes(audit):
    train, test = audit["train"], audit["test"]
    assert (train["images"], train["unreadable"], train["unusable_boxes"]) == (17, 1, 3)
    assert (test["images"], test["unreadable"], test["unusable_boxes"]) == (13, 1, 0)
    assert train["height"] == [20, 420, 420] and train["width"] == [60, 300, 420]  # turned.jpg is 420 wide
    assert [row["target"] for row in audit["classes"]] == ["0", "1", "2"]
    assert [row["images"] for row in audit["classes"]] == [9, 8, 0] and audit["classes"][2]["height"] is None
    assert (train["blank"], train["tiny"], test["blank"], test["tiny"]) == (["blank"], ["tiny"], [], [])


def test_duplicates(project, audit):
    table = pd.read_csv(project / "folds/duplicates.csv", dtype=str, keep_default_na=False)
    pairs = {(row.kind, row.set, *sorted([row.ID, row.other_ID]), row.targets_differ) for row in table.itertuples()}
    assert pairs == {
        ("exact", "train", "copy", "good02", "True"),
        ("near", "train", "good03", "turned", "False"),
        ("near", "train", "good04", "leaked", "False"),
    }
    found = audit["duplicates"]
    assert found["within_train"] == {"exact_images": 2, "exact_pairs": 1, "near_images": 2, "near_pairs": 1}
    assert found["train_and_test"] == {"exact_images": 0, "exact_pairs": 0, "near_images": 2, "near_pairs": 1}
    assert set(found["within_test"].values()) == {0} and found["images_with_too_many_look_alikes"] == 0
    assert found["different_targets"] == [
        {"kind": "exact", "similarity": 1.0, "IDs": ["copy", "good02"], "targets": ["1", "0"]}
    ]


def test_duplicates_share_a_group(project):
    folds = pd.read_csv(project / "folds/folds.csv", dtype=str).set_index("ID")
    assert folds.at["copy", "group"] == folds.at["good02", "group"] == "copy"
    assert folds.at["turned", "group"] == folds.at["good03", "group"] == "good03" and folds["group"].nunique() == 17 - 2


def test_train_against_test(audit):
    shift = audit["train_against_test"]
    assert (shift["train_images"], shift["test_images"]) == (17, 13) and shift["auc"] > 0.8  # the test pages are darker
    features = {row["feature"]: row for row in shift["features"]}
    assert features["brightness"]["test_is"] == "lower" and features["brightness"]["auc"] > 0.8 and len(features) == 16
    assert [row["auc"] for row in shift["features"]] == sorted((row["auc"] for row in shift["features"]), reverse=True)


def test_the_table_in_a_log(audit):
    log = io.StringIO()
    print_audit(audit, log)
    lines = log.getvalue().splitlines()
    assert all(len(line) <= 120 and line == line.rstrip() and "\x1b" not in line for line in lines)
    rows = [" ".join(line.split()) for line in lines]
    for row in (
        "packed 17 13",
        "left out: can't be read 1 1",
        "left out: box empty or outside 3 0",
        "blank 1: blank 0",
        "tiny (a side under 32 pixels) 1: tiny 0",
        "0 Brief 9 52.9% 20 420 420 60 300 300",
        "2 nobody 0 0.0% - -",
        "within train 2 1 2 1",
        "train and test 0 0 2 1",
        "Duplicates with different labels: 1",
        "copy 1 good02 0 exact 1.0000",
    ):
        assert row in rows, log.getvalue()
    assert any(f"AUC of {audit['train_against_test']['auc']:.3f}" in row for row in rows)


def test_the_table_of_many_classes_and_a_small_test_set(audit):
    many = [
        {"target": str(n), "class_name": f"class {n}", "images": n, "height": [1, 2, 3], "width": [4, 5, 6]}
        for n in range(300)
    ]
    log = io.StringIO()
    print_audit(audit | {"classes": many[::-1], "train_against_test": None}, log)
    assert (
        "the 40 smallest of 300 classes" in log.getvalue()
        and "class 39" in log.getvalue()
        and "class 40" not in log.getvalue()
    )
    assert "AUC" not in log.getvalue()


def test_without_a_look_at_the_test_images_nothing_is_said_of_their_duplicates(project, audit):
    """Zeros would read as "there are none"."""
    facts = [
        {
            "ID": "a",
            "set": "train",
            "target": "0",
            "problem": None,
            "height": 9,
            "width": 9,
            "content": "x",
            "contrast": 9,
        }
    ]
    competition = read_competition(CompetitionSettings(root=str(project / "data/raw")), images=False)
    table = read_duplicates(project / "folds/duplicates.csv")
    found = summary(competition, facts, Duplicates(table, 0), compared=False)["duplicates"]
    assert (found["within_test"], found["train_and_test"]) == (None, None) and found["within_train"]["near_pairs"] == 1
    log = io.StringIO()
    print_audit(audit | {"duplicates": found}, log)
    rows = [" ".join(line.split()) for line in log.getvalue().splitlines()]
    assert "within train 2 1 2 1" in rows and f"train and test{' not looked at' * 4}" in rows
    page = audit_tables(audit | {"duplicates": found}, table, pd.DataFrame(columns=["ID"]))
    assert page.count("not looked at") == 8


def test_square_brackets_are_text(audit):
    log = io.StringIO()
    print_audit(
        audit | {"classes": [row | {"target": "[bold]", "class_name": "x [/y] :cat:"} for row in audit["classes"][:1]]},
        log,
    )
    assert "[bold]" in log.getvalue() and "x [/y] :cat:" in log.getvalue()


def test_a_log_that_is_not_utf8(audit):
    log = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    print_audit(audit | {"classes": [row | {"class_name": "영수증"} for row in audit["classes"]]}, log)
    assert b"left out" in log.buffer.getvalue() and b"???" in log.buffer.getvalue()


def test_the_sample_of_a_large_set_is_of_the_stated_size_and_the_same_each_time(project):
    competition = read_competition(CompetitionSettings(root=str(project / "data/raw")))
    many = [f"{n}" for n in range(3000)]
    table = pd.DataFrame({"ID": many, "target": "0"})
    competition = type(competition)(
        competition.root,
        table,
        tuple(many),
        ("0", "1"),
        ("a", "b"),
        dict.fromkeys(many, Path("x")),
        dict.fromkeys(many, Path("x")),
    )
    (train, test), (again, _) = packing_jobs(competition), packing_jobs(competition)
    assert sum(job.measured for job in train) == sum(job.measured for job in test) == 1000 and train == again


def test_a_training_set_that_cannot_be_used_ends_in_one_message(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name in ("train/a.jpg", "train/b.jpg", "test/t.jpg"):
        write(tmp_path / "data/raw" / name, page(1))
    Path("data/raw/train.csv").write_text("ID,target,x1,y1,x2,y2\na,0,-1,0,2,2\nb,1,5,5,5,5\n")
    Path("data/raw/sample_submission.csv").write_text("ID,target\nt,0\n")
    Path("params.yaml").write_text("machine: {workers: 1}\n")
    with pytest.raises(ValueError, match=r"not one image can be used; folds/problem_files\.csv lists why"):
        prepare.main()
    assert pd.read_csv("folds/problem_files.csv")["ID"].tolist() == ["a", "b"]
