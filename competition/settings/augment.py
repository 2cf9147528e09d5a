"""Section augment: how many damaged copies, of what size, damaged how."""

from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, Field

from competition.common.registry import Registry, registry_of
from competition.settings.policies import policy_names, shipped_policy
from competition.settings.section import ClassFactors, SettingsSection, Share


def _effects() -> Registry:
    return registry_of("competition.augmentation.effects")


class TransformSettings(SettingsSection):
    """Probability and strength of an effect."""

    probability: Share
    range: tuple[float, float] | None = Field(
        None,
        description="of the amount, drawn uniformly; its unit stands with the effect in "
        "competition/augmentation/effects. Left out: the policy's",
    )


Transforms = dict[str, TransformSettings]
Purpose = Literal["train", "test_like"]
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)


def _known(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        _effects().check(name)
    return names


def _check_transforms(transforms: Transforms) -> Transforms:
    _known(tuple(transforms))
    for name, transform in transforms.items():
        effect = _effects()[name]
        (low, high), (least, most) = transform.range or effect.limits, effect.limits
        if not least <= low <= high <= most:
            raise ValueError(
                f"{name}.range: [{low:g}, {high:g}], expected two rising numbers within {least:g} and {most:g}: "
                f"{effect.unit or 'it is done or not'}"
            )
    return transforms


def check_policy(name: str) -> str:
    """Return `name`, a policy's; raises ValueError that lists them."""
    if name not in policy_names():
        raise ValueError(f"no policy {name!r}; there are {', '.join(policy_names())}")
    return name


CheckedTransforms = Annotated[Transforms, AfterValidator(_check_transforms)]


class PolicySettings(SettingsSection):
    """A shipped policy, and what is changed in it."""

    policy: Annotated[str, AfterValidator(check_policy)] = Field(
        "document",
        description="document: every effect's default; none: no damage; others: see competition/settings/policies",
    )
    transforms: CheckedTransforms = Field({}, description="effects that replace the policy's of the same name")

    def merged(self) -> Transforms:
        """Return every effect that can be drawn, by name, in the registry's order."""
        shipped = shipped_policy(self.policy)
        changed = {
            name: {"probability": transform.probability} | ({"range": transform.range} if transform.range else {})
            for name, transform in self.transforms.items()
        }
        default = {name: {"probability": 0.0, "range": effect.range} for name, effect in _effects().items()}
        merged = {name: default[name] | shipped.get(name, {}) | changed.get(name, {}) for name in default}
        return {
            # all checked before
            name: TransformSettings.model_construct(probability=values["probability"], range=tuple(values["range"]))
            for name, values in merged.items()
            if values["probability"] > 0
        }


class TestLikeSettings(PolicySettings):
    """Damage of the test-like images that members are scored on: one per training image, the same for all members."""

    __test__ = False  # no test case, whatever its name

    held_out: Annotated[tuple[str, ...], AfterValidator(_known)] = Field(
        ("ink_mottling", "noise_texturize", "dirty_drum", "voronoi", "crease", "shadow_cast", "motion_blur"),
        description="effects of these images alone: training sees them only with augment.train_on_held_out",
    )


class AugmentSettings(PolicySettings):
    """Damaged copies: their number, size and policy."""

    size: int = Field(224, ge=16, description="pixels, height and width of every packed image")
    copies: int = Field(16, ge=1, description="damaged copies per training image")
    balance: Share = Field(
        0.0, description="extra copies for rare classes: 0 none, 1 as many in all as the largest class has"
    )
    class_copies: ClassFactors = Field({}, description="factor on the copies of a class, by target")
    fill: int = Field(255, ge=0, le=255, description="grey level of the padding")
    quality: int = Field(90, ge=1, le=100, description="JPEG quality of the packed copies")
    seed: int = Field(0, ge=0)
    bank_layers: int = Field(
        12,
        ge=1,
        description="layers computed per banked Augraphy effect for training copies, and a third as many of their own "
        "for test-like ones; each is drawn from in endless ways",
    )
    test_like: TestLikeSettings = TestLikeSettings()
    train_on_held_out: bool = Field(
        False,
        description="training copies get test_like.held_out too: true for what is submitted, false to see what damage "
        "costs that no network has met",
    )

    def layers_for(self, purpose: Purpose) -> int:
        """Return how many layers of a banked effect copies made for `purpose` draw from."""
        return self.bank_layers if purpose == "train" else max(1, round(self.bank_layers / 3))

    def transforms_for(self, purpose: Purpose) -> Transforms:
        """Return the effects that a copy made for `purpose` may get."""
        if purpose == "test_like":
            return self.test_like.merged()
        kept_out = () if self.train_on_held_out else self.test_like.held_out
        return {name: transform for name, transform in self.merged().items() if name not in kept_out}

    def dumped_transforms(self) -> dict[Purpose, dict[str, dict]]:
        """Return the effects that a copy may get, by purpose, for digests: they hold what a policy's file says."""
        return {
            purpose: {name: one.model_dump() for name, one in self.transforms_for(purpose).items()}
            for purpose in PURPOSES
        }

    def names(self) -> dict[Purpose, tuple[str, ...]]:
        """Return the effects' names that a copy may get, by purpose."""
        return {purpose: tuple(self.transforms_for(purpose)) for purpose in PURPOSES}
