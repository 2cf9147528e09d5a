"""A policy's knobs, one or two per family of transforms, and the policy that a setting of them makes."""

from collections.abc import Mapping

from competition.settings.augment import AugmentSettings, Transforms, TransformSettings, ViewSettings
from competition.settings.catalogue import CATALOGUE, Entry
from competition.settings.edit import block


def _of_phase(phase: str) -> tuple[str, ...]:
    return tuple(name for name, entry in CATALOGUE.items() if entry.phase == phase)


FAMILIES: dict[str, tuple[str, ...]] = {
    "turn": ("rotate",),
    "camera": ("perspective", "stretch", "shift_scale", "crop", "optical_distortion", "grid_distortion"),
    "background": ("background",),
    "ink": _of_phase("ink"),
    "paper": _of_phase("paper"),
    "light": _of_phase("light"),
    "cover": _of_phase("cover"),
    "noise": ("gauss_noise", "iso_noise", "salt_and_pepper", "multiplicative_noise"),
    "blur": ("gaussian_blur", "motion_blur", "downscale", "jpeg"),
    "colour": ("brightness", "contrast", "gamma", "colour_shift", "colour_jitter", "to_grey"),
}
WITHOUT_STRENGTH = ("turn", "background")  # a page turned by less is another question than a page turned less often
# the factors that may be tried; 1 leaves the policy as it is
KNOBS: dict[str, tuple[float, float]] = {
    f"{family}.{what}": limits
    for family in FAMILIES
    for what, limits in (("probability", (0.1, 6.0)), ("strength", (0.4, 1.7)))
    if what == "probability" or family not in WITHOUT_STRENGTH
}


def scaled(settings: AugmentSettings, factors: Mapping[str, float]) -> Transforms:
    """Return the policy of `settings`, held-out transforms included, its families scaled by `factors`, by transform.

    `factors`: positive numbers by the names of KNOBS; what is left out is 1. A probability p becomes min(1, factor *
    p); both ends of a range move away from the neutral amount, or towards it, by the factor, but stay within the
    catalogue's limits. Raises ValueError for an unknown name and for a factor that isn't positive.
    """
    wrong = [f"{name}: {factor:g}" for name, factor in factors.items() if name not in KNOBS or not factor > 0]
    if wrong:
        raise ValueError(f"factors: {', '.join(wrong)}; expected positive numbers for names out of {', '.join(KNOBS)}")
    family_of = {name: family for family, names in FAMILIES.items() for name in names}
    result = {}
    for name, transform in settings.merged().items():
        family = family_of.get(name)
        probability = min(1.0, transform.probability * factors.get(f"{family}.probability", 1.0))
        ends = _scaled_range(CATALOGUE[name], transform.range, factors.get(f"{family}.strength", 1.0))
        result[name] = TransformSettings(probability=probability, range=ends)
    return result


def _scaled_range(entry: Entry, ends: tuple[float, float], factor: float) -> tuple[float, float]:
    if factor == 1 or is_switch(entry):
        return ends
    low, high = (
        min(max(entry.neutral + factor * (end - entry.neutral), entry.limits[0]), entry.limits[1]) for end in ends
    )
    return low, high


def is_switch(entry: Entry) -> bool:
    """Return whether the transform has no amount: it is done or not."""
    return entry.amount.startswith("none")


def describing_test(settings: AugmentSettings, transforms: Transforms) -> AugmentSettings:
    """Return `settings` whose test-like views are damaged by exactly `transforms`."""
    return settings.model_copy(update={"test_like": ViewSettings(policy="none", transforms=transforms)})


def as_mapping(transforms: Transforms) -> dict[str, dict]:
    """Return `transforms` as params.yaml has them, numbers to 4 digits, for every name of the catalogue.

    A transform that isn't drawn has a probability of 0, so that the mapping means the same on top of any shipped
    policy.
    """
    result = {}
    for name, entry in CATALOGUE.items():
        transform = transforms.get(name)
        result[name] = {"probability": _rounded(transform.probability) if transform else 0.0}
        if transform and not is_switch(entry):
            result[name]["range"] = [_rounded(end) for end in transform.range]
    return result


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")


def policy_text(policy: str, transforms: dict[str, dict], comment: str) -> str:
    """Return a file that PolicySettings reads: `comment`, the shipped policy's name, and a line per transform."""
    header = "".join(f"# {line}".rstrip() + "\n" for line in comment.splitlines())
    return f"{header}policy: {policy}\n" + block(["transforms"], transforms)
