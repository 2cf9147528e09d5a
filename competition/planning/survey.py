"""The stages run on a part of the competition, one fold of each member, and what each of them took; and the votes on
rows of no image.

The part shares the project's bank of document noise, so what is made of it here is there when the project needs it.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from competition.data.classes import read_targets
from competition.data.predictions import load_predictions
from competition.ensembling.rules.stacking import TOO_LARGE, Stacking
from competition.ensembling.specialist_votes import SPECIALIST
from competition.planning.dummy_predictions import draw_folds, draw_rows, draw_specialist
from competition.planning.process_usage import Taken, run_watched
from competition.planning.subset import Size
from competition.settings.params import Settings

Tell = Callable[[str], object]

MOST_ROWS = 50_000  # that votes are tried on; for more images, straight lines through half of them and all
BANK = Path("data/cache/bank")
STORES = {
    "prepare": ("data/train.arrow", "data/test.arrow"),
    "augment": ("data/augmented.arrow", "data/test_squares.arrow"),
}


@dataclass(frozen=True)
class Trained:
    """What one fold of a member took: all of it, and, of its seconds, those of a usual epoch, how many there were,
    those of the predictions at the end, and of close calls after them, which will be few once the network has learnt.
    """

    taken: Taken
    epoch_seconds: float
    epochs: int
    predict_seconds: float
    again_seconds: float = 0.0

    @property
    def other_seconds(self) -> float:
        """Starting, reading, writing; and whatever the first epoch takes more than the others."""
        return self.taken.seconds - self.epochs * self.epoch_seconds - self.predict_seconds - self.again_seconds


@dataclass(frozen=True)
class Survey:
    """What the stages took on a part of that `size`.

    disk: bytes of what a stage left; trained: member -> its first fold; again: classical member -> its second fold,
    which finds the first one's features.
    """

    size: Size
    stages: dict[str, Taken]
    trained: dict[str, Trained]
    again: dict[str, Trained] = field(default_factory=dict)
    disk: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Votes:
    """What vote and ensemble took on predictions drawn for `size`."""

    size: Size
    stages: dict[str, Taken]


def survey(folder: Path, size: Size, settings: Settings, project: Path, tell: Tell) -> Survey:
    """Run the stages but for the votes in `folder`, a part made by `write_part`. tell: called with the name of what is
    run next.
    """
    (folder / BANK.parent).mkdir(parents=True, exist_ok=True)
    (project / BANK).mkdir(parents=True, exist_ok=True)
    (folder / BANK).symlink_to((project / BANK).resolve())
    stages = {name: _stage(folder, tell, name) for name in ("prepare", "split", "augment")}
    trained, again = {}, {}
    for name in settings.train.members:
        trained[name] = _trained(folder, name, _stage(folder, tell, "train", name, "0"))
        if settings.members[name].kind != "finetuned":
            again[name] = _trained(folder, name, _stage(folder, tell, "train", name, "1"), 1)
        untrained = settings.split.folds[2 if name in again else 1 :]
        draw_folds(
            folder, name, untrained, load_predictions(folder / f"folds/predictions/{name}/0.npz")["test"].ids.tolist()
        )
    trained[SPECIALIST] = _trained(folder, SPECIALIST, _stage(folder, tell, "specialize", "0"))
    stages["review"] = _stage(folder, tell, "review")
    disk = {name: sum((folder / store).stat().st_size for store in stores) for name, stores in STORES.items()}
    return Survey(size, stages, trained, again, disk)


def survey_votes(folder: Path, size: Size, settings: Settings, tell: Tell) -> list[Votes]:
    """Run the votes in `folder`, a part that was surveyed, on predictions drawn for `size`; of a large one, for two
    parts of it.
    """
    found = []
    for share in tried_shares(size, len(settings.train.members), len(read_targets(folder / "folds/classes.csv"))):
        rows = Size(*(max(1, round(share * images)) for images in (size.train, size.test)))
        test_ids = draw_rows(folder, rows, settings)
        for name in settings.train.members:
            draw_folds(folder, name, settings.split.folds, test_ids)
        draw_specialist(folder, settings)
        found.append(Votes(rows, {name: _stage(folder, tell, name) for name in ("vote", "ensemble")}))
    return found


def tried_shares(size: Size, members: int, classes: int) -> list[float]:
    """The shares of `size` that votes are tried on: all, or above MOST_ROWS rows half and all of these.

    Of more images than stacking can be afforded for, at least so many that it isn't tried either: no line leads from
    one to the other.
    """
    if size.all <= MOST_ROWS:
        return [1.0]
    smaller = MOST_ROWS / 2 / size.all
    if not Stacking.is_affordable(size.train, members, classes):
        smaller = max(smaller, 1.01 * TOO_LARGE / (members * classes**2) / size.train)
    return [smaller, 2 * smaller] if 2 * smaller < 1 else [1.0]


def _stage(folder: Path, tell: Tell, name: str, *arguments: str) -> Taken:
    tell(" ".join([name, *arguments]))
    return run_watched(f"pipelines.{name}", arguments, folder)


def _trained(folder: Path, name: str, taken: Taken, fold: int = 0) -> Trained:
    scores = json.loads((folder / f"folds/scores/{name}/{fold}.json").read_text(encoding="utf-8"))
    epochs = pd.read_csv(folder / f"folds/history/{name}/{fold}.csv")["seconds"]
    return Trained(
        taken,
        float(epochs.iloc[min(1, len(epochs) - 1) :].median()),
        len(epochs),
        scores["predict_seconds"] - scores["again_seconds"],
        scores["again_seconds"],
    )
