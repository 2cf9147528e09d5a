"""`python -m pipelines.tune` as a person calls it; the training itself is a stub whose score depends on the
settings.
"""

import json
import sys
from pathlib import Path

import numpy as np
import optuna
import pandas as pd
import pytest
from makers.packed import TARGETS, packed_competition

from competition.data.image_store import write_rows
from competition.data.predictions import Predictions
from competition.settings.load import load_settings
from competition.training.recovery import Diverged
from competition.tuning import objective as objective_module
from competition.tuning import workers as working
from competition.tuning.packed_copies import Stores
from competition.tuning.plots import draw_study
from pipelines import tune
from pipelines._main import run

pytestmark = pytest.mark.slow

PARAMS = """# my notes
augment: {size: 32, copies: 3, policy: none}
train:
  members: [frozen, tiny]
members:
  tiny:
    kind: finetuned
    network: test_resnet
    weights: none
    size: 32
    epochs: 4
    learning_rate: 0.001   # too low
  frozen: {kind: features, copies: 1, size: 32}
specialize:
  base: [tiny]
  network: {network: test_resnet, size: 32}
ensemble: {resamples: 200}
"""


class Trained:
    def __init__(self, score, predictions):
        self.scores, self.predictions = {"test_like": score}, {"test_like": predictions}


def stub(member, data, targets, views, state_file, report, only):
    """A training that is the better the nearer its learning rate is to 0.003."""
    score = float(np.exp(-abs(np.log(member.learning_rate / 0.003))))
    for epoch in range(member.epochs):
        report(
            {
                "epoch": epoch,
                "loss": 1.0,
                "learning_rate": member.learning_rate,
                "clean": score,
                "test_like": score * (epoch + 1) / 4,
                "images_per_s": 1.0,
            }
        )
    right = np.arange(len(data.valid_ids)) < round(score * len(data.valid_ids))
    answers = np.where(right, data.valid_labels, (data.valid_labels + 1) % 3)
    return Trained(score, Predictions(data.valid_ids, np.eye(3)[answers], targets))


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(objective_module, "train_member", stub)
    monkeypatch.setattr(working, "POLL", 0.05)
    monkeypatch.setattr(tune, "draw_study", lambda study, folder, label: [])  # a second each time
    Path("params.yaml").write_text(PARAMS)
    Path("data").mkdir()
    packed_competition(Path("data"), images=90).to_csv(Path("data/folds.csv"), index=False)
    Path("data/test.arrow").rename("data/test_squares.arrow")
    write_rows("data/train.arrow", [])
    monkeypatch.setattr(Stores, "check", lambda stores: None)  # the copies are made up
    Path("folds").mkdir()
    Path("data/folds.csv").rename("folds/folds.csv")
    pd.DataFrame({"target": TARGETS, "class_name": TARGETS, "images": 30}).to_csv("folds/classes.csv", index=False)
    return tmp_path


def call(**options):
    tune.main(
        **{
            "member": "",
            "trials": 12,
            "minutes": None,
            "storage": "",
            "resume": False,
            "seed": 0,
            "apply": False,
            **options,
        }
    )


def points(where="data/tune/tiny.journal"):
    storage = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(where))
    return [
        (trial.state.name, trial.params)
        for name in optuna.get_all_study_names(storage)
        for trial in optuna.load_study(study_name=name, storage=storage).trials
    ]


def test_it_finds_shows_compares_and_writes_only_when_asked(project, capsys, monkeypatch):
    monkeypatch.setattr(tune, "draw_study", draw_study)
    call()
    out = capsys.readouterr().out
    assert Path("params.yaml").read_text() == PARAMS
    assert "trial 0 state=complete score=0.3333 done=1/12" in out and "state=pruned" in out and "done=12/12" in out
    (study,) = (path for path in Path("data/tune").iterdir() if path.is_dir())
    assert {path.name for path in study.glob("*.p*")} == {"history.png", "importance.png", "parallel.png"}
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in study.glob("*.png"))
    trials = pd.read_csv(study / "trials.csv")
    assert len(trials) == 12 and {"number", "state", "value", "seconds", "learning_rate", "loss"} <= set(trials)
    result = json.loads((study / "result.json").read_text())
    assert result["verdict"] == "better" and result["gain"]["low"] > 0 and result["study"] == study.name
    assert result["score_in_study"] == pytest.approx(trials.value[trials.state == "COMPLETE"].max(), rel=1e-5)
    assert "members.tiny.learning_rate" in result["changes"] and ": better" in out
    call(resume=True, apply=True)
    out = capsys.readouterr().out
    assert "trial " not in out.replace("best trial", "") or "state=" not in out  # nothing was left to try
    found = load_settings().members["tiny"]
    assert {
        f"members.tiny.{key}": value
        for key, value in found.model_dump().items()
        if value != load_settings_of(PARAMS).members["tiny"].model_dump()[key]
    } == result["changes"]
    text = Path("params.yaml").read_text()
    assert text.startswith("# my notes\n") and f"    learning_rate: {found.learning_rate}   # too low\n" in text


def load_settings_of(text):
    Path("before.yaml").write_text(text)
    return load_settings("before.yaml")


def test_the_same_seed_gives_the_same_trials_and_another_does_not(project):
    call(trials=6)
    call(trials=6, storage="again.journal")
    call(trials=6, storage="other.journal", seed=1)
    first, again, other = points(), points("again.journal"), points("other.journal")
    assert (
        first == again
        and len(first) == 6
        and first[0] == other[0]
        and not [point for point in other[1:] if point in first]
    )


def test_settings_that_were_changed_are_another_study(project):
    call(trials=2)
    with pytest.raises(ValueError, match="is there already; --resume"):
        call(trials=2)
    Path("params.yaml").write_text(PARAMS.replace("0.001", "0.002"))
    call(trials=2)
    assert len(list(Path("data/tune").glob("tiny-*"))) == 2


def test_when_the_settings_as_they_are_do_best(project, capsys):
    Path("params.yaml").write_text(PARAMS.replace("0.001", "0.003"))
    call(trials=3, apply=True)
    assert "no trial did better" in capsys.readouterr().out and "0.003   # too low" in Path("params.yaml").read_text()


def test_the_worse_ones_are_not_written(project, capsys, monkeypatch):
    from competition.tuning.rescoring import Rescored

    worse = Rescored((0.9, 0.8, 1.0), (0.5, 0.4, 0.6), (-0.4, -0.5, -0.3))
    monkeypatch.setattr(tune, "rescore", lambda *arguments: worse)
    call(trials=12, apply=True)
    assert (
        "the best of the study are the worse ones" in capsys.readouterr().out
        and Path("params.yaml").read_text() == PARAMS
    )


def test_settings_that_were_edited_meanwhile_are_not_mixed_with_the_best(project, monkeypatch):
    """Changes are differences: half of a point would be written beside half of another."""
    edited, real = PARAMS.replace("epochs: 4", "epochs: 5"), tune.rescore

    def edit(*arguments):
        Path("params.yaml").write_text(edited)
        return real(*arguments)

    monkeypatch.setattr(tune, "rescore", edit)
    with pytest.raises(
        ValueError, match="params.yaml: members.tiny changed since the search began, so nothing was written"
    ):
        call(apply=True)
    assert Path("params.yaml").read_text() == edited and list(Path("data/tune").glob("tiny-*/result.json"))


def test_a_best_that_diverges_on_other_folds_is_not_written(project, capsys, monkeypatch):
    def diverging(member, data, targets, views, state_file, report, only):
        if member.seed != load_settings().members["tiny"].seed and member.learning_rate > 0.002:
            raise Diverged("the loss is nan")
        return stub(member, data, targets, views, state_file, report, only)

    monkeypatch.setattr(objective_module, "train_member", diverging)
    call(apply=True)
    said = "can't be held against those of params.yaml, which stays reason=best, fold 0 of other folds: the loss is nan"
    assert said in capsys.readouterr().out
    assert Path("params.yaml").read_text() == PARAMS


def test_no_time_and_no_finished_trial(project, capsys):
    call(minutes=0)
    assert "no trial is finished; --resume goes on" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"member": "nosuch"}, "--member 'nosuch': expected a member of kind finetuned, tiny, in params.yaml"),
        ({"member": "frozen"}, "--member 'frozen': expected a member of kind finetuned"),
        ({"storage": "sqlite:///x.db"}, "SQLite fails"),
        ({"storage": "folds/folds.csv"}, "not a journal of Optuna's"),
    ],
)
def test_mistakes(project, options, expected):
    with pytest.raises(ValueError, match=expected):
        call(**options)
    assert Path("folds/folds.csv").read_text().startswith("ID,target")


def test_a_mistake_is_one_line_and_no_traceback(project, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["tune", "--member", "nosuch"])
    with pytest.raises(SystemExit) as caught:
        run(tune.main)
    assert caught.value.code.startswith("error: --member 'nosuch'")
