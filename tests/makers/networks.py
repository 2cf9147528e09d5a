"""Small trained networks on a packed competition."""

from pathlib import Path

import numpy as np
import pytest
import torch
from makers.packed import packed_competition
from safetensors.torch import save_file

from competition.data.image_store import ImageStore
from competition.models.networks import network_to_load
from competition.settings.finetuned import FinetunedSettings
from competition.settings.params import Settings


def made(name, size=64, seed=0):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return network_to_load(FinetunedSettings(network=name, weights="none", size=size), 3)


def save_weights(network, fold):
    """Write the weights of member `net`'s network of a fold."""
    Path("folds/weights/net").mkdir(parents=True, exist_ok=True)
    save_file(
        {name: tensor.contiguous() for name, tensor in network.state_dict().items()},
        f"folds/weights/net/{fold}.safetensors",
    )


def noise(count=2, size=64):
    return torch.from_numpy(np.random.default_rng(0).integers(0, 256, (count, size, size, 3)).astype(np.uint8))


@pytest.fixture
def trained(tmp_path, monkeypatch):
    """Return (settings, store) of a project with three folds of different weights."""
    monkeypatch.chdir(tmp_path)
    packed_competition(tmp_path)
    member = FinetunedSettings(network="test_resnet", weights="none", size=64, precision="float32")
    settings = Settings(
        members={"net": member, "grey": {"kind": "grey"}},
        train={"members": ["net", "grey"]},
        split={"folds": [0, 1, 2]},
        specialize={"base": ["net"], "network": member},
    )
    for fold in (0, 1, 2):
        save_weights(made("test_resnet", seed=fold)[0], fold)
    return settings, ImageStore("augmented.arrow")
