"""What each augmentation policy is worth: one network, trained on copies of each policy, scored on the same test-like
images.

    dvc repro augment && python -m pipelines.fit_augmentation && python tests/benchmarks/policies.py

Run from the folder of a project whose stages prepare, split and augment have run, with folds/fitted_policy.yaml. Every
policy gets the copies, the size and the held-out effects of params.yaml, and the same network on the same folds; `none`
is the clean pages alone. All are judged alike, out of fold: on the clean images, on test-like images of params.yaml's
policy (with the held-out effects), and on images of the fitted policy, which resemble the test images most; and on the
test set (soft vote) where data/solution.csv is. A stopped run goes on. The last line is one JSON object.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from competition.augmentation.augraphy.bank import open_bank
from competition.augmentation.offline import Augmenter
from competition.common.files import digest, write_json
from competition.common.seeds import generator
from competition.compute.device import set_up_process, use_bfloat16
from competition.data.classes import read_classes
from competition.data.image_store import ImageStore
from competition.data.packing import build
from competition.data.predictions import CONDITIONS, Predictions, concatenate
from competition.ensembling.voting import soft_vote
from competition.folds.split import read_folds
from competition.inference.predictor import predict_proba
from competition.inference.tta import orientation_weights
from competition.members.output_files import print_epoch
from competition.members.training import train_member
from competition.metrics.scores import METRICS
from competition.models.layers.fusion import for_inference
from competition.models.networks import create_network
from competition.settings.augment import AugmentSettings
from competition.settings.finetuned import FinetunedSettings
from competition.settings.load import load_settings
from competition.settings.params import Settings
from competition.training.fold_data import FoldData, load_fold

F1 = METRICS["f1_macro"]()

FOLDER = Path("data/cache/policies")
FITTED = Path("folds/fitted_policy.yaml")


def augment_settings(settings: AugmentSettings, policy: str) -> AugmentSettings:
    if policy == "fitted":
        return AugmentSettings(**settings.model_dump() | yaml.safe_load(FITTED.read_text(encoding="utf-8")))
    return AugmentSettings(**settings.model_dump() | {"policy": policy, "transforms": {}})


def packed(settings: Settings, augment: AugmentSettings) -> Path:
    path = FOLDER / f"{digest(augment.model_dump())}.arrow"
    if not path.is_file():
        source = Path("data/train.arrow").absolute()
        bank = open_bank(augment.names(), augment, settings.machine)
        build(
            path,
            range(len(ImageStore(source))),
            Augmenter(str(source), augment, bank),
            path.with_suffix(".state"),
            part_size=16,
            machine=settings.machine,
            title="augment",
        )
    return path


def fitted_views(settings: Settings) -> Path:
    """Return a store whose test-like images are drawn from the fitted policy, nothing held out."""
    fitted = augment_settings(settings.augment, "fitted")
    judge = {"policy": fitted.policy, "transforms": fitted.transforms, "held_out": ()}
    return packed(
        settings, AugmentSettings(**settings.augment.model_dump() | {"policy": "none", "copies": 1, "test_like": judge})
    )


def scores(settings: Settings, member: FinetunedSettings, policy: str, with_test: bool) -> dict[str, float]:
    targets, folds = tuple(read_classes("folds/classes.csv")), read_folds("folds/folds.csv")
    store, judge = packed(settings, augment_settings(settings.augment, policy)), fitted_views(settings)
    member = member.model_copy(update={"augmented": policy != "none"})
    weights = orientation_weights(settings.tta.passes, settings.tta.seed) if with_test else np.eye(8)[0]
    parts = {"test_like": [], "fitted_views": [], "clean": [], "test": []}
    for fold in sorted(set(folds.fold) - {-1}):
        state = FOLDER / f"{policy}-{fold}-{digest(member.model_dump(), str(store))}.pt"
        data = load_fold(fold, folds, targets, store, "data/test_squares.arrow", F1)
        asked = {condition: np.arange(len(data.valid_ids)) for condition in CONDITIONS}
        asked["test"] = np.arange(len(data.test_ids) if with_test else 0)
        trained = train_member(member, data, targets, weights, state, print_epoch, only=asked)
        judged = load_fold(fold, folds, targets, judge, "data/test_squares.arrow", F1)
        trained.predictions["fitted_views"] = predicted(trained.weights, member, judged, targets, weights)
        for condition, predictions in trained.predictions.items():
            parts[condition].append(predictions)
    return table_row(parts, folds, targets, with_test)


def predicted(
    weights: dict, member: FinetunedSettings, data: FoldData, targets: tuple[str, ...], shares: np.ndarray
) -> Predictions:
    network, normalise = create_network(member.model_copy(update={"weights": "none"}), len(targets), 0)
    network.load_state_dict(weights)
    network = for_inference(network.eval(), member.size, use_bfloat16(member.precision))
    rows = data.valid_rows["test_like"]
    return Predictions(
        data.valid_ids,
        predict_proba(network, normalise, data.store, rows, member.size, member.precision, shares),
        targets,
    )


def table_row(
    parts: dict[str, list[Predictions]], folds: pd.DataFrame, targets: tuple[str, ...], with_test: bool
) -> dict[str, float]:
    truth = folds.set_index("ID").target
    result = {}
    for condition in ("test_like", "fitted_views", "clean"):
        oof = concatenate(parts[condition])
        y_true = truth.loc[oof.ids.tolist()].to_numpy()
        value, low, high = F1.with_interval(y_true, oof.answers, targets, 1000, 0.95, generator("policies", condition))
        result |= {condition: value, f"{condition}_low": low, f"{condition}_high": high}
    if with_test:
        test = soft_vote(parts["test"])
        solution = pd.read_csv("data/solution.csv", dtype=str).set_index("ID").target.loc[test.ids.tolist()].to_numpy()
        result["test"] = F1(solution, test.answers, targets)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--policies", nargs="+", default=["none", "light", "document", "heavy", "fitted"])
    parser.add_argument("--member", default="lite0")
    parser.add_argument("--size", type=int, help="pixels; default: the member's")
    parser.add_argument("--epochs", type=int, help="default: the member's")
    given = parser.parse_args()
    set_up_process()
    settings = load_settings()
    changes = {key: value for key in ("size", "epochs") if (value := getattr(given, key))}
    member = settings.members[given.member].model_copy(update=changes)
    table = {}
    for policy in given.policies:
        file = FOLDER / f"{policy}-{digest(settings.augment.model_dump(), member.model_dump())}.json"
        if not file.is_file():
            write_json(file, scores(settings, member, policy, Path("data/solution.csv").is_file()))
        table[policy] = json.loads(file.read_text())
        print(policy, {key: round(value, 4) for key, value in table[policy].items()}, flush=True)
    print(json.dumps({"size": member.size, "epochs": member.epochs, "policies": table}))


if __name__ == "__main__":
    main()
