"""Dummy predictions, drawn at random: a vote takes as long whatever they are, and reads no image.

So the folds that a survey doesn't train cost nothing, and a vote can be tried on as many images as there will be.
"""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from competition.common import paths
from competition.common.csv import read_table, write_frame
from competition.common.files import read_json, write_json
from competition.common.seeds import generator
from competition.data.predictions import OUT_OF_FOLD, Predictions, load_predictions, save_predictions
from competition.ensembling.specialist_votes import SPECIALIST, asked
from competition.folds.split import HOLDOUT, UNSCORED, read_folds, write_folds
from competition.planning.subset import Size
from competition.settings.params import Settings


def draw_rows(folder: Path, size: Size, settings: Settings) -> list[str]:
    """Replace the tables of `folder`, a part that was surveyed, by `size` rows that name no image; return the test IDs.

    Classes have the shares that they had.
    """
    root, draws = folder / paths.RAW, generator(0, "rows of no image")
    folds = read_folds(folder / paths.FOLDS)
    ids = [f"train-{number:07d}.jpg" for number in range(size.train)]
    targets = np.concatenate([folds.target.unique(), draws.choice(folds.target, size.train)])[: size.train]
    held = draws.random(size.train) < settings.split.holdout
    fold = np.arange(size.train) % settings.split.k
    fold[fold >= len(settings.split.folds)] = UNSCORED
    fold[held] = HOLDOUT
    write_folds(folder / paths.FOLDS, pd.DataFrame({"ID": ids, "target": targets, "fold": fold, "group": ids}))
    test_ids = [f"test-{number:07d}.jpg" for number in range(size.test)]
    names = settings.competition
    write_frame(root / "train.csv", pd.DataFrame({names.id: ids, names.target: targets}))
    _, *columns = read_table(root / "sample_submission.csv").frame
    write_frame(root / "sample_submission.csv", pd.DataFrame({names.id: test_ids} | dict.fromkeys(columns, "0")))
    return test_ids


def draw_folds(folder: Path, name: str, folds: Sequence[int], test_ids: Sequence[str]) -> None:
    """Give member `name` predictions drawn at random for `folds`, and whatever else fold 0 has under folds/.

    They are of the fold's images in folds.csv, the holdout's, and `test_ids`.
    """
    table = read_folds(folder / paths.FOLDS)
    known = load_predictions(folder / paths.predictions(name, 0))
    for fold in folds:
        ids = {part: table.ID[table.fold == (fold if part in OUT_OF_FOLD else HOLDOUT)].tolist() for part in known}
        _draw(folder, name, fold, ids | {"test": test_ids}, known)


def draw_specialist(folder: Path, settings: Settings) -> None:
    """Give the specialist predictions drawn at random for all folds, of the images that it is asked about."""
    name = settings.specialize.base_member
    base = [load_predictions(folder / paths.predictions(name, fold)) for fold in settings.split.folds]
    known = load_predictions(folder / paths.predictions(SPECIALIST, 0))
    for fold in settings.split.folds:
        rows = asked(base, fold, known["test"].targets, settings.specialize.asks)
        _draw(folder, SPECIALIST, fold, {part: base[fold][part].ids[of].tolist() for part, of in rows.items()}, known)


def _draw(folder: Path, name: str, fold: int, ids: dict[str, Sequence[str]], known: dict[str, Predictions]) -> None:
    """Give the member predictions of `ids` for `fold`, of the classes that `known`, those of fold 0, are of."""
    draws = generator(fold, "drawn predictions", name)
    predictions = {part: _at_random(ids[part], found, draws) for part, found in known.items()}
    save_predictions(folder / paths.predictions(name, fold), predictions)
    _copy_facts(folder, name, fold)


def _at_random(ids: Sequence[str], known: Predictions, draws: np.random.Generator) -> Predictions:
    n_classes = len(known.targets)
    if known.exclusive:
        probabilities = draws.dirichlet(np.full(n_classes, 0.3), len(ids))
    else:
        probabilities = draws.beta(0.3, 0.3, (len(ids), n_classes))
    return Predictions(ids, probabilities.astype(np.float32), known.targets, known.exclusive)


def _copy_facts(folder: Path, name: str, fold: int) -> None:
    if (folder / paths.scores(name, fold)).exists():
        return
    write_json(folder / paths.scores(name, fold), read_json(folder / paths.scores(name, 0)) | {"fold": fold})
    for path in (paths.history, paths.weights):
        os.link(folder / path(name, 0), folder / path(name, fold))
