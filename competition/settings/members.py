"""Sections train and members: which members are trained, and what each is."""

from typing import Annotated, Literal

from pydantic import Field

from competition.settings.finetuned import FinetunedSettings
from competition.settings.section import Name, Section


class FeaturesSettings(Section):
    """A frozen network's features, pooled after several stages, with L2 logistic regression."""

    kind: Literal["features"] = "features"
    network: str = "tf_efficientnet_lite0"
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


class GreySettings(Section):
    """Tiny grey pixels with L2 logistic regression: if it does well, the data gives itself away."""

    kind: Literal["grey"] = "grey"
    size: int = Field(20, ge=2, description="pixels, height and width")
    copies: int = Field(2, ge=1, description="copies per training image, beside the clean one")
    c_range: tuple[float, ...] = Field(
        (0.01, 0.1, 1.0), description="inverse penalties tried; chosen by test-like score"
    )


Member = Annotated[FinetunedSettings | FeaturesSettings | GreySettings, Field(discriminator="kind")]


class TrainSettings(Section):
    """Which members are trained."""

    members: tuple[Name, ...] = Field(("lite0", "features", "grey"), min_length=1, description="names out of `members`")
