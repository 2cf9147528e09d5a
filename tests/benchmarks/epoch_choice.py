"""Optimism of the epoch's choice: how much better the kept epoch scores where it was chosen than where it wasn't.

python tests/benchmarks/epoch_choice.py --folder DIR --seeds 0 1 2 --member lite0

Run from the folder of a project whose stages prepare, split and augment have run, with a holdout (split.holdout). Each
seed trains the member anew on each fold; the epoch kept by `best` is the one with the best test-like score of the fold,
the one kept by `last` the last. Both are scored on the fold, where `best` was chosen, and on the test-like images of
the holdout, where neither was: optimism is the first less the second, and `gain` is what `best` has more than `last` on
the holdout. The last line is JSON: of either its mean scores, and the optimism's mean and standard error over
(seed, fold).
"""

import argparse
import json
import math
from pathlib import Path

import numpy as np

from competition.common import paths
from competition.data.classes import read_classes
from competition.data.label_sets import encode
from competition.folds.split import read_folds
from competition.inference.predictor import predict_proba
from competition.metrics.make import make_metric
from competition.metrics.plain_score import plain_score
from competition.models.networks import create_network
from competition.settings.finetuned import FinetunedSettings
from competition.settings.load import load_settings
from competition.training.fit import fit
from competition.training.fold_data import FoldData, load_fold

UPRIGHT = np.eye(8)[0]  # as epochs are scored: without test-time augmentation
KEEP = ("best", "last")


def scored(data: FoldData, labels: np.ndarray, member: FinetunedSettings, folder: Path) -> tuple[float, float]:
    """Return the test-like score of the kept epoch on its fold, and on the holdout, whose labels (H,) are given."""
    targets = tuple(read_classes(paths.CLASSES))
    network, normalise = create_network(member, len(targets), member.seed)
    result = fit(network, normalise, data, member, folder / f"{member.keep}-{member.seed}.pt", targets=targets)
    rows = data.holdout_rows["holdout_test_like"]
    probabilities = predict_proba(network, normalise, data.store, rows, member.size, member.precision, UPRIGHT)
    return result.best_score, data.metric.sign * plain_score(data.metric, labels, probabilities, data.several)


def standard_error(values: list[float]) -> float:
    return float(np.std(values, ddof=1) / math.sqrt(len(values))) if len(values) > 1 else math.nan


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True, help="of states: a stopped run goes on")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--member", default="lite0")
    parser.add_argument("--epochs", type=int, help="the member's, if not given")
    given = parser.parse_args()
    everything = load_settings()
    folds, targets = read_folds(paths.FOLDS), tuple(read_classes(paths.CLASSES))
    base, found = everything.members[given.member], {keep: [] for keep in KEEP}
    for fold in everything.split.folds:
        data = load_fold(
            fold, folds, targets, paths.AUGMENTED_STORE, paths.TEST_RESIZED_STORE, make_metric(everything.task)
        )
        if not data.holdout_ids:
            raise SystemExit("no holdout: set split.holdout in params.yaml and run the stages again")
        labels = encode(folds.set_index("ID").target.loc[data.holdout_ids].tolist(), targets, False)
        for seed in given.seeds:
            for keep in KEEP:
                changed = {"keep": keep, "seed": seed, "patience": None, "soup": 1, "score_every": 1}
                member = base.model_copy(update=changed | ({"epochs": given.epochs} if given.epochs else {}))
                folder = given.folder / str(fold)
                folder.mkdir(parents=True, exist_ok=True)
                found[keep].append(scored(data, labels, member, folder))
                print(f"fold {fold} seed {seed} {keep}: fold %.4f holdout %.4f" % found[keep][-1], flush=True)
    told = {}
    for keep, pairs in found.items():
        optimism = [here - there for here, there in pairs]
        here, there = np.mean(pairs, axis=0)
        told[keep] = {
            "fold": round(float(here), 4),
            "holdout": round(float(there), 4),
            "optimism": round(float(np.mean(optimism)), 4),
            "standard_error": round(standard_error(optimism), 4),
        }
    gain = [best - last for (_, best), (_, last) in zip(found["best"], found["last"], strict=True)]
    extra = {"gain": round(float(np.mean(gain)), 4), "gain_standard_error": round(standard_error(gain), 4)}
    print(json.dumps(told | extra | {"networks": len(gain)}))


if __name__ == "__main__":
    main()
