"""A loss, a schedule and an optimizer of the user's own, each a file named in params.yaml."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from makers.metrics import F1
from makers.packed import TARGETS, packed_competition
from makers.training import SETTINGS, trained

from competition.common.registry import load_plugin
from competition.settings.finetuned import FinetunedSettings
from competition.training.criterion import make_criterion
from competition.training.fold_data import load_fold
from competition.training.losses import LOSSES
from competition.training.optimizers import OPTIMIZERS
from competition.training.schedules import SCHEDULES

pytestmark = pytest.mark.slow

FOLDER = Path(__file__).parents[1] / "plugins"
KINDS = {"loss": LOSSES, "schedule": SCHEDULES, "optimizer": OPTIMIZERS}
OWN = {kind: f"dummy_{kind}" for kind in KINDS}


@pytest.fixture
def plugins(monkeypatch):
    for kind, registry in KINDS.items():
        monkeypatch.setattr(registry, "_things", dict(registry._things))
        monkeypatch.delitem(sys.modules, f"plugin.{OWN[kind]}", raising=False)
        load_plugin(FOLDER / f"{OWN[kind]}.py")
    yield
    for name in OWN.values():
        del sys.modules[f"plugin.{name}"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_name_that_no_module_and_no_plugin_has_is_refused_with_those_there_are(kind):
    names = ", ".join(KINDS[kind].names())
    with pytest.raises(ValueError, match=f"no {kind} 'dummy_{kind}'; there are {names}"):
        FinetunedSettings(**{kind: OWN[kind]})


def test_a_network_is_trained_with_all_three(plugins, tmp_path):
    packed_competition(tmp_path).to_csv(tmp_path / "folds.csv", index=False)
    folds = pd.read_csv(tmp_path / "folds.csv", dtype={"ID": str, "target": str})
    data = load_fold(0, folds, TARGETS, tmp_path / "augmented.arrow", tmp_path / "test.arrow", F1)
    settings = FinetunedSettings(**SETTINGS.model_dump() | OWN)
    history = trained(data, settings, tmp_path / "state.pt").history
    assert [row["learning_rate"] for row in history] == pytest.approx([3e-3, 2e-3, 1e-3])
    assert all(0 < row["loss"] < 2 for row in history)


def test_a_loss_per_image_is_weighted_smoothed_and_averaged_by_the_criterion(plugins):
    settings = FinetunedSettings(loss="dummy_loss", class_weights={"7": 3.0}, label_smoothing=0.3)
    criterion = make_criterion(settings, np.array([5, 5, 5]), ["5", "6", "7"])
    logits, labels = torch.randn(4, 3, generator=torch.Generator().manual_seed(0)), [0, 2, 1, 2]
    smoothed = np.eye(3)[labels] * 0.7 + 0.1
    weights = (smoothed * [1, 1, 3]).sum(axis=1)
    values = ((logits.softmax(dim=1).numpy() - smoothed) ** 2).sum(axis=1)
    expected = (weights * values).sum() / (1 + 3 + 1 + 3)
    assert criterion(logits, torch.eye(3)[labels]).item() == pytest.approx(expected, rel=1e-5)
