"""What each training recipe is worth: one change at a time from a base member, on the same copies, folds and seed.

    dvc repro augment && python tests/benchmarks/recipes.py [--fold 0] [--recipes frozen focal ...]

Run from the folder of a project whose stages prepare, split and augment have run. Prints a row per recipe: macro F1 of
the fold's validation images, test-like (with a 95% bootstrap interval) and clean, the paired difference to the base
with its interval, seconds. A stopped run goes on, and what is there is not trained again. The last line is one JSON
object.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from competition.common.files import digest, write_json
from competition.common.imports import code_digest
from competition.common.seeds import generator
from competition.compute.device import set_up_process
from competition.data.classes import read_classes
from competition.data.predictions import CONDITIONS
from competition.folds.split import read_folds
from competition.members.output_files import print_epoch
from competition.members.training import train_member
from competition.metrics.scores import METRICS
from competition.settings.finetuned import FinetunedSettings
from competition.settings.load import load_settings
from competition.training.fold_data import load_fold

F1 = METRICS["f1_macro"]()

CODE = "competition.members.fitting.finetuning"  # whose source names the state

FOLDER = Path("data/cache/recipes")
RESAMPLES = 1000
RECIPES: dict[str, dict] = {
    "base": {},
    # what learns
    "full, nothing frozen": {"frozen_stages": 0},
    "frozen backbone": {"frozen_stages": 0, "tuning": "head"},
    "last block and head": {"frozen_stages": 0, "tuning": "last_block"},
    "gradual": {"frozen_stages": 0, "tuning": "gradual", "unfreeze_epoch": 2},
    "layer decay": {"frozen_stages": 0, "layer_decay": 0.8},
    # heads
    "dense head": {"head": "dense"},
    "deep head": {"head": "deep"},
    "ArcFace": {"head": "arcface"},
    # losses
    "no label smoothing": {"label_smoothing": 0.0},
    "focal": {"loss": "focal", "label_smoothing": 0.0},
    "class-balanced": {"loss": "class_balanced"},
    "balanced class weights": {"class_weights": "balanced"},
    "logit adjustment": {"logit_adjustment": 1.0},
    "mixup": {"mixup": 0.2},
    "CutMix": {"cutmix": 1.0},
    "balanced sampling": {"sampling": "balanced"},
    # optimizers and schedules
    "SGD": {"optimizer": "sgd", "learning_rate": 0.05, "weight_decay": 1e-4},
    "Adam": {"optimizer": "adam", "weight_decay": 0.0},
    "NAdam": {"optimizer": "nadam"},
    "step": {"schedule": "step", "step_epochs": 4},
    "plateau": {"schedule": "plateau"},
    "one cycle": {"schedule": "one_cycle"},
    "constant": {"schedule": "constant"},
    "no clipping": {"clip": 0},
    "moving average": {"ema": 0.99},
    "soup of 3": {"soup": 3},
    "small first": {"first_size": 96},
    # networks that have weights here
    "lite1": {"network": "tf_efficientnet_lite1"},
    "lite2": {"network": "tf_efficientnet_lite2"},
    "MobileNetV2": {"network": "mobilenetv2_100", "frozen_stages": 0},
    "hybrid lite0": {"network": "hybrid_tf_efficientnet_lite0", "frozen_stages": 0},
    "lite0 without weights": {"weights": "none", "frozen_stages": 0},
    "resnet18 without weights": {"network": "resnet18", "weights": "none", "frozen_stages": 0},
}


def result(settings: FinetunedSettings, fold: int) -> dict:
    """Train, and return scores, seconds and the answers, to be compared image by image."""
    targets = tuple(read_classes("folds/classes.csv"))
    data = load_fold(
        fold, read_folds("folds/folds.csv"), targets, "data/augmented.arrow", "data/test_squares.arrow", F1
    )
    asked = {condition: np.arange(len(data.valid_ids)) for condition in CONDITIONS} | {"test": np.zeros(0, np.int64)}
    state = FOLDER / f"{digest(settings.model_dump(), fold, code_digest(CODE))}.pt"
    trained = train_member(settings, data, targets, np.eye(8)[0], state, print_epoch, only=asked)
    answers = {condition: trained.predictions[condition].indices.tolist() for condition in CONDITIONS}
    return {
        "answers": answers,
        "true": data.valid_labels.tolist(),
        "classes": len(targets),
        "epochs": len(trained.history),
        "best_epoch": trained.best_epoch,
        "seconds": trained.train_seconds,
    }


def row(found: dict, base: dict) -> dict:
    """Return the scores of `found`, and its paired difference to `base`, test-like."""
    y_true, n_classes = np.array(found["true"]), found["classes"]
    ours, theirs = (np.array(one["answers"]["test_like"]) for one in (found, base))
    value, low, high = F1.with_interval(y_true, ours, n_classes, RESAMPLES, 0.95, generator("recipes"))
    draws = generator("recipes", "paired").integers(len(y_true), size=(RESAMPLES, len(y_true)))
    gains = [F1(y_true[rows], ours[rows], n_classes) - F1(y_true[rows], theirs[rows], n_classes) for rows in draws]
    return {
        "test_like": value,
        "low": low,
        "high": high,
        "clean": F1(y_true, np.array(found["answers"]["clean"]), n_classes),
        "gain": value - F1(y_true, theirs, n_classes),
        "gain_low": float(np.quantile(gains, 0.025)),
        "gain_high": float(np.quantile(gains, 0.975)),
        "epochs": found["epochs"],
        "seconds": found["seconds"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--member", default="lite0", help="the base")
    parser.add_argument("--fold", type=int, default=0)
    parser.add_argument("--recipes", nargs="+", default=list(RECIPES))
    given = parser.parse_args()
    set_up_process()
    base = load_settings().members[given.member]
    found, table = {}, {}
    for name in dict.fromkeys(["base", *given.recipes]):
        settings = FinetunedSettings(**base.model_dump() | RECIPES[name])
        file = FOLDER / f"{digest(settings.model_dump(), given.fold)}.json"
        if not file.is_file():
            write_json(file, result(settings, given.fold))
        found[name] = json.loads(file.read_text())
        table[name] = row(found[name], found["base"])
        print(f"{name:26s}", {key: round(value, 3) for key, value in table[name].items()}, flush=True)
    print(json.dumps({"member": given.member, "fold": given.fold, "recipes": table}))


if __name__ == "__main__":
    main()
