"""A frozen network's features with a linear classifier or a slim MLP."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from competition.members.classifier import ClassifierMember
from competition.members.kinds import KINDS
from competition.settings.member import NetworkSettings

if TYPE_CHECKING:
    from torch import nn

    from competition.members.fitting.feature_tables import FeatureExtractor
    from competition.models.networks import Normalisation


class FeaturesSettings(NetworkSettings):
    """A frozen network's features, pooled after several stages, with L2 logistic regression."""

    network_use = "frozen"
    shares_features = True

    kind: Literal["features"] = "features"
    weights: Literal["shipped", "hub", "none"] = "shipped"
    size: int = Field(160, ge=16, description="pixels, height and width")
    copies: int = Field(
        2, ge=1, description="copies per training image that the regression is fitted on, beside the clean one"
    )
    classifier: Literal["logistic", "mlp"] = Field(
        "logistic", description="L2 logistic regression, or a slim residual MLP"
    )
    c_range: tuple[float, ...] = Field(
        (0.001, 0.01, 0.1), description="inverse penalties tried; chosen by test-like score"
    )
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    seed: int = Field(0, ge=0, description="of the MLP")

    @property
    def copies_used(self) -> int:
        return self.copies


@KINDS.register
class Features(ClassifierMember):
    """Member with a network that stays frozen."""

    Settings = FeaturesSettings

    @property
    def classifier(self) -> str:
        return self.settings.classifier

    def extractor(self) -> "FeatureExtractor":
        from competition.inference.features import network_features
        from competition.members.fitting.feature_tables import FeatureExtractor

        key = self.settings.model_dump(include={"kind", "network", "weights", "size", "precision"})
        extract = network_features(*self.feature_network(), self.settings.precision, self.settings.size)
        return FeatureExtractor(extract, self.settings.size, key, self.packages())

    def packages(self) -> tuple[str, ...]:
        from competition.models.networks import packages_of

        return packages_of(self.settings)

    def feature_network(self, fold: int = 0, n_classes: int = 1) -> "tuple[nn.Module, Normalisation]":
        from competition.models.networks import create_network

        return create_network(self.settings, n_classes)
