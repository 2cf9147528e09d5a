"""Competitions in the forms of twelve public ones and six more: understood with nothing said but the metric."""

import csv
from pathlib import Path

import numpy as np
import pytest
from makers.competitions import SIX, TWELVE, make, scorers
from makers.competitions.download import Download

from competition.data.adopt.adoption import adopt
from competition.data.adopt.destination import Destination
from competition.data.adopt.options import Options
from competition.data.competition import Competition, read_competition
from competition.settings.competition import CompetitionSettings
from competition.settings.task import TaskSettings

FOUND = {  # labels, answer
    "aerial-cactus-identification": ("single", "probability"),
    "aptos2019-blindness-detection": ("ordinal", "label"),
    "dog-breed-identification": ("single", "probabilities"),
    "dogs-vs-cats-redux-kernels-edition": ("single", "probability"),
    "histopathologic-cancer-detection": ("single", "probability"),
    "leaf-classification": ("single", "probabilities"),
    "plant-pathology-2020-fgvc7": ("single", "probabilities"),
    "ranzcr-clip-catheter-line-classification": ("multi", "probabilities"),
    "cassava-leaf-disease-classification": ("single", "label"),
    "plant-seedlings-classification": ("single", "label"),
    "plant-pathology-2021-fgvc8": ("multi", "label_list"),
    "hotel-id-2021-fgvc8": ("single", "ranked"),
    "herbarium": ("single", "label"),
    "rainforest": ("multi", "label_list"),
    "drivers": ("single", "probabilities"),
    "moles": ("single", "probability"),
    "objects": ("single", "label"),
    "places": ("multi", "label_list"),
}
BESIDE = {  # other columns of train.csv
    "leaf-classification": {f"{kind}{n}" for kind in ("margin", "shape", "texture") for n in range(1, 5)},
    "ranzcr-clip-catheter-line-classification": {"group"},
    "drivers": {"group"},
    "moles": {"group", "sex", "age_approx", "anatom_site_general_challenge"},
}


def adopted(download: Download, folder: Path) -> tuple[Competition, tuple[str, ...]]:
    """Return the competition as the stages read it, and what was said."""
    destination = Destination(folder / "raw", folder / "solution.csv")
    came = adopt(download.path, destination, CompetitionSettings(), options=Options(metric=download.metric))
    columns = {keys[1]: value for keys, value in came.changes.items() if keys[0] == "competition"}
    task = {keys[1]: value for keys, value in came.changes.items() if keys[0] == "task"}
    settings = CompetitionSettings(**{"root": str(destination.root), **columns})
    return read_competition(settings, TaskSettings(**task)), came.notes


@pytest.mark.parametrize("name", TWELVE | SIX)
def test_it_is_understood(name: str, tmp_path: Path):
    download = make(name, tmp_path)
    competition, notes = adopted(download, tmp_path / "data")
    labels, answer = FOUND[name]
    assert (competition.settings.labels, competition.settings.answer) == (labels, answer)
    assert f"labels: {labels}, " in "\n".join(notes) and f"answer: {answer}, since " in "\n".join(notes)
    raw = competition.root
    sample = download.header, list(download.solution)
    header, rows = scorers.read(raw / "sample_submission.csv")
    assert (tuple(header), [row[0] for row in rows]) == sample
    # every training image is the right one, with all of its labels and no other
    assert len(competition.train) == len(competition.train_paths) == 48
    for id, text in zip(competition.train["ID"], competition.train["target"], strict=True):
        assert download.taught[competition.train_paths[id].read_bytes()] == frozenset(text.split("|") if text else ())
    with open(raw / "train.csv", newline="") as file:
        assert set(next(csv.reader(file))[2:]) == BESIDE.get(name, set())
    # nothing of the test part is trained on
    assert not {path.read_bytes() for path in competition.test_paths.values()} & {
        path.read_bytes() for path in competition.train_paths.values()
    }
    assert (raw / "test.csv").exists() == bool(BESIDE.get(name, set()) - {"group"})


@pytest.mark.parametrize("name", TWELVE | SIX)
def test_right_answers_score_best(name: str, tmp_path: Path):
    """Classes, their order and their columns are the site's: an independent scorer takes the right answers for "
    "perfect."""
    download = make(name, tmp_path)
    competition, _ = adopted(download, tmp_path / "data")
    answers = right_answers(download, competition)
    path = tmp_path / "submission.csv"
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(competition.columns)
        cells = competition.task.form.cells(answers)
        writer.writerows([id, *row] for id, row in zip(competition.test_ids, cells, strict=True))
    assert not scorers.problems(path, download.header, list(download.solution), download.rule, download.classes)
    perfect = 0.0 if download.score in scorers.LOWER_IS_BETTER else 1.0
    assert scorers.score(download.score, path, download.solution) == pytest.approx(perfect, abs=1e-6)
    assert scorers.margin(download.score, path, download.solution, download.classes) == pytest.approx(1, abs=1e-5)


def right_answers(download: Download, competition: Competition) -> np.ndarray:
    """Return the solution as the answer form takes it: (N,), or (N, C)."""
    truth, targets = list(download.solution.values()), list(competition.targets)
    if download.rule == "probability":
        return np.eye(2)[truth]
    if download.rule == "probabilities":
        matrix = np.zeros((len(truth), len(targets)))
        matrix[:, [targets.index(column) for column in download.header[1:]]] = truth
        return matrix
    if download.rule == "distribution":
        return np.eye(len(targets))[[targets.index(download.classes[column]) for column in truth]]
    if download.rule == "label_set":
        return np.array([[target in one for target in targets] for one in truth], np.uint8)
    indices = np.array([targets.index(label) for label in truth])
    return np.eye(len(targets))[indices] if download.rule == "five_best" else indices


def test_adopting_again_replaces_what_was_found_before(tmp_path: Path):
    destination = Destination(tmp_path / "raw", tmp_path / "solution.csv", force=True)
    settings, task = CompetitionSettings(), TaskSettings()
    for name in ("leaf-classification", "places", "plant-seedlings-classification"):
        download = make(name, tmp_path / "downloads")
        came = adopt(download.path, destination, settings, options=Options(metric=download.metric), task=task)
        changes = {
            part: {keys[1]: value for keys, value in came.changes.items() if keys[0] == part}
            for part in ("competition", "task")
        }
        settings = settings.model_copy(update=changes["competition"])
        task = TaskSettings(**(task.model_dump() | changes["task"]))
    assert (task.labels, task.answer, task.metric) == ("single", "label", "f1_micro")
    assert (settings.id, settings.target, settings.answer) == ("file", "species", None)
    read = read_competition(settings.model_copy(update={"root": str(destination.root)}), task)
    assert len(read.targets) == 5 and not (destination.root / "test.csv").exists()
