"""The exported student: calibrated in the file, and scored by the students of the folds."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from makers.project import FOLDS, PARAMS, TRAIN, made_further

from competition.data.image_store import ImageStore
from competition.data.predictions import load_predictions
from competition.inference.loader import stack
from competition.members.named import member_named
from competition.serving import export as module
from competition.serving.predict import read_student_vote
from competition.settings.load import load_settings
from pipelines import distil, export

pytestmark = pytest.mark.slow

runtime = pytest.importorskip("onnxruntime", reason="the extra `export` is not installed")
pytest.importorskip("onnxscript", reason="the extra `export` is not installed")

FOLDER = Path("exports/student")
ASKED = PARAMS.replace("distil: {student: []}", "distil: {student: [lite0]}")


@pytest.fixture(scope="module")
def exported(tmp_path_factory) -> Path:
    def run():
        distil.main()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "LOSS", 1.0)  # whatever eight bits cost
            export.main("student", author="the forms team", licence="mit")

    return made_further(tmp_path_factory, ASKED, run)


@pytest.fixture
def at_home(exported, monkeypatch):
    monkeypatch.chdir(exported)


def temperature() -> float:
    return float(read_student_vote(load_settings()).vote().temperatures[0])


def test_the_files_probabilities_are_the_calibrated_ones_of_the_student_of_all_images(at_home):
    network, normalise = member_named("student", load_settings()).trained_network("all", 3)
    squares = stack(ImageStore("data/test_squares.arrow"), np.arange(5), 32)
    with torch.inference_mode():
        expected = network.eval()(normalise(squares)) / temperature()
    session = runtime.InferenceSession(FOLDER / "model.onnx", providers=["CPUExecutionProvider"])
    probabilities, logits = session.run(None, {"images": squares.numpy()})
    assert temperature() != 1 and np.abs(logits - expected.numpy()).max() < 1e-3
    assert probabilities == pytest.approx(expected.softmax(dim=1).numpy(), abs=1e-4)
    facts = json.loads((FOLDER / "model.json").read_text())
    assert facts["temperature"] == temperature() and facts["fold"] == "all"


def test_the_card_is_of_all_images_each_answered_by_the_student_of_its_fold(at_home):
    card = (FOLDER / "README.md").read_text()
    assert f"on {TRAIN} images, each answered by a network that never saw it" in card
    assert f"\n{TRAIN} images of a competition, {TRAIN} of which this network learnt from" in card
    assert f"divide logits by {temperature():.2f}, fitted out of fold" in card and card.count("# student\n") == 1
    found = [load_predictions(f"folds/student/predictions/{fold}.npz")["test_like"] for fold in FOLDS]
    lines = Path("folds/folds.csv").read_text().splitlines()
    column = lines[0].split(",").index("target")
    target = {line.split(",")[0]: line.split(",")[column] for line in lines[1:]}
    accuracy = np.mean([target[id] == answer for one in found for id, answer in zip(one.ids, one.answers, strict=True)])
    row = next(line for line in card.splitlines() if line.startswith("| model.onnx | test_like |"))
    assert float(re.split(r" *\| *", row)[4]) == pytest.approx(accuracy, abs=0.06)  # one of 18 at a boundary


def test_without_a_student_it_says_what_to_write(at_home, monkeypatch, tmp_path):
    (tmp_path / "params.yaml").write_text(PARAMS)
    monkeypatch.setattr(export, "load_settings", lambda: load_settings(tmp_path / "params.yaml"))
    with pytest.raises(ValueError, match=r"distil\.student is \[\] in params\.yaml"):
        export.main("student")
