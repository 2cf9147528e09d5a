"""A member's training on a tiny fold, and what two of them have in common."""

import torch
from makers.packed import TARGETS

from competition.models.networks import create_network
from competition.settings.finetuned import FinetunedSettings
from competition.training.fit import fit

SETTINGS = FinetunedSettings(
    network="test_efficientnet",
    weights="none",
    size=32,
    epochs=3,
    batch_size=6,
    learning_rate=3e-3,
    precision="float32",
    patience=9,
)


def trained(data, settings, state_file, report=lambda row: None):
    network, normalise = create_network(settings, len(TARGETS), settings.seed)
    return fit(network, normalise, data, settings, state_file, report, TARGETS)


def scores_of(progress):
    return [{key: value for key, value in row.items() if key not in SECONDS} for row in progress.history]


def same(one, other):
    return all(torch.equal(value, other[key]) for key, value in one.items())


SECONDS = ("seconds", "images_per_s")
