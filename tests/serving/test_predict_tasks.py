"""predict where probabilities are the answer, and where an image has several labels: on the test images it gives the
stages' answers, in the competition's form and in words.
"""

import csv
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from makers.packed import TARGETS
from makers.project import TEST, UNREADABLE, make_once

from competition.data.competition import read_competition
from competition.data.submission import check_submission
from competition.members.kinds.grey import Grey
from competition.settings.load import load_settings
from pipelines import predict
from pipelines._main import run

NAMES = dict(zip(TARGETS, ("bright", "dark", "striped"), strict=True))
BROKEN = UNREADABLE.removesuffix(".png")


pytestmark = pytest.mark.slow  # test_predict.py is quick


@pytest.fixture(scope="module", params=["probabilities", "label_list"])
def answer(request, tmp_path_factory):
    """Name of the answer form, and the folder of a project that has it."""
    return request.param, make_once(tmp_path_factory, request.param)


def table(path) -> list[dict[str, str]]:
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def votes(folder) -> list[str]:
    return [row["submission"] for row in table(folder / "submissions/ensembles.csv")]


def test_the_test_images_get_the_votes_answers(answer, tmp_path, monkeypatch):
    form, folder = answer
    monkeypatch.chdir(folder)
    for name in votes(folder):
        predict.main(Path("data/raw/test"), tmp_path / "found.csv", name, answers=tmp_path / "answers.csv")
        kind = "members" if name in ("lite0", "features", "grey") else "ensembles"
        expected = {row.pop("ID"): row for row in table(f"submissions/{kind}/{name}.csv")}
        found = {row.pop("ID"): row for row in table(tmp_path / "answers.csv")}
        assert set(found) == set(expected) - {BROKEN} and len(found) == TEST - 1
        for id, cells in found.items():
            if form == "label_list":
                assert cells == expected[id], (name, id)
            else:
                assert list(cells) == ["striped", "bright", "dark"]
                values = [float(value) for value in cells.values()]
                assert values == pytest.approx([float(value) for value in expected[id].values()], abs=2e-5), (name, id)
                assert sum(values) == pytest.approx(1, abs=1e-6)


def test_answers_for_people_say_the_same(answer, tmp_path, monkeypatch):
    form, folder = answer
    monkeypatch.chdir(folder)
    predict.main(Path("data/raw/test"), tmp_path / "found.csv", "features", answers=tmp_path / "answers.csv")
    sure = {row["file"].split(".")[0]: row for row in table(tmp_path / "found.csv")}
    for row in table(tmp_path / "answers.csv"):
        said = sure[row["ID"]]
        if form == "label_list":
            assert said["target"] == row["target"].replace(" ", "|")
            names = [NAMES[target] for target in said["target"].split("|") if target]
            assert said["class_name"] == "|".join(names) and said["runner_up"] not in said["target"].split("|")
            assert len(said["probability"].split("|")) == max(1, len(names))
        else:
            assert said["class_name"] == max(NAMES.values(), key=lambda name: float(row[name]))  # noqa: B023
            assert said["class_name"] == NAMES[said["target"]] and float(said["probability"]) >= 1 / 3
    assert len({row["target"] for row in sure.values()}) > 1 and np.all(
        [row["unsure"] in "yes no" for row in sure.values()]
    )


def test_on_the_command_line_the_answers_are_a_submission(answer, tmp_path, monkeypatch, capsys):
    """Of the images that can be read, it is one that the competition's own check finds right."""
    form, folder = answer
    monkeypatch.chdir(folder)
    arguments = ["data/raw/test", "--out", f"{tmp_path}/found.csv", "--answers", f"{tmp_path}/answers.csv"]
    monkeypatch.setattr(sys, "argv", ["predict", *arguments])
    with pytest.raises(SystemExit) as end:
        run(predict.main)
    assert not end.value.code
    assert f"answered path={tmp_path}/answers.csv rows={TEST - 1} form={form}\n" in capsys.readouterr().out
    settings = load_settings()
    competition = read_competition(settings.competition, settings.task, images=False)
    problems = check_submission(tmp_path / "answers.csv", competition)
    assert problems == [
        f"{tmp_path}/answers.csv: 1 ID of the sample submission is missing: {BROKEN}; add a row for each"
    ]


def test_two_files_of_one_id_are_refused_before_the_work(answer, tmp_path, monkeypatch):
    monkeypatch.chdir(answer[1])
    for name in ("t1.png", "t1.jpg"):
        (tmp_path / "scans").mkdir(exist_ok=True)
        shutil.copy("data/raw/test/t1.png", tmp_path / "scans" / name)
    monkeypatch.setattr(predict, "load_vote", lambda *_, **__: pytest.fail("work was done"))
    with pytest.raises(ValueError, match="IDs have no extension here, .* are one: t1.jpg and t1.png;"):
        predict.main(tmp_path / "scans", tmp_path / "found.csv", "grey", answers=tmp_path / "answers.csv")
    with pytest.raises(ValueError, match="--answers .*: is a folder; name the CSV"):
        predict.main(tmp_path / "scans", tmp_path / "found.csv", "grey", answers=tmp_path)


def test_files_that_can_not_be_answered_have_no_id_that_clashes(answer, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(answer[1])
    (tmp_path / "scans").mkdir()
    for name in ("t1.png", "t2.heic"):  # the second is HEIC by its name alone
        shutil.copy("data/raw/test/t1.png", tmp_path / "scans" / name)
    (tmp_path / "scans/t1.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(50))
    predict.main(tmp_path / "scans", tmp_path / "found.csv", "grey", answers=tmp_path / "answers.csv")
    assert [row["ID"] for row in table(tmp_path / "answers.csv")] == ["t1", "t2"]
    assert "warning: unreadable file=t1.heic" in capsys.readouterr().out
    shutil.copy("data/raw/test/t1.png", tmp_path / "scans/t2.png")
    monkeypatch.setattr(predict, "load_vote", lambda *_, **__: pytest.fail("work was done"))
    with pytest.raises(ValueError, match="files of one name are one: t2.heic and t2.png; rename them"):
        predict.main(tmp_path / "scans", tmp_path / "found.csv", "grey", answers=tmp_path / "answers.csv")


def test_what_a_member_has_to_say_of_new_images_is_said(answer, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(answer[1])
    monkeypatch.setattr(Grey, "note_on_new_images", lambda member: f"{member.name} answers all of them alike")
    predict.main(Path("data/raw/test"), tmp_path / "found.csv", "grey")
    assert "warning: new images note=grey answers all of them alike\n" in capsys.readouterr().out
    predict.main(Path("data/raw/test"), tmp_path / "found.csv", "features")
    assert "warning: new images" not in capsys.readouterr().out


def test_of_several_labels_none_can_be_unknown(answer, tmp_path, monkeypatch):
    form, folder = answer
    monkeypatch.chdir(folder)
    if form == "label_list":
        with pytest.raises(ValueError, match="several labels here, or none, .*: leave out --reject-unknown"):
            predict.main(Path("data/raw/test"), tmp_path / "found.csv", "grey", reject_unknown=0.5)
    else:
        predict.main(Path("data/raw/test"), tmp_path / "found.csv", "grey", reject_unknown=0.5)
        assert {row["unknown"] for row in table(tmp_path / "found.csv")} <= {"yes", "no"}
