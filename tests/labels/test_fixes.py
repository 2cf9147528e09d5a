"""A person's decisions about labels: how the file is read, what is refused, and what prepare makes of it."""

import json
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from competition.common.errors import ContractError
from competition.common.files import digest
from competition.data.competition import Competition
from competition.data.image_store import ImageStore
from competition.labels.fixes import (
    LabelFix,
    apply_label_fixes,
    check_label_fixes,
    label_fix_facts,
    read_label_fixes,
    with_label_fix,
    write_label_fixes,
)
from competition.settings.task import TaskSettings
from pipelines import prepare


def competition(**columns):
    train = pd.DataFrame({"ID": ["a", "b", "c", "d"], "target": ["7", "7", "10", "10"], **columns})
    paths = {id: Path(f"train/{id}.png") for id in train["ID"]}
    return Competition(Path("raw"), train, ("t",), ("7", "10", "x"), ("seven", "ten", "letter"), paths)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ID,target,reason\n", []),
        ("ID,target\na,10\nb,\n", [LabelFix("a", "10"), LabelFix("b", "")]),
        ("target;ID;reason\n10;a;a stamp, at last\n", [LabelFix("a", "10", "a stamp, at last")]),
        ('\ufeffID,target,reason\r\n"a", 10 ,""\r\n\r\n', [LabelFix("a", "10")]),
    ],
)
def test_files_as_people_save_them(tmp_path, text, expected):
    path = tmp_path / "label_fixes.csv"
    path.write_bytes(text.encode())
    assert read_label_fixes(path) == expected


def test_no_file_is_no_decision(tmp_path):
    assert read_label_fixes(tmp_path / "label_fixes.csv") == []
    assert label_fix_facts(tmp_path / "label_fixes.csv", [], competition()) == {
        "digest": None,
        "changed": 0,
        "left_out": 0,
        "confirmed": 0,
        "decisions": [],
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ID,label\na,10\n", "expected the columns ID,target and optionally reason, found ID, label"),
        ("ID,target,who\na,10,me\n", "expected the columns ID,target and optionally reason, found ID, target, who"),
        ("", "is empty"),
        ("ID,target\n,10\na,7\na,\n", "2 problems:.*1 row has no ID.*1 ID is repeated: a; keep one decision"),
    ],
)
def test_files_that_are_refused(tmp_path, text, message):
    path = tmp_path / "label_fixes.csv"
    path.write_text(text)
    with pytest.raises(ContractError, match=f"(?s){message}"):
        read_label_fixes(path)


def test_a_decision_takes_the_place_of_an_earlier_one():
    once = with_label_fix([LabelFix("a", "10"), LabelFix("b", "")], LabelFix("a", "x", "it is signed"))
    assert (
        once
        == [LabelFix("a", "x", "it is signed"), LabelFix("b", "")]
        == with_label_fix(once, LabelFix("a", "x", "it is signed"))
    )
    assert with_label_fix(once, LabelFix("c", "7")) == [*once, LabelFix("c", "7")]


def test_decisions_are_read_as_they_were_written(tmp_path):
    fixes = [LabelFix("a", "x", 'not "10",\nlook'), LabelFix("ü", "", "")]
    write_label_fixes(tmp_path / "folds" / "label_fixes.csv", fixes)
    assert (tmp_path / "folds" / "label_fixes.csv").read_text() == 'ID,target,reason\na,x,"not ""10"",\nlook"\nü,,\n'
    assert read_label_fixes(tmp_path / "folds" / "label_fixes.csv") == fixes


def test_targets_change_and_left_out_images_go():
    before = competition(group=["g", "g", "h", "h"])
    after = apply_label_fixes(before, [LabelFix("b", "x"), LabelFix("c", ""), LabelFix("d", "10")])
    assert after.train.to_dict("list") == {"ID": ["a", "b", "d"], "target": ["7", "x", "10"], "group": ["g", "g", "h"]}
    assert list(after.train.index) == [0, 1, 2] and set(after.train_paths) == {"a", "b", "d"}
    assert after.targets == before.targets and before.train["target"].tolist() == ["7", "7", "10", "10"]


def test_the_facts_count_what_was_decided(tmp_path):
    path = tmp_path / "label_fixes.csv"
    path.write_text("ID,target,reason\nb,x,signed\nc,,\nd,10,looked at\n")
    facts = label_fix_facts(path, read_label_fixes(path), competition())
    assert facts == {
        "digest": digest(path),
        "changed": 1,
        "left_out": 1,
        "confirmed": 1,
        "decisions": [
            {"ID": "b", "from": "7", "to": "x", "reason": "signed"},
            {"ID": "c", "from": "10", "to": None, "reason": ""},
            {"ID": "d", "from": "10", "to": "10", "reason": "looked at"},
        ],
    }


def test_everything_that_is_wrong_is_said_at_once():
    fixes = [LabelFix("e", "7"), LabelFix("a", "1O"), LabelFix("t", ""), LabelFix("b", "8"), LabelFix("c", "8")]
    with pytest.raises(ContractError) as caught:
        check_label_fixes("folds/label_fixes.csv", fixes, competition())
    assert caught.value.problems == [
        "folds/label_fixes.csv: 2 IDs are not in raw/train.csv: e, t; correct or remove the rows; if they were "
        "decided for another "
        "competition, keep that file elsewhere and leave only the header ID,target,reason in this one",
        "folds/label_fixes.csv: 3 rows have an unknown class: 1O, 8; the classes are 7, 10, x",
    ]


@pytest.mark.parametrize("fixes", [[LabelFix("a", ""), LabelFix("b", "")], [LabelFix(id, "x") for id in "abcd"]])
def test_two_classes_have_to_be_left(fixes):
    with pytest.raises(ContractError, match="less than two classes are left"):
        check_label_fixes("folds/label_fixes.csv", fixes, competition())
    check_label_fixes("folds/label_fixes.csv", fixes[:1], competition())


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project's folder to stand in: six training images of two classes and a test image."""
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text("machine: {workers: 1}\n")
    for part, names in (("train", "abcdef"), ("test", "t")):
        Path("data/raw", part).mkdir(parents=True)
        for name in names:
            cv2.imwrite(
                f"data/raw/{part}/{name}.png",
                np.random.default_rng(ord(name)).integers(0, 256, (40, 30, 3)).astype(np.uint8),
            )
    Path("data/raw/train.csv").write_text("ID,target\na,0\nb,0\nc,0\nd,1\ne,1\nf,1\n")
    Path("data/raw/sample_submission.csv").write_text("ID,target\nt,0\n")
    Path("folds").mkdir()


def packed():
    store = ImageStore("data/train.arrow")
    return dict(zip(store.column("id"), store.column("target"), strict=True))


def test_prepare_packs_what_was_decided_and_says_so(project, capsys):
    original = Path("data/raw/train.csv").read_bytes()
    Path("folds/label_fixes.csv").write_text("ID,target,reason\n")
    prepare.main()
    assert packed() == dict(a="0", b="0", c="0", d="1", e="1", f="1") and "label fixes" not in capsys.readouterr().out
    found = json.loads(Path("folds/audit.json").read_text())["label_fixes"]
    assert found["decisions"] == [] and found["digest"] is None  # a header alone is no decision
    Path("folds/label_fixes.csv").write_text("ID,target,reason\nb,1,\nf,,blank\n")
    prepare.main()
    assert packed() == dict(a="0", b="1", c="0", d="1", e="1")
    assert "label fixes path=folds/label_fixes.csv changed=1 left_out=1 confirmed=0" in capsys.readouterr().out
    audit = json.loads(Path("folds/audit.json").read_text())
    assert audit["label_fixes"]["digest"] == digest(Path("folds/label_fixes.csv"))
    assert [(row["ID"], row["to"]) for row in audit["label_fixes"]["decisions"]] == [("b", "1"), ("f", None)]
    assert [row["images"] for row in audit["classes"]] == [2, 3]
    assert Path("data/raw/train.csv").read_bytes() == original
    Path("folds/label_fixes.csv").write_text("ID,target,reason\n")  # taken back
    prepare.main()
    assert packed() == dict(a="0", b="0", c="0", d="1", e="1", f="1")


def test_decisions_about_another_competition_stop_prepare(project):
    Path("folds/label_fixes.csv").write_text("ID,target,reason\n9f3c.jpg,1,\n")
    with pytest.raises(ContractError, match="1 ID is not in data/raw/train.csv: 9f3c.jpg; .* leave only the header"):
        prepare.main()
    assert not Path("data/train.arrow").exists()


def of_sets():
    train = pd.DataFrame({"ID": ["a", "b", "c", "d"], "target": ["7|x", "7", "", "10"]})
    asked = TaskSettings(labels="multi", answer="label_list", metric="f1_samples")
    return Competition(
        Path("raw"), train, ("t",), ("7", "10", "x"), ("seven", "ten", "letter"), dict.fromkeys("abcd"), settings=asked
    )


def test_decisions_about_several_labels(tmp_path):
    path = tmp_path / "label_fixes.csv"
    path.write_text("ID,target\na,x|7\nb,x|10|7\nc,\nd,|\n")
    fixes = read_label_fixes(path)
    check_label_fixes(path, fixes, of_sets())
    fixed = apply_label_fixes(of_sets(), fixes)
    assert (
        fixed.train.to_numpy().tolist() == [["a", "7|x"], ["b", "7|10|x"], ["d", ""]] and "c" not in fixed.train_paths
    )
    assert apply_label_fixes(of_sets(), []).train["target"].tolist() == ["7|x", "7", "", "10"]  # none is left out
    facts = label_fix_facts(path, fixes, of_sets())
    assert (facts["changed"], facts["left_out"], facts["confirmed"]) == (2, 1, 1)
    assert [(row["from"], row["to"]) for row in facts["decisions"]] == [
        ("7|x", "7|x"),
        ("7", "7|10|x"),
        ("", None),
        ("10", ""),
    ]


def test_decisions_about_several_labels_that_are_refused(tmp_path):
    path = tmp_path / "label_fixes.csv"
    with pytest.raises(ContractError, match="2 rows have an unknown class: z, 8; the classes are 7, 10, x"):
        check_label_fixes(path, [LabelFix("a", "7|z"), LabelFix("b", "8|z"), LabelFix("d", "|")], of_sets())
    with pytest.raises(ContractError, match="less than two classes are left"):
        check_label_fixes(path, [LabelFix("a", "7"), LabelFix("d", "|")], of_sets())
