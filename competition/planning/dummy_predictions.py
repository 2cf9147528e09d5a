"""Predictions drawn at random: a vote takes as long whatever they say, and reads no picture.

So the folds that a survey doesn't train can be had for nothing, and a vote can be tried on as many images as there will
be.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from competition.common.seeds import generator
from competition.data.predictions import Predictions, load_predictions, save_predictions
from competition.ensembling.specialist_votes import SPECIALIST, asked
from competition.folds.predictions import OOF_VIEWS
from competition.folds.predictions import ROOT as PREDICTIONS
from competition.folds.split import HOLDOUT, read_folds, write_folds
from competition.planning.subset import Size
from competition.settings.params import Settings


def draw_rows(folder: Path, size: Size, settings: Settings) -> list[str]:
    """Replace the tables of `folder`, a part that was surveyed, by `size` rows that name no image; return the test IDs.

    Classes have the shares that they had.
    """
    root, draws = folder / "data/raw", generator(0, "rows of no image")
    folds = read_folds(folder / "folds/folds.csv")
    ids = [f"train-{number:07d}.jpg" for number in range(size.train)]
    targets = np.concatenate([folds.target.unique(), draws.choice(folds.target, size.train)])[: size.train]
    held = draws.random(size.train) < settings.split.holdout
    fold = np.where(held, HOLDOUT, np.arange(size.train) % len(settings.split.folds))
    write_folds(folder / "folds/folds.csv", pd.DataFrame({"ID": ids, "target": targets, "fold": fold, "group": ids}))
    test_ids = [f"test-{number:07d}.jpg" for number in range(size.test)]
    for name, table in (
        ("train", {"ID": ids, "target": targets}),
        ("sample_submission", {"ID": test_ids, "target": targets[0]}),
    ):
        id_name, answer = settings.competition.submission_columns
        named = {"ID": id_name, "target": settings.competition.target if name == "train" else answer}
        pd.DataFrame(table).rename(columns=named).to_csv(root / f"{name}.csv", index=False, lineterminator="\n")
    return test_ids


def draw_folds(folder: Path, name: str, folds: Sequence[int], test_ids: Sequence[str]) -> None:
    """Give member `name` predictions drawn at random for `folds`, and whatever else fold 0 has under folds/.

    They are of the fold's images in folds.csv, the holdout's, and `test_ids`.
    """
    table = read_folds(folder / "folds/folds.csv")
    targets = _targets(folder, name)
    for fold in folds:
        ids = {view: table.ID[table.fold == (fold if view in OOF_VIEWS else HOLDOUT)].tolist() for view in targets}
        _draw(folder, name, fold, ids | {"test": test_ids}, targets)


def draw_specialist(folder: Path, settings: Settings) -> None:
    """Give the specialist predictions drawn at random for all folds, of the images that it is asked about."""
    base = [
        load_predictions(folder / PREDICTIONS / settings.specialize.base_member / f"{fold}.npz")
        for fold in settings.split.folds
    ]
    targets = _targets(folder, SPECIALIST)
    for fold in settings.split.folds:
        rows = asked(base, fold, targets["test"], settings.specialize.asks)
        _draw(folder, SPECIALIST, fold, {view: base[fold][view].ids[of].tolist() for view, of in rows.items()}, targets)


def _targets(folder: Path, name: str) -> dict[str, tuple[str, ...]]:
    return {view: part.targets for view, part in load_predictions(folder / PREDICTIONS / name / "0.npz").items()}


def _draw(
    folder: Path, name: str, fold: int, ids: dict[str, Sequence[str]], targets: dict[str, tuple[str, ...]]
) -> None:
    draws = generator(fold, "drawn predictions", name)
    drawn = {view: _at_random(ids[view], targets[view], draws) for view in targets}
    save_predictions(folder / PREDICTIONS / name / f"{fold}.npz", drawn)
    _copy_facts(folder, name, fold)


def _at_random(ids: Sequence[str], targets: Sequence[str], draws: np.random.Generator) -> Predictions:
    return Predictions(ids, draws.dirichlet(np.full(len(targets), 0.3), len(ids)).astype(np.float32), targets)


def _copy_facts(folder: Path, name: str, fold: int) -> None:
    if (folder / f"folds/scores/{name}/{fold}.json").exists():
        return
    scores = json.loads((folder / f"folds/scores/{name}/0.json").read_text(encoding="utf-8"))
    (folder / f"folds/scores/{name}/{fold}.json").write_text(json.dumps(scores | {"fold": fold}), encoding="utf-8")
    for kind, ending in (("history", "csv"), ("weights", "safetensors")):
        os.link(folder / f"folds/{kind}/{name}/0.{ending}", folder / f"folds/{kind}/{name}/{fold}.{ending}")
