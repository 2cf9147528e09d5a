"""Fits the upright networks of every fold.

Nothing here reads a label: photographs are made of training pages, with the corners that the damage put them to.
Workers are kept for the next step: whoever calls releases them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from competition.common.seeds import generator
from competition.compute.device import set_up_process
from competition.compute.pool import deal, while_waited_for
from competition.compute.shares import share_of
from competition.data.image_store import ImageStore
from competition.folds.split import HOLDOUT, make_folds
from competition.settings.machine import MachineSettings
from competition.settings.upright import UprightSettings
from competition.training.checkpoints import save_weights
from competition.upright.networks import CORNERS, ORIENTATION, corner_network, orientation_network
from competition.upright.training import Photographs, corners_lesson, orientation_lesson, train_network

Report = Callable[[dict], None]


def drawn_pages(folds: np.ndarray, settings: UprightSettings) -> np.ndarray:
    """Return the rows (P,), ascending, of the training images that are learnt from. folds: (N,) of all, -1 in none.

    Raises ValueError where a fold has none of them.
    """
    seen = np.flatnonzero(folds >= 0)
    drawn = np.sort(generator(settings.seed, "upright pages").permutation(seen)[: settings.pages])
    if missing := sorted(set(folds[seen].tolist()) - set(folds[drawn].tolist())):
        raise ValueError(f"upright.pages: {settings.pages} training images leave none of fold {missing[0]}; raise it")
    return drawn


def own_folds(table: pd.DataFrame, settings: UprightSettings) -> dict[str, int]:
    """Return image ID -> the fold whose networks don't see it: groups whole, whatever the labels and the split `table`,
    but for its holdout.

    Raises ValueError where there are fewer groups than folds.
    """
    seen = (table["fold"] != HOLDOUT).to_numpy()
    groups, folds = table["group"][seen], table["fold"].to_numpy(copy=True)
    if groups.nunique() < settings.folds:
        raise ValueError(
            f"upright.folds: {settings.folds} folds of {groups.nunique()} groups of images; take fewer, or `use: off`"
        )
    ids, no_label = table["ID"][seen].tolist(), [""] * len(groups)
    folds[seen] = make_folds(ids, no_label, groups.tolist(), settings.folds, settings.seed)
    return dict(zip(table["ID"], folds.tolist(), strict=True))


@dataclass(frozen=True)
class FoldPhotographs:
    """Photographs of a competition's training pages: by rows of `store`, whose pages stand in `sources`, and `folds`
    (N,), each row's page's fold; -1 of the holdout.
    """

    store: ImageStore
    sources: list[str]
    views: np.ndarray
    folds: np.ndarray
    corners: np.ndarray
    fill: int = 255

    @classmethod
    def read(cls, path: Path, fold_of: Mapping[str, int], fill: int) -> "FoldPhotographs":
        """Return the photographs at `path`; those of pages that are in no fold count as the holdout's."""
        store = ImageStore(path)
        sources = store.column("source_id")
        folds = np.array([fold_of.get(source, -1) for source in sources])
        corners = store.optional("corners").reshape(-1, 4, 2).astype(np.float64)
        return cls(store, sources, np.array(store.column("view")), folds, corners, fill)

    def to_train(self, fold: int) -> Photographs:
        """Return the pages of all other folds: clean, and their copies for training."""
        rows = np.flatnonzero((self.folds != fold) & (self.folds >= 0) & (self.views != "test_like"))
        ids = tuple(dict.fromkeys(self.sources[row] for row in rows))
        return Photographs(self.store, ids, rows.reshape(len(ids), -1), self.corners, self.fill)

    def to_score(self, fold: int, settings: UprightSettings) -> np.ndarray:
        """Return the rows, ascending, of the fold's own test-like copies, if `scored_pages` of all folds drew them."""
        rows = np.flatnonzero((self.folds >= 0) & (self.views == "test_like"))
        drawn = generator(settings.seed, "upright scored pages").permutation(rows)[: settings.scored_pages]
        return np.sort(drawn[self.folds[drawn] == fold])


def fit_folds(
    read: Callable[[], FoldPhotographs],
    weights: Mapping[int, Path],
    settings: UprightSettings,
    state: Path,
    machine: MachineSettings,
    report: Report = lambda row: None,
) -> None:
    """Fit each fold's networks whose file of `weights` isn't there; see `fit_fold`.

    Several at a time, see `share_of`.
    """
    share = share_of(len(weights), machine.workers)
    for path in weights.values():
        path.parent.mkdir(parents=True, exist_ok=True)
    missing = [fold for fold, path in weights.items() if not path.is_file()]
    if share.at_once == 1:
        for fold in missing:
            fit_fold(read(), fold, settings, weights[fold], state, report)
        return
    tasks = ((read, fold, settings, weights[fold], state, report, share.threads) for fold in missing)
    for _ in deal(_fit_in_a_worker, tasks, MachineSettings(workers=share.at_once)):
        pass


def _fit_in_a_worker(
    read: Callable[[], FoldPhotographs],
    fold: int,
    settings: UprightSettings,
    target: Path,
    state: Path,
    report: Report,
    threads: int,
) -> None:
    tell = while_waited_for(report)
    set_up_process(threads)
    fit_fold(read(), fold, settings, target, state, tell)


def fit_fold(
    photographs: FoldPhotographs,
    fold: int,
    settings: UprightSettings,
    target: Path,
    state: Path,
    report: Report = lambda row: None,
) -> None:
    """Train both networks on all pages but those of `fold`, and write their weights to `target`.

    The second begins with what the first has learnt of pages. It goes on from what the folder `state` holds. `report`
    gets each epoch's row: fold, network, epoch, loss.
    """
    seed, data = settings.seed, photographs.to_train(fold)
    tensors: dict[str, torch.Tensor] = {}
    learnt = None
    for name, make, lesson in (
        (CORNERS, corner_network, corners_lesson(settings)),
        (ORIENTATION, orientation_network, orientation_lesson(settings)),
    ):
        network, normalise = make(settings, seed)
        if learnt is not None:
            network.trunk.load_state_dict(learnt)
        file, tell = state / f"{fold}-{name}.pt", partial(_report, report, fold, name)
        train_network(network, normalise, data, lesson, settings, file, tell)
        learnt = network.trunk.state_dict()
        tensors |= {f"{name}.{key}": value.detach().cpu() for key, value in network.state_dict().items()}
    save_weights(target, tensors, {"network": settings.network})  # of several facts the order would be random


def _report(report: Report, fold: int, name: str, row: dict) -> None:
    report({"fold": fold, "network": name} | row)
