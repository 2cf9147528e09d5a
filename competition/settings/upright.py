"""Section upright: whether pages are turned upright first, and how the networks that do so are trained."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from competition.settings.augment import AugmentSettings, check_policy
from competition.settings.section import SettingsSection

LARGER = 1.1  # than the straight page: the size that its photographs are drawn for, so that few pages are enlarged


def _word(value: object) -> object:
    """Return YAML's on and off, which it takes for true and false, as the words that were written."""
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else value


class UprightSettings(SettingsSection):
    """Pages warped back upright before anything else looks at them."""

    use: Annotated[Literal["auto", "on", "off"], BeforeValidator(_word)] = Field(
        "off",
        description="auto: where it raises the score of frozen features out of fold, weighted as the test images are",
    )
    network: str = Field("tf_efficientnet_lite0", description="a name of timm's, of both networks")
    weights: Literal["shipped", "hub", "none"] = Field(
        "shipped", description="shipped in a package, hub (timm's), or none (random)"
    )
    corners_size: int = Field(128, ge=32, description="pixels of the picture in which corners are looked for")
    orientation_size: int = Field(224, ge=32, description="pixels of the straight page that is turned upright")
    orientation_first_size: int | None = Field(
        128, ge=32, description="of the first epoch, if less, growing to the full; None: the full from the start"
    )
    policy: Annotated[str, AfterValidator(check_policy)] = Field(
        "document",
        description="damage of the pages that the networks learn from; as much as the test set may have, whatever "
        "augment.policy says",
    )
    pages: int = Field(3000, ge=2, description="training pages, at the most, that are learnt from, drawn at random")
    scored_pages: int = Field(
        3000, ge=2, description="of them, at the most, on which errors are measured, by networks that never saw them"
    )
    folds: int = Field(
        2,
        ge=2,
        description="of their own, drawn whatever the labels: a page is turned by networks that learnt from the "
        "others'",
    )
    copies: int = Field(6, ge=1, description="damaged copies of each training page that the networks learn from")
    corners_epochs: int = Field(10, ge=1, description="an epoch shows every training page as one of its copies")
    orientation_epochs: int = Field(16, ge=1)
    batch_size: int = Field(16, ge=2)
    learning_rate: float = Field(1.5e-3, gt=0, description="at its peak")
    frozen_stages: int = Field(2, ge=0, description="the stem and this many first stages keep their weights")
    least_probability: float = Field(
        0.05, ge=0, lt=1, description="of an orientation that is looked at; less likely ones are left out"
    )
    views: Literal[1, 2, 4, 8] = Field(
        4,
        description="orientations in which the straight page is looked at for its own, at most: more are more often "
        "right; shared out among the networks of several folds, so that more folds cost no more time",
    )
    sure: float = Field(
        0.9, ge=0, le=1, description="how likely an orientation is, after one view or more, that needs no further view"
    )
    seed: int = Field(0, ge=0)

    def photographed(self, augment: AugmentSettings) -> AugmentSettings:
        """Return the settings of the damaged pages that the networks learn from, and are scored on: larger than the
        straight page is looked at, since a page fills a part of its photograph, and its far side a smaller one.
        """
        size = max(augment.size, round(self.orientation_size * LARGER))
        return augment.model_copy(update={"policy": self.policy, "transforms": {}, "size": size})
