"""Knobs of a policy, one or two per family of effects, and the policy that a setting of them makes."""

from collections.abc import Mapping

from competition.augmentation.effect_registry import FAMILIES, Effect
from competition.augmentation.effects import EFFECTS
from competition.settings.augment import AugmentSettings, TestLikeSettings, Transforms, TransformSettings
from competition.settings.edit import block

WITHOUT_STRENGTH = ("turn", "background")  # a page turned by less is another question than a page turned less often
# the factors that may be tried; 1 leaves the policy as it is
KNOBS: dict[str, tuple[float, float]] = {
    f"{family}.{what}": limits
    for family in FAMILIES
    for what, limits in (("probability", (0.1, 6.0)), ("strength", (0.4, 1.7)))
    if what == "probability" or family not in WITHOUT_STRENGTH
}


def scaled(settings: AugmentSettings, factors: Mapping[str, float]) -> Transforms:
    """Return the policy of `settings`, held-out effects included, its families scaled by `factors`, by effect.

    `factors`: positive numbers by the names of KNOBS; what is left out is 1. A probability p becomes min(1, factor *
    p); both ends of a range move away from the neutral amount, or towards it, by the factor, but stay within the
    effect's limits. Raises ValueError for an unknown name and for a factor that isn't positive.
    """
    wrong = [f"{name}: {factor:g}" for name, factor in factors.items() if name not in KNOBS or not factor > 0]
    if wrong:
        raise ValueError(f"factors: {', '.join(wrong)}; expected positive numbers for names out of {', '.join(KNOBS)}")
    result = {}
    for name, transform in settings.merged().items():
        effect = EFFECTS[name]
        probability = min(1.0, transform.probability * factors.get(f"{effect.family}.probability", 1.0))
        ends = _scaled_range(effect, transform.range, factors.get(f"{effect.family}.strength", 1.0))
        result[name] = TransformSettings(probability=probability, range=ends)
    return result


def _scaled_range(effect: Effect, ends: tuple[float, float], factor: float) -> tuple[float, float]:
    if factor == 1 or effect.switch:
        return ends
    low, high = (
        min(max(effect.neutral + factor * (end - effect.neutral), effect.limits[0]), effect.limits[1]) for end in ends
    )
    return low, high


def with_test_like(settings: AugmentSettings, transforms: Transforms) -> AugmentSettings:
    """Return `settings` whose test-like images are damaged by exactly `transforms`."""
    return settings.model_copy(update={"test_like": TestLikeSettings(policy="none", transforms=transforms)})


def as_mapping(transforms: Transforms) -> dict[str, dict]:
    """Return `transforms` as params.yaml has them, numbers to 4 digits, for every effect.

    An effect that isn't drawn has a probability of 0, so that the mapping means the same on top of any shipped policy.
    """
    result = {}
    for name, effect in EFFECTS.items():
        transform = transforms.get(name)
        result[name] = {"probability": _rounded(transform.probability) if transform else 0.0}
        if transform and not effect.switch:
            result[name]["range"] = [_rounded(end) for end in transform.range]
    return result


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")


def policy_text(policy: str, transforms: dict[str, dict], comment: str) -> str:
    """Return a file that PolicySettings reads: `comment`, the shipped policy's name, and a line per effect."""
    header = "".join(f"# {line}".rstrip() + "\n" for line in comment.splitlines())
    return f"{header}policy: {policy}\n" + block(["transforms"], transforms)
