"""Search space: a range for each setting, around the member's own value, and the settings that a point stands for.

Every range holds the member's own value, so that the settings as they are can be a trial like any other. Sizes go no
further than what `augment` has packed: all trials are scored on the very same test-like images.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import Trial

from competition.augmentation.fitting.families import KNOBS, as_mapping, scaled
from competition.models.networks import create_network
from competition.settings.augment import AugmentSettings
from competition.settings.finetuned import FinetunedSettings
from competition.settings.params import Settings
from competition.settings.task import TaskSettings
from competition.training.criterion import AUTO
from competition.training.losses import LOSSES
from competition.training.optimizers import OPTIMIZERS

Space = dict[str, BaseDistribution]
Point = Mapping[str, float | int | str]
COPIES, STRENGTH = "augment.copies", "augment.strength"
SIZE_STEP = 32  # pixels: what most networks shrink a picture by


@dataclass(frozen=True)
class TrialSettings:
    """Settings of a trial: the member's, and those of the copies it is trained on."""

    member: FinetunedSettings
    augment: AugmentSettings


def space_of(settings: Settings, name: str) -> Space:
    """Return the range of each setting that is searched for the member `name`; see docs/tuning.md.

    What the network doesn't take, and what would change nothing, is left out.
    """
    member, augment = settings.members[name], settings.augment
    decay = 0.1 if OPTIMIZERS[member.optimizer].decoupled_weight_decay else 0.001
    space: Space = {
        "learning_rate": FloatDistribution(
            member.learning_rate / 5, member.learning_rate * 5, log=True
        ),  # at the member's own batch size
        "weight_decay": FloatDistribution(0.0, max(decay, 2 * member.weight_decay)),
        "label_smoothing": FloatDistribution(0.0, max(0.2, member.label_smoothing)),
        "loss": CategoricalDistribution(_losses(member, settings.task)),
        "mixup": FloatDistribution(0.0, max(0.4, member.mixup)),
        "drop_rate": FloatDistribution(0.0, max(0.5, member.drop_rate)),
        "drop_path_rate": FloatDistribution(0.0, max(0.3, member.drop_path_rate)),
        "batch_size": _by_halves(member.batch_size, 2),
        "size": _sizes(member, augment.size),
    }
    if not member.drop_path_rate and not _takes(member, drop_path_rate=0.1):
        del space["drop_path_rate"]
    if member.augmented and augment.transforms_for("train"):
        least = max(other.copies_used for other in settings.members.values())
        # an epoch shows one of an image's copies, or the clean one: of more copies some are never seen
        shown = member.epochs - 1
        space |= {COPIES: _by_halves(augment.copies, least, shown), STRENGTH: FloatDistribution(0.5, 1.5, step=0.25)}
    return space


def own_point(settings: Settings, name: str, space: Space) -> dict[str, float | int | str]:
    """Return the point of `space` that leaves the settings as they are."""
    others = {COPIES: settings.augment.copies, STRENGTH: 1.0}
    return {key: others[key] if key in others else getattr(settings.members[name], key) for key in space}


def suggested(trial: Trial, space: Space) -> dict[str, float | int | str]:
    """Return the point of `space` that `trial` is about."""
    return {name: _suggest(trial, name, distribution) for name, distribution in space.items()}


def trial_settings(settings: Settings, name: str, point: Point) -> TrialSettings:
    """Return the settings that `point` stands for, numbers to 3 digits, so that what is tried can be written down.

    The learning rate grows with the square root of the batch, which keeps the size of the steps' noise (Krizhevsky
    2014, https://arxiv.org/abs/1404.5997, and for Adam's kind Malladi et al. 2022, https://arxiv.org/abs/2205.10287).
    """
    own = settings.members[name]
    values = {key: value for key, value in point.items() if key in FinetunedSettings.model_fields}
    larger = values.get("batch_size", own.batch_size) / own.batch_size
    values["learning_rate"] = values.get("learning_rate", own.learning_rate) * sqrt(larger)
    changes = {key: _rounded(value) for key, value in values.items() if value != getattr(own, key)}
    if own.first_size:
        changes["first_size"] = min(own.first_size, changes.get("size", own.size))
    augment = settings.augment.model_dump() | {"copies": point.get(COPIES, settings.augment.copies)}
    strength = point.get(STRENGTH, 1.0)
    if strength != 1:
        augment["transforms"] = as_mapping(scaled(settings.augment, dict.fromkeys(KNOBS, strength)))
    return TrialSettings(FinetunedSettings(**own.model_dump() | changes), AugmentSettings(**augment))


def changes_of(found: TrialSettings, settings: Settings, name: str) -> dict[tuple[str, ...], object]:
    """Return what differs between `found` and `settings`: the values of params.yaml, by their keys there."""
    own = settings.members[name]
    changes: dict[tuple[str, ...], object] = {
        ("members", name, key): value for key, value in found.member.model_dump().items() if value != getattr(own, key)
    }
    if found.augment.copies != settings.augment.copies:
        changes["augment", "copies"] = found.augment.copies
    if found.augment.transforms != settings.augment.transforms:
        changes["augment", "transforms"] = as_mapping(found.augment.merged())
    return changes


def _suggest(trial: Trial, name: str, distribution: BaseDistribution) -> float | int | str:
    if isinstance(distribution, CategoricalDistribution):
        return trial.suggest_categorical(name, distribution.choices)
    suggest = trial.suggest_int if isinstance(distribution, IntDistribution) else trial.suggest_float
    return suggest(name, distribution.low, distribution.high, step=distribution.step, log=distribution.log)


def _losses(member: FinetunedSettings, task: TaskSettings) -> list[str]:
    """Return the losses for the task's labels; the member's own `auto` stands in the place of what it means."""
    fit = [name for name, loss in LOSSES.items() if task.labels in loss.kinds]
    return ["auto" if member.loss == "auto" and name == AUTO[task.several] else name for name in fit]


def _by_halves(own: int, least: int, most: float = float("inf")) -> IntDistribution:
    """Return the range from half of `own` to its double, in steps of half of it, within `least` and `most`."""
    step = max(1, own // 2)
    steps_up = sum(own + number * step <= most for number in (1, 2))
    return IntDistribution(own if own - step < least else own - step, own + steps_up * step, step=step)


def _sizes(member: FinetunedSettings, packed: int) -> IntDistribution:
    """Return the range of sizes from 0.6 to 1.5 times the member's that the network takes, `packed` at the most."""
    low = high = member.size
    while low - SIZE_STEP >= max(SIZE_STEP, 0.6 * member.size) and _takes(
        member, size=low - SIZE_STEP, first_size=None
    ):
        low -= SIZE_STEP
    while high + SIZE_STEP <= min(packed, 1.5 * member.size) and _takes(member, size=high + SIZE_STEP, first_size=None):
        high += SIZE_STEP
    return IntDistribution(low, high, step=SIZE_STEP)


def _takes(member: FinetunedSettings, **changes: object) -> bool:
    try:
        create_network(member.model_copy(update={"weights": "none", **changes}), 2)
    except ValueError:
        return False
    return True


def _rounded(value: float | int | str) -> float | int | str:
    return float(f"{value:.3g}") if isinstance(value, float) else value
