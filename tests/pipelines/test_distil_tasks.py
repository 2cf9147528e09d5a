"""Stage `distil` where probabilities are the answer, and where an image has several labels."""

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest
from makers.project import FOLDS, TEST, make_once

from competition.data.predictions import load_predictions
from pipelines import distil, predict

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=["probabilities", "label_list"])
def made(request, tmp_path_factory):
    """Name of the answer form, and the folder of a project with a student."""
    folder = tmp_path_factory.mktemp("student") / "project"
    shutil.copytree(make_once(tmp_path_factory, request.param), folder)
    params = folder / "params.yaml"
    params.write_text(params.read_text().replace("distil: {student: []}", "distil: {student: [lite0]}"))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        distil.main()
    return request.param, folder


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_student_is_scored_by_the_tasks_metric_beside_the_vote(made):
    _, folder = made
    table = {row["submission"]: row for row in rows(folder / "submissions/student.csv")}
    assert len(table) == 2 and "student" in table
    for fold in FOLDS:
        found = load_predictions(folder / f"folds/student/predictions/{fold}.npz")["test_like"]
        assert found.exclusive == (made[0] == "probabilities")
    assert all(np.isfinite(float(row["test_like"])) for row in table.values())


def test_new_images_get_answers_in_the_competitions_form(made, tmp_path, monkeypatch):
    form, folder = made
    monkeypatch.chdir(folder)
    predict.main(Path("data/raw/test"), tmp_path / "labels.csv", answers=tmp_path / "answers.csv", student=True)
    found, final = rows(tmp_path / "answers.csv"), rows(Path("submissions/final.csv"))
    assert found[0].keys() == final[0].keys() and len(found) == TEST - 1  # one can't be read
    if form == "probabilities":
        own = load_predictions("folds/student/predictions/all.npz")["test"]
        likeliest = [max((key for key in row if key != "ID"), key=lambda key: float(row[key])) for row in found]
        names = {"7": "bright", "10": "dark", "x": "striped"}
        assert likeliest == [names[answer] for answer in own.select(row["ID"] for row in found).answers]
