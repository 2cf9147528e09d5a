"""Learns a competition's straightener: the networks of every fold, how well they do, and whether they are used.

The folds are its own, `upright.folds`: a page is turned by networks that never saw it, and that is all that matters,
since no label is learnt. So their number, which the time grows with, isn't that of the members' folds.

Nothing that took long is made twice: photographs and each network are kept until the stage has ended, the trained
networks in the cache beyond it, so that a change of what comes after them trains none.
"""

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from competition.augmentation.augraphy.bank import open_bank
from competition.augmentation.offline import copies_code
from competition.common import paths
from competition.common.files import digest, replace_folder
from competition.common.imports import code_digest
from competition.compute.pool import release
from competition.data.classes import read_classes
from competition.data.image_store import ImageStore
from competition.data.packing import build
from competition.folds.split import HOLDOUT, read_folds
from competition.inference.tta import orientation_weights
from competition.members.resume_key import versions_of
from competition.metrics.calibration import apply_temperature, fit_temperature
from competition.models.networks import packages_of
from competition.settings.finetuned import FinetunedSettings
from competition.settings.params import Settings
from competition.upright.accuracy import figures
from competition.upright.choice import look_key, measured_gain
from competition.upright.errors import Errors
from competition.upright.fit import FoldPhotographs, drawn_pages, fit_folds, own_folds
from competition.upright.networks import corner_network, orientation_network
from competition.upright.pages_grid import write_pages_grid
from competition.upright.photographs import PhotographMaker
from competition.upright.scoring import score_folds
from competition.upright.straighten import FoldStraightener, save_straightener

GRID = "pages.png"
PAGES_PER_PART = 32
MAKERS = "competition.upright.photographs", "competition.upright.fit"  # modules that the networks depend on
AFTERWARDS = {"use", "least_probability", "views", "sure", "scored_pages"}  # what the networks don't depend on


def resume_key(settings: Settings) -> str:
    """Return a digest of all that the networks depend on."""
    upright, augment = settings.upright, settings.upright.photographed(settings.augment)
    network = FinetunedSettings(network=upright.network, weights=upright.weights)
    return digest(
        paths.TRAIN_STORE,
        paths.FOLDS,
        augment.dumped_transforms(),
        augment.model_dump(include={"size", "fill", "quality", "seed", "bank_layers"}),
        upright.model_dump(exclude=AFTERWARDS),
        *map(code_digest, MAKERS),
        copies_code(),
        versions_of(packages_of(network)),
    )


def learn(settings: Settings, state: Path, report: Callable[[dict], None] = lambda row: None) -> dict[str, object]:
    """Learn the networks, write what is used of them to folds/upright, and return the facts.

    It goes on from what the folder `state` holds. `report` gets each epoch's row: fold, network, epoch, loss.
    """
    upright, machine = settings.upright, settings.machine
    augment = upright.photographed(settings.augment)
    networks = (paths.CACHE / state.name).resolve()
    for make in (corner_network, orientation_network):
        make(upright, upright.seed)  # what can't be had is said before any work is done
    table = read_folds(paths.FOLDS)
    fold_of = own_folds(table, upright)
    names = augment.names()
    names["train"] += settings.augment.names()["train"]
    bank = open_bank(names, augment, machine, paths.NOISE_BANK.resolve())
    train = ImageStore(paths.TRAIN_STORE)
    pages = drawn_pages(np.array([fold_of.get(id, HOLDOUT) for id in train.column("id")]), upright)
    _pack_photographs(state, PhotographMaker(str(train.path.resolve()), augment, upright.copies, bank), pages, settings)
    read = partial(FoldPhotographs.read, state / "photographs.arrow", fold_of, augment.fill)
    weights = {fold: networks / f"{fold}.safetensors" for fold in range(upright.folds)}
    fit_folds(read, weights, upright, state, machine, report)
    photographs = read()
    found, rows = score_folds(read, weights, upright, machine)
    target_of = dict(zip(table["ID"], table["target"], strict=True))
    temperature = fit_temperature(found.probabilities, found.orientations)
    accuracy = figures(found, [target_of[photographs.sources[row]] for row in rows])
    facts: dict[str, object] = {"used": True, "temperature": temperature, "test_like": accuracy}
    errors = Errors.of(found.places, found.orientations, apply_temperature(found.probabilities, temperature))
    save_straightener(networks, True, upright, temperature, fold_of, errors)
    if upright.use == "auto":
        straighten = FoldStraightener(networks, out_of_fold=True)
        views = orientation_weights(settings.tta.passes, settings.tta.seed)
        targets = tuple(read_classes(paths.CLASSES))
        gain_state = state / f"gain-{look_key(settings, straighten, views)}"
        bank = open_bank(names, settings.augment, machine, paths.NOISE_BANK.resolve())  # the same, if of one size
        gain = measured_gain(settings, pages, table, targets, straighten, bank, views, gain_state)
        facts |= {"used": gain.gains, "frozen_features": gain.facts()}
    release()  # the same workers have trained, scored, and looked at the gain
    with replace_folder(paths.UPRIGHT) as folder:
        for path in weights.values():
            shutil.copy(path, folder)
        save_straightener(folder, bool(facts["used"]), upright, temperature, fold_of, errors)
        write_pages_grid(folder / GRID, FoldStraightener(networks), ImageStore(paths.TEST_STORE), augment.fill)
    return facts


def _pack_photographs(state: Path, maker: PhotographMaker, pages: np.ndarray, settings: Settings) -> None:
    target = state / "photographs.arrow"
    if not target.is_file():
        build(
            target,
            pages.tolist(),
            maker,
            state / "photographs",
            part_size=PAGES_PER_PART,
            machine=settings.machine,
            title="photographs",
            per_job=np.full(len(pages), maker.copies + 2),
        )
    release()  # what the workers have loaded
