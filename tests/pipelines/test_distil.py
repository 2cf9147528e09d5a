"""Stage `distil`: the student beside the vote, for `predict`, and honest out of fold."""

import csv
import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from makers.alone import run_alone
from makers.project import FOLDS, PARAMS, TEST, made_further
from makers.training import same
from safetensors.torch import load_file

from competition.data.predictions import load_predictions
from competition.ensembling.final_vote import read_final_vote
from competition.ensembling.images import images_of
from competition.folds.split import read_folds
from competition.metrics.calibration import apply_temperature
from competition.metrics.make import make_metric
from competition.serving import distillation
from competition.serving.predict import LoadedMember, read_student_vote
from competition.settings.load import load_settings
from competition.web.limits import Limits
from pipelines import bundle, distil, ensemble, predict, serve

pytestmark = pytest.mark.slow

ASKED = PARAMS.replace("distil: {student: []}", "distil: {student: [lite0]}").replace(
    "ensemble: {", "ensemble: {choose: weighted_soft, "
)
NETWORKS = (*FOLDS, "all")


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    def run():
        ensemble.main()
        distil.main()

    return made_further(tmp_path_factory, ASKED, run)


@pytest.fixture
def copy(made, tmp_path, monkeypatch) -> Path:
    shutil.copytree(made, tmp_path / "copy")
    monkeypatch.chdir(tmp_path / "copy")
    return tmp_path / "copy"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def weights(folder: Path) -> dict[object, bytes]:
    return {one: (folder / f"folds/student/weights/{one}.safetensors").read_bytes() for one in NETWORKS}


def images(folds: pd.DataFrame):
    settings = load_settings()
    return images_of(folds, [f"t{n}" for n in range(TEST)], read_final_vote().task, make_metric(settings.task))


def test_it_leaves_what_a_member_leaves_and_a_table_with_the_vote(made):
    for network in NETWORKS:
        parts = load_predictions(made / f"folds/student/predictions/{network}.npz")
        assert set(parts) == ({"test"} if network == "all" else {"clean", "test_like", "severe", "test"})
        assert (made / f"folds/student/history/{network}.csv").is_file()
        assert (made / f"folds/student/scores/{network}.json").is_file() == (network != "all")
    table = {row["submission"]: row for row in rows(made / "submissions/student.csv")}
    assert set(table) == {"weighted_soft", "student"}
    of_all = {row["submission"]: row for row in rows(made / "submissions/ensembles.csv")}
    for key in ("test_like", "clean", "fold_0", "fold_1"):
        assert float(table["weighted_soft"][key]) == pytest.approx(float(of_all["weighted_soft"][key]), abs=1e-6)
    found = [load_predictions(made / f"folds/student/predictions/{fold}.npz")["test_like"] for fold in FOLDS]
    target = pd.read_csv(made / "folds/folds.csv", dtype=str).set_index("ID")["target"]
    right = [target[id] == answer for one in found for id, answer in zip(one.ids, one.answers, strict=True)]
    assert len(right) == len(target) and 0 < np.mean(right) <= 1


def test_no_label_of_a_fold_counts_for_its_student(copy, monkeypatch):
    """Neither in training, nor in the teacher's weights and temperatures."""
    before, real = weights(copy), distil.load_data
    folds = read_folds("folds/folds.csv")
    own = folds["fold"] == 0
    turned = folds.assign(target=folds["target"].where(~own, np.roll(folds["target"], 1)))
    assert (turned["target"] != folds["target"])[own].any()

    def load(settings, fold):
        data = real(settings, fold)
        labels = np.roll(data.valid_labels, 1) if fold == 0 else data.valid_labels
        return dataclasses.replace(data, valid_labels=labels)

    shutil.rmtree("data/state")
    settings, final = load_settings(), read_final_vote()
    plain, other = (distil.fold_votes(settings, final, images(which)) for which in (folds, turned))
    assert plain[0].to_json() == other[0].to_json() and (plain[0].temperatures == other[0].temperatures).all()
    assert plain[1].temperatures.tolist() != other[1].temperatures.tolist()  # fold 0's labels are fold 1's to learn
    monkeypatch.setattr(distil, "fold_votes", lambda *rest: other)
    monkeypatch.setattr(distil, "load_data", load)
    distil.train_students(settings, final, images(turned))
    assert weights(copy)[0] == before[0]


def test_new_images_are_asked_about_once_and_answered_calibrated(made, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(made)
    (tmp_path / "images").mkdir()
    for n in (1, 2, 3):
        shutil.copy(f"data/raw/test/t{n}.png", tmp_path / "images")
    predict.main(tmp_path / "images", out=tmp_path / "labels.csv", student=True)
    said = capsys.readouterr().out
    assert "vote=student networks=1 orientations=1 files=3" in said and "warning: not what made" not in said
    own = load_predictions("folds/student/predictions/all.npz")["test"].select(["t1", "t2", "t3"])
    vote = read_student_vote(load_settings()).vote()
    expected = apply_temperature(own.probabilities, vote.temperatures[0]).max(axis=1)
    found = [float(row["probability"]) for row in rows(tmp_path / "labels.csv")]
    assert found == pytest.approx(expected.tolist(), abs=2e-4)
    predict.main(tmp_path / "images", out=tmp_path / "fast.csv", student=True, fast=True)
    assert "instead_of" not in capsys.readouterr().out and len(rows(tmp_path / "fast.csv")) == 3
    with pytest.raises(ValueError, match="--student, --member lite0: one of them answers"):
        predict.main(tmp_path / "images", out=tmp_path / "labels.csv", student=True, member="lite0")


def test_a_stopped_stage_goes_on_and_asks_nobody_twice(copy, monkeypatch):
    before, real, begun = weights(copy), distil.train_student, []

    def stopped(settings, network, *rest):
        begun.append(network)
        if network == 1:
            raise KeyboardInterrupt
        return real(settings, network, *rest)

    shutil.rmtree("data/state")
    shutil.rmtree("folds/student")
    monkeypatch.setattr(distil, "train_student", stopped)
    with pytest.raises(KeyboardInterrupt):
        distil.main()
    monkeypatch.setattr(distil, "train_student", real)
    monkeypatch.setattr(LoadedMember, "predict", lambda *rest: pytest.fail("the vote was asked again"))
    distil.main()
    assert begun == [0, 1] and weights(copy) == before


def test_images_without_labels_are_learnt_from(copy, monkeypatch, capsys):
    before = weights(copy)
    Path("more").mkdir()
    for n in (1, 2, 3):
        shutil.copy(f"data/raw/test/t{n}.png", "more")
    Path("more/note.txt").write_text("no image")
    more = ASKED.replace("student: [lite0]", "student: [lite0], images: more, test_images: true")
    Path("params.yaml").write_text(more + "rules: {pseudo_labels: true}\n")
    distil.main()
    said = capsys.readouterr().out
    assert f"without_labels={TEST - 1 + 3}" in said  # one test image is broken
    assert all(found != before[network] for network, found in weights(copy).items())


def test_off_it_says_what_to_write_and_predict_too(copy):
    Path("params.yaml").write_text(PARAMS)
    with pytest.raises(ValueError, match=r"distil\.student: \[\] in params\.yaml.*name a member there"):
        distil.main()
    with pytest.raises(ValueError, match=r"distil\.student is \[\] in params\.yaml"):
        predict.main(copy / "data/raw/test", out=copy / "labels.csv", student=True)


def test_the_final_vote_is_no_other_for_it(made):
    """What made final.csv doesn't depend on a student."""
    settings = load_settings(made / "params.yaml")
    off = settings.model_copy(update={"distil": settings.distil.model_copy(update={"student": ()})})
    final = read_final_vote(made / "submissions")
    assert final.changed_since(settings, []) == final.changed_since(off, []) == []


def test_it_starts_where_the_folds_own_member_is(copy, monkeypatch):
    begun = []

    def started(*rest, start=None):
        begun.append(start)
        raise InterruptedError

    monkeypatch.setattr(distillation, "train_member", started)
    settings = load_settings()
    other = settings.model_copy(update={"distil": settings.distil.model_copy(update={"start": "lite0"})})
    data = dataclasses.replace(distil.load_data(settings, None), taught=np.zeros((1, 3), np.float32))
    for asked, network in ((settings, 0), (other, 1), (other, "all")):
        with pytest.raises(InterruptedError):
            distillation.train_student(asked, network, data, ("7", "10", "x"), [])
    expected = [None, *(load_file(f"folds/weights/lite0/{fold}.safetensors") for fold in (1, 0))]
    assert begun[0] is expected[0]
    assert all(same(found, one) for found, one in zip(begun[1:], expected[1:], strict=True))


def test_a_bundle_of_it_answers_as_predict_does(made, tmp_path, monkeypatch):
    monkeypatch.chdir(made)
    bundle.main(tmp_path / "bundle", student=True)
    shutil.copytree("data/raw/test", tmp_path / "images")
    predict.main(tmp_path / "images", tmp_path / "found.csv", student=True, answers=tmp_path / "answers.csv")
    weights = [path.relative_to(tmp_path / "bundle").as_posix() for path in (tmp_path / "bundle/folds").rglob("*.s*")]
    assert weights == ["folds/student/weights/all.safetensors"]
    assert not (tmp_path / "bundle/submissions/final_vote.json").exists()
    run_alone([f"{tmp_path}/bundle/infer.py", f"{tmp_path}/images"], tmp_path / "bundle", tmp_path / "site", ("dvc",))
    for found, told in (("labels.csv", "found.csv"), ("submission.csv", "answers.csv")):
        assert (tmp_path / "bundle" / found).read_bytes() == (tmp_path / told).read_bytes()


def test_the_page_in_the_browser_asks_it_too(made, tmp_path, monkeypatch):
    monkeypatch.chdir(made)
    asked = serve.labeller(None, False, 0.5, student=True)
    found = asked.answer(Path("data/raw/test/t1.png").read_bytes(), ".png", tmp_path, Limits())
    predict.main(made / "data/raw/test", out=tmp_path / "labels.csv", student=True)
    row = next(row for row in rows(tmp_path / "labels.csv") if row["file"] == "t1.png")
    assert (found["target"], found["probability"]) == (row["target"], [float(row["probability"])])
    with pytest.raises(ValueError, match="one of them answers"):
        serve.labeller("lite0", False, 0.5, student=True)
