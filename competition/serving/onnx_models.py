"""ONNX models of a member's networks, each whole and in eight bits."""

import json
from dataclasses import dataclass

import numpy as np
from torch import nn

from competition.inference.loader import stack
from competition.members.named import member_named
from competition.models.networks import Normalisation
from competition.serving import int8
from competition.serving.onnx import package, to_onnx, with_preprocessing, with_probabilities
from competition.settings.params import Settings
from competition.training.fold_data import FoldData

CALIBRATED = 200  # images at the most, that set the ranges of eight bits
MODEL, INT8 = "model.onnx", "model_int8.onnx"


@dataclass(frozen=True, eq=False)
class Exporter:
    """Exporter of the networks of the member `name`.

    facts: written into each model; temperature: what logits are divided by, so that probabilities are calibrated.
    """

    name: str
    settings: Settings
    facts: dict
    temperature: float = 1.0

    @property
    def size(self) -> int:
        return self.settings.described(self.name).size

    def network(self, which: int | str) -> tuple[nn.Module, Normalisation]:
        """Return the trained network `which`, a fold's or that of all images, to be asked."""
        classes = len(self.facts["classes"])
        network, normalise = member_named(self.name, self.settings).trained_network(which, classes, plain=True)
        return network.eval().requires_grad_(False), normalise

    def plain(self, network: nn.Module):
        """Return `network` as an onnx.ModelProto, without what stands before and behind it."""
        return to_onnx(network, self.size)

    def whole(self, plain, normalise: Normalisation) -> bytes:
        """Return the ONNX network `plain` with its letterbox before it and its probabilities behind."""
        framed = with_preprocessing(plain, self.size, self.settings.augment.fill, normalise)
        made = with_probabilities(framed, self.settings.task.several, self.temperature)
        properties = {key: json.dumps(value, ensure_ascii=False) for key, value in self.facts.items()}
        package("onnx").helper.set_model_props(made, properties)
        return made.SerializeToString()

    def both(self, plain, normalise: Normalisation, data: FoldData) -> dict[str, bytes]:
        """Return MODEL and INT8 -> the model; ranges of eight bits are those of the training images of `data`."""
        inputs = normalise(stack(data.store, calibration_rows(data), self.size)).contiguous().numpy()
        return {MODEL: self.whole(plain, normalise), INT8: self.whole(int8.quantised(plain, inputs), normalise)}


def calibration_rows(data: FoldData) -> np.ndarray:
    """Return the rows of CALIBRATED training images' copies at the most, spread evenly over all of the images: what the
    network learnt from, and nothing that it is scored on.
    """
    number = len(data.train_rows)
    spread = np.linspace(0, number - 1, min(number, CALIBRATED)).round().astype(int)
    chosen = [data.train_rows[image] for image in spread]
    return np.array([rows[turn % len(rows)] for turn, rows in enumerate(chosen)])
