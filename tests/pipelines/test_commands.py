"""score, validate, fix_label and adopt as a person calls them, and how every command starts and stops."""
# ruff: noqa: F811

import json
import sys
from pathlib import Path

import pytest
import torch
from makers.commands import call, project  # noqa: F401
from makers.fresh import loaded_by
from sklearn.metrics import f1_score, log_loss

from competition.metrics.scores import METRICS
from pipelines import adopt, fix_label, score, validate
from pipelines._main import ANEW, run


def test_score_prints_what_was_counted_by_hand(project, call):
    # truth 0 0 1 | 0 1 1, answers 0 0 1 | 1 1 0.  public: all right, 1.
    # private: class 0 has no hit, class 1 has 1 hit, 1 false, 1 missed: F1 2/4; macro (0 + 0.5) / 2 = 0.25
    # all: class 0: 2 hits, 1 false, 1 missed: 4/6; class 1: the same; macro 2/3; 4 of 6 right
    code, out, _ = call(score, "submissions/members/a.csv", "data/solution.csv", "--json")
    assert code == 0 and json.loads(out) == {
        "metric": "f1_macro",
        "all": pytest.approx(2 / 3),
        "public": 1.0,
        "private": 0.25,
        "accuracy": pytest.approx(2 / 3),
        "per_class": {"letter": pytest.approx(2 / 3), "form": pytest.approx(2 / 3)},
    }
    code, out, _ = call(score, "submissions/members/a.csv", "data/solution.csv")
    assert code == 0
    for line in (
        "macro F1 all     0.6667",
        "macro F1 public  1.0000",
        "macro F1 private 0.2500",
        "accuracy         0.6667",
    ):
        assert line in out
    assert "0 letter  0.6667       3\n1 form    0.6667       3" in out


def test_score_of_an_unknown_answer_is_scikit_learns(project, call):
    Path("submissions/members/a.csv").write_text("ID,target\n06,7\n01,0\n02,1\n03,1\n04,0\n05,0\n")
    Path("data/solution.csv").write_text("ID,target\n01,0\n02,0\n03,1\n04,0\n05,1\n06,1\n")
    code, out, err = call(score, "submissions/members/a.csv", "data/solution.csv", "--json")
    what = "answers that are no class of data/solution.csv: 7; the classes are 0, 1"
    assert err == f"warning: submissions/members/a.csv: {what}\n"
    found = json.loads(out)
    truth, answers = [0, 0, 1, 0, 1, 1], [0, 1, 1, 0, 0, 7]
    assert found["all"] == pytest.approx(f1_score(truth, answers, average="macro", zero_division=0))
    assert found["public"] is None and found["private"] is None and found["per_class"]["7"] == 0
    code, out, _ = call(score, "submissions/members/a.csv", "data/solution.csv")
    assert code == 0 and "public" not in out


def test_score_leaves_ignored_rows_out(project, call):
    Path("data/solution.csv").write_text(
        "ID,target,Usage\n01,0,Public\n02,0,Public\n03,1,Public\n04,0,Ignored\n05,1,Private\n06,1,Ignored\n"
    )
    found = json.loads(call(score, "submissions/members/a.csv", "data/solution.csv", "--json")[1])
    assert found["all"] == found["accuracy"] == found["public"] == found["private"] == 1


def test_score_refuses_what_does_not_match(project, call):
    Path("submissions/members/b.csv").write_text("ID,target\n01,0\n02,0\n03,1\n04,\n04,1\n09,1\n")
    code, out, err = call(score, "submissions/members/b.csv", "data/solution.csv")
    assert code == 1 and out == "" and "Traceback" not in err
    for part in (
        "2 IDs of data/solution.csv are missing: 06, 05",
        "1 ID is not in data/solution.csv: 09",
        "1 ID is repeated: 04",
        "1 ID has no answer: 04",
    ):
        assert part in err
    Path("data/solution.csv").write_text("ID,target,usage\n01,0,Test\n01,,Public\n")
    code, _, err = call(score, "submissions/members/a.csv", "data/solution.csv")
    assert code == 1
    for part in ("1 row has an unknown usage: test", "1 ID is repeated: 01", "1 row has no target"):
        assert part in err
    assert call(score, "submissions/members/no.csv", "data/solution.csv")[0] == 1


def test_score_takes_class_names_from_elsewhere(project, call):
    Path("names.csv").write_text("target,class_name\n0,Brief\n1,Formular\n")
    _, out, _ = call(score, "submissions/members/a.csv", "data/solution.csv", "--meta", "names.csv", "--json")
    assert set(json.loads(out)["per_class"]) == {"Brief", "Formular"}
    code, _, err = call(score, "submissions/members/a.csv", "data/solution.csv", "--meta", "no.csv")
    assert code == 1 and "no.csv: no such file" in err
    Path("data/raw/meta.csv").unlink()
    _, out, _ = call(score, "submissions/members/a.csv", "data/solution.csv", "--json")
    assert set(json.loads(out)["per_class"]) == {"0", "1"}


def test_score_reads_other_column_names(project, call):
    Path("params.yaml").write_text("competition: {id: image, target: label}\n")
    Path("data/raw/meta.csv").unlink()
    Path("s.csv").write_text("image;label\n1;a\n2;b\n")
    Path("t.csv").write_text("image,label\n2,b\n1,a\n")
    assert json.loads(call(score, "s.csv", "t.csv", "--json")[1])["all"] == 1


def test_validate(project, call):
    assert call(validate, "submissions/members/a.csv") == (0, "submissions/members/a.csv: valid, 6 rows\n", "")
    Path("submissions/members/b.csv").write_text("ID,target\n02,0\n01,0\n03,2\n04,\n04,1\n09,1\n")
    code, out, err = call(
        validate, "submissions/members/b.csv", "submissions/members/a.csv", "submissions/members/c.csv"
    )
    assert code == 1 and out == "submissions/members/a.csv: valid, 6 rows\n"
    assert len(err.splitlines()) == 6
    for part in (
        "missing: 05, 06",
        "not in the sample submission: 09",
        "repeated: 04",
        "empty or NaN: rows 4",
        "no class: 2",
        "submissions/members/c.csv: no such file",
    ):
        assert part in err


def test_validate_without_a_competition(project, call):
    Path("data/raw/train.csv").unlink()
    code, _, err = call(validate, "submissions/members/a.csv")
    assert code == 1 and "train.csv: no such file" in err
    Path("params.yaml").unlink()
    assert "params.yaml: not found" in call(validate, "submissions/members/a.csv")[2]


def test_fix_label_writes_one_decision_for_an_image(project, call):
    Path("data/raw/train.csv").write_text("ID,target\n1,0\n2,1\n3,0\n")
    path = Path("folds/label_fixes.csv")
    code, out, _ = call(fix_label, "1", "1", "--reason", "stamped")
    assert code == 0 and out == f"{path}: 1: 0 (letter) -> 1 (form); decisions: 1, `dvc repro` applies them\n"
    assert "2: 1 (form) -> confirmed; decisions: 2" in call(fix_label, "2", "1")[1]
    assert path.read_text() == "ID,target,reason\n1,1,stamped\n2,1,\n"
    assert "1: 0 (letter) -> left out of training; decisions: 2" in call(fix_label, "1", "--drop")[1]
    assert path.read_text() == "ID,target,reason\n1,,\n2,1,\n"
    code, _, err = call(fix_label, "3", "--drop")
    assert code == 1 and "less than two classes are left" in err and path.read_text() == "ID,target,reason\n1,,\n2,1,\n"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("1",), "1: expected either its class, or --drop"),
        (("1", "1", "--drop"), "1: expected either its class, or --drop"),
        (("3", "1"), "error: 3: no such ID in data/raw/train.csv; write it as it stands there"),
        (("01", "1"), "01: no such ID in data/raw/train.csv"),
        (("1.jpg", "1"), "1.jpg: no such ID in data/raw/train.csv; IDs have no extension there, so write 1"),
        (("9.jpg", "1"), "9.jpg: no such ID in data/raw/train.csv; IDs have no extension there"),
        (("1", "2"), "error: 2: no class of data/raw/train.csv; the classes are 0, 1"),
        (("1", "1.0"), "write whole numbers, without .0"),
    ],
)
def test_fix_label_refuses(project, call, arguments, expected):
    code, _, err = call(fix_label, *arguments)
    assert code == 1 and expected in err and not Path("folds/label_fixes.csv").exists()
    assert "label_fixes.csv" not in err


def test_adopt_tells_what_it_did_and_what_is_wrong(project, call):
    for name in ("cat", "dog"):
        Path("photos", name).mkdir(parents=True)
        for n in range(10):
            Path("photos", name, f"{n}.png").touch()
        for n in range(15):
            Path("photos", name, f"{n}.txt").touch()
    code, out, err = call(adopt, "photos")
    assert code == 1 and "data/raw: is already there; --force" in err and "data/solution.csv: is already there" in err
    code, out, err = call(adopt, "photos", "--force", "--ratio", "7:1:2")
    assert code == 0 and "data/raw: 16 training images, 4 test images, 2 classes" in out
    assert "train and validation part are both training images" in out
    assert out.count("skipped: cat/") == 15 and "skipped: 10 more" in out
    code, out, _ = call(adopt, "photos", "--to", "other/raw", "--solution", "other/solution.csv")
    assert code == 0 and "set competition.root to other/raw" in out and Path("other/adopted.csv").exists()
    assert "--ratio 8-1-1: expected numbers" in call(adopt, "photos", "--ratio", "8-1-1")[2]
    assert "nowhere: no such folder" in call(adopt, "nowhere")[2]


@pytest.mark.slow
def test_commands_start_without_torch():
    commands = [
        f"pipelines.{name}" for name in ("score", "validate", "record", "leaderboard", "adopt", "fix_label", "submit")
    ]
    loaded = loaded_by(*commands)
    assert list(loaded) == commands
    for command, modules in loaded.items():
        assert not {"torch", "cv2", "sklearn"} & modules.keys(), command


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((), "stopped; what was finished is kept, run the command again to go on"),
        ((ANEW,), "stopped; run again, the command begins anew"),
    ],
)
def test_a_stopped_command_promises_what_is_so(monkeypatch, capsys, given, said):
    def stopped() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(sys, "argv", ["command"])
    with pytest.raises(SystemExit) as end:
        run(stopped, *given)
    assert end.value.code == 130 and capsys.readouterr().err == f"{said}\n"


@pytest.mark.parametrize(
    ("error", "given", "said"),
    [
        (
            MemoryError(),
            (),
            "error: out of memory; what was finished is kept: close other programs, or lower machine.workers, and run "
            "the command again",
        ),
        (
            torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
            (ANEW,),
            "error: out of memory; close other programs, or lower machine.workers, and run the command again",
        ),
        (
            RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 4 bytes"),
            (ANEW,),
            "error: out of memory; close other programs, or lower machine.workers, and run the command again",
        ),
        (
            PermissionError(13, "Permission denied", "data/raw"),
            (ANEW,),
            "error: Permission denied: data/raw; mend it and run the command again",
        ),
        (
            OSError(28, "No space left on device"),
            (),
            "error: No space left on device: while writing; what was finished is kept: mend it and run the command "
            "again",
        ),
    ],
)
def test_what_the_machine_lacks_is_said_without_a_traceback(monkeypatch, error, given, said):
    def fails() -> None:
        raise error

    monkeypatch.setattr(sys, "argv", ["command"])
    with pytest.raises(SystemExit) as end:
        run(fails, *given)
    assert end.value.code == said


def test_score_of_probabilities_is_scikit_learns(project, call):
    Path("params.yaml").write_text("task: {answer: probability, metric: log_loss}\n")
    values = dict(zip(("01", "02", "03", "04", "05", "06"), (0.1, 0.6, 0.8, 0.3, 0.9, 0.95), strict=True))
    Path("submissions/members/a.csv").write_text("ID,target\n" + "".join(f"{id},{p}\n" for id, p in values.items()))
    truth = {"06": 1, "05": 1, "04": 0, "03": 1, "02": 0, "01": 0}
    code, out, err = call(score, "submissions/members/a.csv", "data/solution.csv", "--json")
    found = json.loads(out)
    assert (
        code == 0
        and not err
        and found["all"] == pytest.approx(log_loss(list(truth.values()), [values[i] for i in truth]))
    )
    assert found["accuracy"] == pytest.approx(5 / 6)
    out = call(score, "submissions/members/a.csv", "data/solution.csv")[1]
    assert "log loss all     " in out and "accuracy and F1: of the likeliest class\n" in out


def test_score_by_a_metric_of_ones_own_knows_the_classes_numbers(project, call):
    Path("highest_class.py").write_text(
        "from competition.metrics.metric import Metric\nfrom competition.metrics.scores import METRICS\n\n\n"
        "@METRICS.register\nclass Highest(Metric):\n    label, bounds = 'highest class', (0, 99)\n\n"
        "    def score(self, y_true, y_pred, n_classes, weights):\n        return y_true.max() + n_classes / 10\n"
    )
    Path("params.yaml").write_text("task: {metric: highest_class.py}\n")
    Path("submissions/members/a.csv").write_text("ID,target\n01,1\n02,1\n")
    Path("data/solution.csv").write_text("ID,target\n01,1\n02,1\n")
    code, out, err = call(score, "submissions/members/a.csv", "data/solution.csv", "--json")
    assert code == 0 and not err and json.loads(out)["all"] == 1 + 2 / 10  # 1 is the second of train.csv's two classes
    del sys.modules["plugin.highest_class"], METRICS._things["highest_class"]


def test_score_of_label_lists_is_scikit_learns(project, call):
    several_labels()
    Path("submissions/members/a.csv").write_text("ID,target\n01,0 1\n02,\n03,1\n04,0\n05,2\n06,0\n")
    Path("data/solution.csv").write_text("ID,target\n01,0\n02,\n03,1\n04,0|1\n05,0|1\n06,0\n")
    code, out, err = call(score, "submissions/members/a.csv", "data/solution.csv", "--json")
    found = json.loads(out, parse_constant=pytest.fail)
    assert code == 0 and not err and found["metric"] == "f1_macro" and found["accuracy"] == 3 / 6
    # 0: hits 01, 04, 06, missed 05; 1: hit 03, false 01, missed 04, 05; card, never right: false 05
    assert found["per_class"] == {"letter": pytest.approx(6 / 7), "form": pytest.approx(0.4), "card": 0, "memo": None}


def several_labels():
    Path("params.yaml").write_text("task: {labels: multi, answer: label_list}\nspecialize: {base: []}\n")
    Path("data/raw/train.csv").write_text("ID,target\n1,0\n2,1|0\n3,\n4,2|3\n")
    Path("data/raw/meta.csv").write_text("target,class_name\n0,letter\n1,form\n2,card\n3,memo\n")
    Path("data/raw/sample_submission.csv").write_text("ID,target\n" + "".join(f"0{n},\n" for n in range(1, 7)))


def test_fix_label_of_several_labels(project, call):
    several_labels()
    code, out, _ = call(fix_label, "1", "1|0")
    assert code == 0 and "1: 0 (letter) -> 0|1 (letter, form); decisions: 1" in out
    assert "2: 0|1 (letter, form) -> confirmed; decisions: 2" in call(fix_label, "2", "0|1")[1]
    assert "2: 0|1 (letter, form) -> no label; decisions: 2" in call(fix_label, "2", "|")[1]
    assert "3: no label -> 0 (letter); decisions: 3" in call(fix_label, "3", "0")[1]
    assert "4: 2|3 (card, memo) -> left out of training; decisions: 4" in call(fix_label, "4", "--drop")[1]
    assert Path("folds/label_fixes.csv").read_text() == "ID,target,reason\n1,1|0,\n2,|,\n3,0,\n4,,\n"
    code, _, err = call(fix_label, "1", "0|9")
    assert code == 1 and "9: no class of data/raw/train.csv" in err
