"""A network, fine-tuned on the packed copies."""

from pathlib import Path
from typing import TYPE_CHECKING

from competition.members.kinds import KINDS
from competition.members.member import Fit, Fitted, Member
from competition.settings.finetuned import FinetunedSettings

if TYPE_CHECKING:
    from torch import nn

    from competition.models.networks import Normalisation
    from competition.training.fold_data import FoldData


@KINDS.register
class Finetuned(Member):
    """Member with a network of timm's that training changes."""

    Settings = FinetunedSettings
    code = "competition.members.fitting.finetuning"
    together = True

    def fit(self, fold: "FoldData", fit: Fit) -> Fitted:
        from competition.members.fitting.finetuning import fine_tune

        return fine_tune(self.settings, fold, fit)

    def load(self, fold: int | str, targets: tuple[str, ...], several: bool = False) -> Fitted:
        from competition.members.fitting.finetuning import FittedNetwork

        network, normalise = self.trained_network(fold, len(targets))
        return FittedNetwork(network, normalise, self.settings, several=several)

    def packages(self) -> tuple[str, ...]:
        from competition.models.networks import packages_of

        return packages_of(self.settings)

    def weights_files(self) -> list[Path]:
        from competition.models.weights import weights_file

        return weights_file(self.settings)

    def trained_network(
        self, fold: int | str, n_classes: int, plain: bool = False
    ) -> "tuple[nn.Module, Normalisation]":
        from competition.models.networks import network_to_load
        from competition.models.trained import load_trained

        network, normalise = network_to_load(self.settings, n_classes, plain)
        return load_trained(network, self.name, fold), normalise

    def feature_network(self, fold: int | str, n_classes: int) -> "tuple[nn.Module, Normalisation]":
        return self.trained_network(fold, n_classes)
