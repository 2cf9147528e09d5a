"""A project after the stage `vote`, and the stage `ensemble` run in it; what is fitted once isn't fitted again."""

import contextlib
import hashlib
import json
import pickle
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from makers.shared import made_once, shared_folder
from makers.votes import PARAMS, answers, write_project

from competition.common.files import replace_file
from competition.ensembling import final_json
from competition.ensembling.ensembles import ensemble_candidates
from competition.ensembling.rules import RULES
from pipelines import ensemble, vote

MEMBERS = ("features", "grey", "lite0")
SINGLES = ["lite0", "features", "grey", "lite0_specialist"]
ON_LABELS = {*RULES.names()} - {"rank_average"}  # ranks are no labels


def _vote(folder: Path) -> None:
    with contextlib.chdir(folder):
        write_project()
        vote.main()


@pytest.fixture
def fresh(tmp_path_factory, tmp_path, monkeypatch):
    """A project after the stage `vote`, the current folder."""
    shutil.copytree(made_once(tmp_path_factory, "voted", _vote), tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def project(fresh, tmp_path_factory, monkeypatch):
    """As `fresh`, but what an earlier test had fitted to the same predictions, in this process or another, isn't fitted
    again: the slow parts.
    """
    known = shared_folder(tmp_path_factory) / "known_ensembles"
    known.mkdir(exist_ok=True)

    def without_choice(inputs):  # which of them is final is chosen only when all are there
        return replace(inputs, settings=inputs.settings.model_copy(update={"choose": "auto"})), RULES.names()

    monkeypatch.setattr(ensemble, "ensemble_candidates", remembered(known, ensemble_candidates, without_choice))
    monkeypatch.setattr(final_json, "expected_score", remembered(known, final_json.expected_score))
    return fresh


def remembered(folder: Path, function: Callable, key: Callable = lambda *arguments: arguments) -> Callable:
    """Return `function` with its results kept in files of `folder`, by what `key` makes of the arguments."""

    def call(*arguments):
        given = pickle.dumps((function.__name__, key(*arguments)))
        path = folder / hashlib.sha256(given).hexdigest()
        if not path.is_file():
            with replace_file(path) as temporary:
                temporary.write_bytes(pickle.dumps(function(*arguments)))
        return pickle.loads(path.read_bytes())

    return call


def cast(choose="auto", **ensemble_keys):
    """Ensemble with these settings of `ensemble`, of which none changes what `vote` does; returns (final.csv's answers,
    final.json).
    """
    keys = {"top": 3, "resamples": 100, "choose": choose} | ensemble_keys
    Path("params.yaml").write_text(
        PARAMS.replace("ensemble: {top: 3, resamples: 100}", f"ensemble: {json.dumps(keys)}")
    )
    ensemble.main()
    return answers("submissions/final.csv"), json.loads(Path("submissions/final.json").read_text())
