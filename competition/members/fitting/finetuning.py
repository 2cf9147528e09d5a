"""Fine-tuning of a network on a fold, and the network that comes of it."""

from functools import cached_property

import numpy as np
import torch
from torch import nn

from competition.compute.device import check_precision
from competition.inference.predictor import Predictor
from competition.members.member import Fit, Fitted, PackedImages, Tensors, Tick
from competition.models.networks import Normalisation, create_network
from competition.settings.finetuned import FinetunedSettings
from competition.training.fit import fit as train
from competition.training.fold_data import FoldData


class FittedNetwork(Fitted):
    """A trained network; see Fitted. several: labels an image."""

    def __init__(
        self, network: nn.Module, normalise: Normalisation, settings: FinetunedSettings, *, several: bool = False
    ):
        self.network, self.normalise, self.settings = network, normalise, settings
        self.several = several

    @cached_property
    def _predictor(self) -> Predictor:
        size, precision = self.settings.size, self.settings.precision
        return Predictor.of(self.network, self.normalise, size, precision, self.several)

    def predict_proba(
        self,
        images: PackedImages,
        rows: np.ndarray,
        orientation_weights: np.ndarray | None,
        tick: Tick = lambda images: None,
    ) -> np.ndarray:
        return self._predictor(images, rows, orientation_weights, tick)

    def tensors(self) -> Tensors:
        return self.network.state_dict()


def fine_tune(settings: FinetunedSettings, data: FoldData, fit: Fit) -> FittedNetwork:
    """Return the network trained on `data`.

    Where several processes train together, all call this with the same arguments and return the same.
    """
    check_precision(settings.precision)
    network, normalise = create_network(settings, len(fit.targets), settings.seed)
    if fit.start is not None:
        _load_what_fits(network, fit.start)
    progress = train(network, normalise, data, settings, fit.state_file, fit.report, fit.targets)
    fitted = FittedNetwork(network, normalise, settings, several=data.several)
    fitted.history, fitted.best_epoch = progress.history, progress.best_epoch
    return fitted


def _load_what_fits(network: nn.Module, start: dict[str, torch.Tensor]) -> None:
    """Load `start`, but for a classifier of another size or with another head."""
    own = network.state_dict()
    fits = {key: value for key, value in start.items() if key in own and own[key].shape == value.shape}
    network.load_state_dict(own | fits)
