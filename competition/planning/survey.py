"""Survey of a part of the competition: the usage of its stages, one fold of each member, and of votes on dummy rows.

The part shares the project's bank of document noise, so what is made of it here is there when the project needs it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pandas as pd

from competition.common import paths
from competition.common.files import read_json
from competition.data.classes import read_classes
from competition.data.predictions import load_predictions
from competition.ensembling.rules.stacking import TOO_LARGE, Stacking
from competition.ensembling.specialist_votes import SPECIALIST
from competition.planning.dummy_predictions import draw_folds, draw_rows, draw_specialist
from competition.planning.process_usage import Usage
from competition.planning.subset import Size
from competition.settings.params import Settings

RunStage = Callable[..., Usage]  # of a folder, a stage's name and its arguments
Announce = Callable[[str], object]  # called with what is run next

MOST_ROWS = 50_000  # that votes are tried on; for more images, straight lines through half of them and all
STORES = {
    "prepare": (paths.TRAIN_STORE, paths.TEST_STORE),
    "augment": (paths.AUGMENTED_STORE, paths.TEST_RESIZED_STORE),
}


@dataclass(frozen=True)
class TrainingUsage:
    """Usage of one fold of a member, with the seconds of a usual epoch and of its predictions."""

    usage: Usage
    epoch_seconds: float
    epochs: int
    predict_seconds: float

    @property
    def other_seconds(self) -> float:
        """Seconds of starting, reading, writing, and of whatever the first epoch takes more than the others."""
        return self.usage.seconds - self.epochs * self.epoch_seconds - self.predict_seconds


@dataclass(frozen=True)
class Survey:
    """Usage of the stages on a part of that `size`.

    disk: bytes of what a stage left; trained: member -> its first fold; again: classical member -> its second fold,
    which finds the first one's features.
    """

    size: Size
    stages: dict[str, Usage]
    trained: dict[str, TrainingUsage]
    again: dict[str, TrainingUsage] = field(default_factory=dict)
    disk: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class VoteUsage:
    """Usage of vote and ensemble on dummy predictions for `size`."""

    size: Size
    stages: dict[str, Usage]


def stages_before_training(settings: Settings) -> tuple[str, ...]:
    """Return the stages up to the packed copies, in their order; `upright` only where it does something."""
    return "prepare", "split", *(() if settings.upright.use == "off" else ("upright",)), "augment"


def survey(
    folder: Path, size: Size, settings: Settings, project: Path, run_stage: RunStage, announce: Announce
) -> Survey:
    """Return the usage of all stages but the votes, run in `folder`, a part made by `write_part`."""
    run = partial(_run, run_stage, announce, folder)
    (folder / paths.NOISE_BANK.parent).mkdir(parents=True, exist_ok=True)
    (project / paths.NOISE_BANK).mkdir(parents=True, exist_ok=True)
    (folder / paths.NOISE_BANK).symlink_to((project / paths.NOISE_BANK).resolve())
    stages = {name: run(name) for name in stages_before_training(settings)}
    trained, again = {}, {}
    for name in settings.train.members:
        trained[name] = _trained(folder, name, run("train", name, "0"))
        if settings.members[name].shares_features:
            again[name] = _trained(folder, name, run("train", name, "1"), 1)
        untrained = settings.split.folds[2 if name in again else 1 :]
        draw_folds(folder, name, untrained, load_predictions(folder / paths.predictions(name, 0))["test"].ids.tolist())
    if settings.specialize.base:
        trained[SPECIALIST] = _trained(folder, SPECIALIST, run("specialize", "0"))
    for name, base in settings.adapted.items():
        trained[name] = _trained(folder, name, run("adapt", base, "0"))
        untrained = settings.split.folds[1:]
        draw_folds(folder, name, untrained, load_predictions(folder / paths.predictions(name, 0))["test"].ids.tolist())
    for condition in settings.review.conditions:
        stages["review"] = run("review", condition)
    disk = {name: sum((folder / store).stat().st_size for store in stores) for name, stores in STORES.items()}
    return Survey(size, stages, trained, again, disk)


def survey_votes(
    folder: Path, size: Size, settings: Settings, run_stage: RunStage, announce: Announce
) -> list[VoteUsage]:
    """Return the usage of the votes, run in the surveyed part `folder` on dummy predictions for `size`.

    Of a large `size` there are two, for smaller numbers of images: see `tried_shares`.
    """
    run, found = partial(_run, run_stage, announce, folder), []
    for share in tried_shares(size, len(settings.voters), len(read_classes(folder / paths.CLASSES))):
        rows = Size(*(max(1, round(share * images)) for images in (size.train, size.test)))
        test_ids = draw_rows(folder, rows, settings)
        for name in settings.voters:
            draw_folds(folder, name, settings.split.folds, test_ids)
        if settings.specialize.base:
            draw_specialist(folder, settings)
        found.append(VoteUsage(rows, {name: run(name) for name in ("vote", "ensemble")}))
    return found


def tried_shares(size: Size, members: int, classes: int) -> list[float]:
    """Return the shares of `size` that votes are tried on: all, or above MOST_ROWS rows half and all of these.

    Of more images than stacking can be afforded for, at least so many that it isn't tried either: no line leads from
    one to the other.
    """
    if size.all <= MOST_ROWS:
        return [1.0]
    smaller = MOST_ROWS / 2 / size.all
    if not Stacking.is_affordable(size.train, members, classes):
        smaller = max(smaller, 1.01 * TOO_LARGE / (members * classes**2) / size.train)
    return [smaller, 2 * smaller] if 2 * smaller < 1 else [1.0]


def _run(run_stage: RunStage, announce: Announce, folder: Path, name: str, *arguments: str) -> Usage:
    announce(" ".join([name, *arguments]))
    return run_stage(folder, name, *arguments)


def _trained(folder: Path, name: str, usage: Usage, fold: int = 0) -> TrainingUsage:
    scores = read_json(folder / paths.scores(name, fold))
    epochs = pd.read_csv(folder / paths.history(name, fold))["seconds"]
    return TrainingUsage(
        usage, float(epochs.iloc[min(1, len(epochs) - 1) :].median()), len(epochs), scores["predict_seconds"]
    )
