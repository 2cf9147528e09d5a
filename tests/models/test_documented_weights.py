"""The example of docs/training.md: a network of timm's with weights of one's own."""

import re

import pytest
import timm
import torch
import yaml
from safetensors.torch import save_file

from competition.common.imports import ROOT
from competition.models.networks import create_network
from competition.settings.finetuned import FinetunedSettings

TEXT = (ROOT / "docs/training.md").read_text(encoding="utf-8")
BLOCK = re.search(r"weights of your own:\n\n```yaml\n(.*?)```", TEXT, re.DOTALL)[1]
TINY = {"network": "test_efficientnet", "size": 32}  # as large as a test can wait for


@pytest.mark.parametrize("ending", ["safetensors", "pth"])
def test_it_learns_from_these_weights(tmp_path, monkeypatch, ending):
    monkeypatch.chdir(tmp_path)
    (given,) = yaml.safe_load(BLOCK)["members"].values()
    settings = FinetunedSettings.model_validate(given)
    assert timm.is_model(settings.network)
    path = tmp_path / settings.weights.replace("safetensors", ending)
    path.parent.mkdir()
    torch.manual_seed(1)
    source = timm.create_model(TINY["network"], num_classes=5)
    for name, value in source.state_dict().items():
        if "running" in name:  # as after training: untouched ones are refused
            value.add_(0.1)
    state = source.state_dict()
    save_file(state, path) if ending == "safetensors" else torch.save(state, path)
    found, _ = create_network(settings.model_copy(update=TINY | {"weights": str(path)}), n_classes=3)
    classifier = tuple(f"classifier.{kind}" for kind in ("weight", "bias"))
    assert all(torch.equal(value, state[name]) for name, value in found.state_dict().items() if name not in classifier)
    assert found.state_dict()["classifier.weight"].shape[0] == 3
