"""Trains the specialist for the hard classes on one fold: `python -m pipelines.specialize FOLD` (stage `specialize`).

Reads what `train` reads, and the base member's predictions and weights. Makes the same files as `train` does, under the
name `specialist`; its predictions are of the images that the base answers with a hard class, and of no others (of the
holdout too, where there is one: predicted, and never scored here). Several processes train it together as they do a
member: see `train`.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from safetensors.torch import load_file

from competition.common.files import digest
from competition.common.imports import code_digest
from competition.compute.device import keep_memory
from competition.compute.distributed import processes
from competition.compute.launcher import run_together
from competition.data.classes import read_classes
from competition.data.predictions import Predictions, concatenate, load_predictions
from competition.ensembling.voting import asked
from competition.folds.leakage import check_predicted
from competition.folds.split import read_folds
from competition.inference.tta import view_weights
from competition.members.hard_classes import hard_classes
from competition.members.members import train_finetuned
from competition.members.output_files import print_epoch, write_member
from competition.models.weights import weights_file
from competition.settings.load import load_settings
from competition.settings.params import Settings
from competition.settings.specialize import SpecializeSettings
from competition.training.fold_data import load_fold
from pipelines._main import log, run

STORE, TEST_STORE, FOLDS = Path("data/augmented.arrow"), Path("data/test_squares.arrow"), Path("folds/folds.csv")


def main(fold: int) -> None:
    everything = load_settings()
    if not run_together(everything.machine.processes, "pipelines.specialize", fold):
        train_and_write(everything, fold)
        processes().leave()


def train_and_write(everything: Settings, fold: int) -> None:
    settings, targets = everything.specialize, tuple(read_classes("folds/classes.csv"))
    keep_memory()
    folds = read_folds(FOLDS)
    base = [read_base(settings.base, number, folds) for number in everything.split.folds]
    hard = find_hard_classes(settings, base, folds, targets)
    data = load_fold(fold, folds, targets, STORE, TEST_STORE)
    names = tuple(targets[index] for index in hard)
    if len(taught := set(data.only(hard).train_labels.tolist())) < 2:
        raise ValueError(
            f"specialize: of the hard classes {', '.join(names)} fold {fold} has training images of {len(taught)}, "
            "expected 2 "
            "or more; name others as specialize.hard_classes, or take classes with few groups of images out of it"
        )
    crew = processes()
    if crew.main:
        log("specializing", fold=fold, hard_classes=list(names), processes=crew.count)
    base_weights = Path(f"folds/weights/{settings.base}/{fold}.safetensors") if settings.start == "base" else None
    begun_with = [base_weights] if base_weights else weights_file(settings.network)
    key = digest(
        settings.network.model_dump(),
        STORE,
        FOLDS,
        fold,
        hard,
        targets,
        code_digest("competition.members.members"),
        *begun_with,
    )
    state = Path(f"data/state/specialize-{fold}-{key}.pt")
    trained = train_finetuned(
        settings.network,
        data.only(hard),
        names,
        view_weights(everything.tta.passes, everything.tta.seed),
        state,
        print_epoch,
        start=load_file(base_weights) if base_weights else None,
        predict_from=data,
        predicted=asked(base, fold, names, settings.asks),
    )
    if crew.main:
        write_member(Path("folds"), "specialist", fold, "specialist", trained, hard_classes=list(names))
        log(
            "specialized",
            fold=fold,
            best_epoch=trained.best_epoch,
            train_seconds=round(trained.train_seconds, 1),
            **{view: "no image" if value is None else round(value, 4) for view, value in trained.macro_f1.items()},
        )


def read_base(name: str, fold: int, folds: pd.DataFrame) -> dict[str, Predictions]:
    path = f"folds/predictions/{name}/{fold}.npz"
    parts = load_predictions(path)
    check_predicted({part: found.ids.tolist() for part, found in parts.items()}, fold, folds, path)
    return parts


def find_hard_classes(
    settings: SpecializeSettings, base: list[dict[str, Predictions]], folds: pd.DataFrame, targets: tuple[str, ...]
) -> list[int]:
    if settings.hard_classes != "auto":
        unknown = [target for target in settings.hard_classes if target not in targets]
        if unknown or len(set(settings.hard_classes)) < 2:
            raise ValueError(
                f"specialize.hard_classes: expected at least two of {list(targets)}, found "
                f"{list(settings.hard_classes)}"
            )
        return sorted({targets.index(target) for target in settings.hard_classes})
    seen = concatenate([predictions["test_like"] for predictions in base])
    true = folds.set_index("ID").target.loc[list(seen.ids)].map(targets.index)
    folds_of_class = folds[folds["fold"] >= 0].groupby("target")["fold"].nunique().reindex(targets, fill_value=0)
    return hard_classes(
        true.to_numpy(np.int64), seen.indices, len(targets), settings.most, folds_of_class.to_numpy() > 1
    )


if __name__ == "__main__":
    run(main)
