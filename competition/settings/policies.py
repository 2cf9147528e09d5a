"""Shipped augmentation policies: `document` is every effect's default; the others are files in policies/."""

from functools import cache
from pathlib import Path

import yaml

from competition.common.registry import registry_of

FOLDER = Path(__file__).parent / "policies"


@cache
def policy_names() -> tuple[str, ...]:
    """Return what `policy` may be."""
    return ("none", "document", *sorted(path.stem for path in FOLDER.glob("*.yaml")))


def shipped_policy(name: str) -> dict[str, dict]:
    """Return the shipped policy `name`: effect -> {"probability": ..., "range": (low, high)} of those it draws."""
    if name == "none":
        return {}
    if name == "document":
        effects = registry_of("competition.augmentation.effects").items()
        return {name: {"probability": effect.probability, "range": effect.range} for name, effect in effects}
    return _read(name)


@cache
def _read(name: str) -> dict[str, dict]:
    return yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
