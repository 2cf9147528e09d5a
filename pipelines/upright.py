"""Learn to turn pages upright: `python -m pipelines.upright` (stage `upright`).

Reads data/train.arrow, data/test.arrow and folds/folds.csv. Makes folds/upright/: *.safetensors, for each fold the
networks that find a page's corners and its orientation, learnt from damaged copies of the other folds' pages, without
labels; straightener.json, what `augment` and `predict` need beside them; pages.png, an image grid of test images before
and after; and folds/upright.json: how well pages that no network saw are found, and whether the networks are used.
"""

import shutil
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd

from competition.augmentation.augraphy.bank import Bank, open_bank
from competition.augmentation.offline import copies_code
from competition.common import paths
from competition.common.files import digest, replace_folder, write_json
from competition.common.imports import code_digest
from competition.compute.device import set_up_process
from competition.compute.pool import release
from competition.data.classes import read_classes
from competition.data.image_store import ImageStore
from competition.data.packing import build
from competition.folds.split import HOLDOUT, read_folds
from competition.inference.tta import orientation_weights
from competition.members.resume_key import versions_of
from competition.metrics.calibration import fit_temperature
from competition.models.networks import packages_of
from competition.settings.finetuned import FinetunedSettings
from competition.settings.load import load_settings
from competition.settings.params import Settings
from competition.upright.accuracy import figures
from competition.upright.choice import Gain, measured_gain
from competition.upright.fit import FoldPhotographs, drawn_pages, fit_fold, score_folds
from competition.upright.networks import corner_network, orientation_network
from competition.upright.pages_grid import write_pages_grid
from competition.upright.photographs import PhotographMaker
from competition.upright.straighten import FoldStraightener, save_straightener
from pipelines._main import log, run

GRID = "pages.png"
PAGES_PER_PART = 32
# what the networks don't depend on
AFTERWARDS = {"use", "least_probability", "views"}


def main() -> None:
    settings = load_settings()
    paths.UPRIGHT_FACTS.unlink(missing_ok=True)
    if settings.upright.use == "off":
        with replace_folder(paths.UPRIGHT):
            pass
        write_json(paths.UPRIGHT_FACTS, {"used": False})
        log("upright: off")
        return
    set_up_process()
    began = perf_counter()
    state = (paths.STATE / f"upright-{key(settings)}").resolve()
    facts = fit(settings, state)
    facts["seconds"] = round(perf_counter() - began, 1)
    write_json(paths.UPRIGHT_FACTS, facts)
    shutil.rmtree(state)
    log("upright", used=facts["used"], seconds=facts["seconds"])


def key(settings: Settings) -> str:
    """Return a digest of all that the networks depend on."""
    upright, augment = settings.upright, settings.upright.photographed(settings.augment)
    network = FinetunedSettings(network=upright.network, weights=upright.weights)
    drawn = {
        purpose: {name: one.model_dump() for name, one in augment.transforms_for(purpose).items()}
        for purpose in ("train", "test_like")
    }
    return digest(
        paths.TRAIN_STORE,
        paths.FOLDS,
        drawn,
        augment.model_dump(include={"size", "fill", "quality", "seed", "bank_layers"}),
        upright.model_dump(exclude=AFTERWARDS),
        code_digest("competition.upright.fit"),
        copies_code(),
        versions_of(packages_of(network)),
    )


def fit(settings: Settings, state: Path) -> dict[str, object]:
    """Fit and measure the networks, write what is used of them, and return the facts.

    Trained networks are kept in the cache: a run that changes only what comes after them trains none.
    """
    upright, machine = settings.upright, settings.machine
    augment = upright.photographed(settings.augment)
    networks = (paths.CACHE / state.name).resolve()
    for make in (corner_network, orientation_network):
        make(upright, upright.seed)  # what can't be had is said before any work is done
    table = read_folds(paths.FOLDS)
    fold_of = dict(zip(table["ID"], table["fold"].tolist(), strict=True))
    drawn = {*augment.transforms_for("train"), *settings.augment.transforms_for("train")}
    names = sorted(drawn | {*augment.transforms_for("test_like")})
    bank = open_bank(names, augment, machine, paths.NOISE_BANK.resolve())
    train = ImageStore(paths.TRAIN_STORE)
    pages = drawn_pages(np.array([fold_of.get(id, HOLDOUT) for id in train.column("id")]), upright)
    maker = PhotographMaker(str(train.path.resolve()), augment, upright.copies, bank)
    pack_photographs(state, maker, pages, settings)
    release()
    photographs = FoldPhotographs.read(state / "photographs.arrow", fold_of, augment.fill)
    weights = {fold: networks / f"{fold}.safetensors" for fold in settings.split.folds}
    for fold, path in weights.items():
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            fit_fold(photographs, fold, upright, path, state, lambda row, fold=fold: print_epoch(fold, row))
    found, rows = score_folds(photographs, weights, upright)
    target_of = dict(zip(table["ID"], table["target"], strict=True))
    accuracy = figures(found, [target_of[photographs.sources[row]] for row in rows])
    temperature = fit_temperature(found.probabilities, found.orientations)
    log("found pages", **{name: value for name, value in accuracy.items() if not isinstance(value, dict)})
    facts: dict[str, object] = {"used": True, "temperature": temperature, "test_like": accuracy}
    save_straightener(networks, True, upright, temperature, fold_of)
    straighten = FoldStraightener(networks, out_of_fold=True)
    if upright.use == "auto":
        gain = measure_gain(settings, pages, table, straighten, bank, state / f"gain-{straighten.key()}")
        facts |= {"used": gain.gains, "frozen_features": gain.scores | {"standard_error": gain.standard_error}}
    with replace_folder(paths.UPRIGHT) as folder:
        for path in weights.values():
            shutil.copy(path, folder)
        save_straightener(folder, bool(facts["used"]), upright, temperature, fold_of)
        write_pages_grid(folder / GRID, FoldStraightener(networks), ImageStore(paths.TEST_STORE), augment.fill)
    log("drawn", path=paths.UPRIGHT / GRID)
    return facts


def measure_gain(
    settings: Settings, pages: np.ndarray, table: pd.DataFrame, straighten: FoldStraightener, bank: Bank, state: Path
) -> Gain:
    views = orientation_weights(settings.tta.passes, settings.tta.seed)
    targets = tuple(read_classes(paths.CLASSES))
    gain = measured_gain(settings, pages, table, targets, straighten, bank, views, state)
    log("frozen features", **gain.scores, standard_error=gain.standard_error, used=gain.gains)
    return gain


def pack_photographs(state: Path, maker: PhotographMaker, pages: np.ndarray, settings: Settings) -> None:
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


def print_epoch(fold: int, row: dict) -> None:
    print(f"fold {fold}  {row['network']:11s}  epoch {row['epoch']:3d}  loss {row['loss']:.4f}", flush=True)


if __name__ == "__main__":
    run(main)
