"""The stages run on a part of the competition, one fold of each member, and what each of them took.

The other folds' predictions are drawn at random: a vote takes as long whatever they say. The part shares the project's bank of
document noise, so what is made of it here is there when the project needs it.
"""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from competition.fold_predictions import ROOT as PREDICTIONS
from competition.planning.watch import Taken, run_watched
from competition.predictions import Predictions, load_predictions, save_predictions
from competition.seeds import generator
from competition.settings import Settings
from competition.specialist_votes import SPECIALIST
from competition.splitting import read_folds
from competition.voting import OOF_VIEWS

BANK = Path("data/cache/bank")
STORES = {"prepare": ("data/train.arrow", "data/test.arrow"), "augment": ("data/augmented.arrow", "data/test_squares.arrow")}


@dataclass(frozen=True)
class Trained:
    """What one fold of a member took: all of it, and, of its seconds, those of training steps and of the predictions at the end."""

    taken: Taken
    train_seconds: float
    predict_seconds: float
    classes: int = 0  # that a specialist told apart


@dataclass(frozen=True)
class Survey:
    """What the stages took on a part. images: (training, test); bank: what filling the bank took, before anything was measured.

    disk: bytes of what a stage left; trained: member -> its first fold; again: classical member -> its second fold, which finds
    the first one's features.
    """

    images: tuple[int, int]
    stages: dict[str, Taken]
    trained: dict[str, Trained]
    again: dict[str, Trained] = field(default_factory=dict)
    disk: dict[str, int] = field(default_factory=dict)


def survey(folder: Path, images: tuple[int, int], settings: Settings, project: Path, tell: Callable[[str], object]) -> Survey:
    """Run the stages in `folder`, a part made by `write_part`; see Survey. tell: called with the name of what is run next."""

    def stage(name: str, *arguments: str) -> Taken:
        tell(" ".join([name, *arguments]))
        return run_watched(f"pipelines.{name}", arguments, folder)

    (folder / BANK.parent).mkdir(parents=True, exist_ok=True)
    (project / BANK).mkdir(parents=True, exist_ok=True)
    (folder / BANK).symlink_to((project / BANK).resolve())
    stages = {name: stage(name) for name in ("prepare", "split", "augment")}
    trained, again = {}, {}
    for name in settings.train.members:
        trained[name] = _trained(folder, name, stage("train", name, "0"))
        if settings.members[name].kind != "finetuned":
            again[name] = _trained(folder, name, stage("train", name, "1"), 1)
        draw_other_folds(folder, name, settings.split.folds)
    trained[SPECIALIST] = _trained(folder, SPECIALIST, stage("specialize", "0"))
    draw_other_folds(folder, SPECIALIST, settings.split.folds, settings.specialize.base)
    stages |= {name: stage(name) for name in ("review", "vote", "ensemble")}
    disk = {name: sum((folder / store).stat().st_size for store in stores) for name, stores in STORES.items()}
    return Survey(images, stages, trained, again, disk)


def _trained(folder: Path, name: str, taken: Taken, fold: int = 0) -> Trained:
    scores = json.loads((folder / f"folds/scores/{name}/{fold}.json").read_text(encoding="utf-8"))
    return Trained(taken, scores["train_seconds"], scores["predict_seconds"], len(scores.get("hard_classes", ())))


def draw_other_folds(folder: Path, name: str, folds: tuple[int, ...], base: str | None = None) -> None:
    """Give member `name` what fold 0 has under folds/ for every fold that it lacks, with predictions drawn at random.

    base: of a specialist, whose predictions are of the images that the base answers with one of its classes.
    """
    table = read_folds(folder / "folds/folds.csv")
    own = load_predictions(folder / PREDICTIONS / name / "0.npz")
    for fold in folds[1:]:
        if (folder / PREDICTIONS / name / f"{fold}.npz").exists():
            continue
        draws = generator(fold, "stand-in predictions", name)
        of_fold = table.ID[table.fold == fold].tolist()
        ids = {view: of_fold if view in OOF_VIEWS else part.ids.tolist() for view, part in own.items()}
        if base:
            asked = load_predictions(folder / PREDICTIONS / base / f"{fold}.npz")
            ids = {view: _answered(asked[view], own[view].targets) if view in OOF_VIEWS else of for view, of in ids.items()}
        drawn = {view: _at_random(of, own[view].targets, draws) for view, of in ids.items()}
        save_predictions(folder / PREDICTIONS / name / f"{fold}.npz", drawn)
        _copy_facts(folder, name, fold)


def _answered(said: Predictions, targets: tuple[str, ...]) -> list[str]:
    return said.ids[np.isin(said.answers, targets)].tolist()


def _at_random(ids: list[str], targets: tuple[str, ...], draws: np.random.Generator) -> Predictions:
    return Predictions(np.array(ids, dtype=str), draws.dirichlet(np.full(len(targets), 0.3), len(ids)).astype(np.float32), targets)


def _copy_facts(folder: Path, name: str, fold: int) -> None:
    scores = json.loads((folder / f"folds/scores/{name}/0.json").read_text(encoding="utf-8"))
    (folder / f"folds/scores/{name}/{fold}.json").write_text(json.dumps(scores | {"fold": fold}), encoding="utf-8")
    for kind, ending in (("history", "csv"), ("weights", "safetensors")):
        os.link(folder / f"folds/{kind}/{name}/0.{ending}", folder / f"folds/{kind}/{name}/{fold}.{ending}")
