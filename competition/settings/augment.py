"""Section augment: how many damaged copies, of what size, damaged how."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator

from competition.settings.catalogue import CATALOGUE, shipped_policy
from competition.settings.section import ClassFactors, Section, Share


class TransformSettings(Section):
    """How often a transform is drawn, and how strong it then is."""

    probability: Share
    range: tuple[float, float] | None = Field(
        None,
        description="of the amount, drawn uniformly; its unit is in competition/settings/catalogue.py. Left out: the "
        "policy's",
    )


Transforms = dict[str, TransformSettings]


def _check_transforms(transforms: Transforms) -> Transforms:
    unknown = sorted(set(transforms) - set(CATALOGUE))
    if unknown:
        raise ValueError(f"no such transform: {unknown}; there are {sorted(CATALOGUE)}")
    for name, transform in transforms.items():
        if transform.range is None:
            continue
        (low, high), (least, most) = transform.range, CATALOGUE[name].limits
        if not least <= low <= high <= most:
            raise ValueError(
                f"{name}.range: [{low:g}, {high:g}], expected two rising numbers within {least:g} and {most:g}: "
                f"{CATALOGUE[name].amount}"
            )
    return transforms


CheckedTransforms = Annotated[Transforms, AfterValidator(_check_transforms)]


class PolicySettings(Section):
    """A shipped policy, and what is changed in it."""

    policy: Literal["light", "document", "heavy", "none"] = Field(
        "document", description="see competition/settings/policies; none: no damage"
    )
    transforms: CheckedTransforms = Field({}, description="transforms that replace the policy's of the same name")

    def merged(self) -> Transforms:
        """Return every transform that can be drawn, by name, in the catalogue's order."""
        shipped = {} if self.policy == "none" else shipped_policy(self.policy)
        ranges = {
            name: values.get("range", (1.0, 1.0)) for name, values in {**shipped_policy("document"), **shipped}.items()
        }
        probabilities = {name: values["probability"] for name, values in shipped.items()}
        for name, transform in self.transforms.items():
            probabilities[name] = transform.probability
            ranges[name] = transform.range or ranges[name]
        return {
            # all checked before
            name: TransformSettings.model_construct(probability=probabilities[name], range=tuple(ranges[name]))
            for name in CATALOGUE
            if probabilities.get(name, 0) > 0
        }


class ViewSettings(PolicySettings):
    """The damage of the views that members are scored on: one per training image, the same for all members."""

    held_out: tuple[str, ...] = Field(
        ("ink_mottling", "noise_texturize", "dirty_drum", "voronoi", "crease", "shadow_cast", "motion_blur"),
        description="transforms of these views alone: training never sees them",
    )

    @field_validator("held_out")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        unknown = sorted(set(names) - set(CATALOGUE))
        if unknown:
            raise ValueError(f"no such transform: {unknown}; there are {sorted(CATALOGUE)}")
        return names


class AugmentSettings(PolicySettings):
    """How many damaged copies are made, of what size, and how they are damaged."""

    size: int = Field(224, ge=16, description="pixels, height and width of every packed square")
    copies: int = Field(16, ge=1, description="damaged copies per training image")
    balance: Share = Field(
        0.0, description="extra copies for rare classes: 0 none, 1 as many in all as the largest class has"
    )
    class_copies: ClassFactors = Field({}, description="factor on the copies of a class, by target")
    fill: int = Field(255, ge=0, le=255, description="grey level of the padding")
    quality: int = Field(90, ge=1, le=100, description="JPEG quality of the packed copies")
    seed: int = Field(0, ge=0)
    bank_layers: int = Field(
        12, ge=1, description="layers computed per banked Augraphy effect; each is drawn from in endless ways"
    )
    test_like: ViewSettings = ViewSettings()

    def transforms_for(self, purpose: Literal["train", "test_like"]) -> Transforms:
        """Return the transforms that a copy made for `purpose` may get; training never gets a held-out one."""
        if purpose == "test_like":
            return self.test_like.merged()
        return {name: transform for name, transform in self.merged().items() if name not in self.test_like.held_out}
