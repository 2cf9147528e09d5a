"""Seconds of the stage `ensemble` on made-up predictions, beside those of `vote`: `python
tests/benchmarks/ensembles.py`.

10 members that err on much the same images, 5 folds, 17 classes, 1,570 training and 3,140 test images, as in the
published competition. Prints wall-clock and processor seconds of both.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd

from competition.data.predictions import Predictions, save_predictions

ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("members", 10), ("folds", 5), ("classes", 17), ("train", 1570), ("test", 3140)):
        parser.add_argument(f"--{name}", type=int, default=default)
    size = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_project(folder, size)
        (vote, vote_cpu), (ensemble, ensemble_cpu) = (run(folder, stage) for stage in ("vote", "ensemble"))
    print(
        f"vote {vote:.1f} s ({vote_cpu:.1f} of a processor), ensemble {ensemble:.1f} s ({ensemble_cpu:.1f}): "
        f"{ensemble_cpu / vote_cpu:.2f} times vote's"
    )


def make_project(folder: Path, size: argparse.Namespace) -> None:
    generator = np.random.default_rng(0)
    targets = tuple(map(str, range(size.classes)))
    (folder / "data/raw").mkdir(parents=True)
    train = pd.DataFrame(
        {
            "ID": [f"a{n:05d}" for n in range(size.train)],
            "target": generator.permutation(np.resize(targets, size.train)),
        }
    )
    test = pd.DataFrame({"ID": [f"b{n:05d}" for n in range(size.test)], "target": generator.choice(targets, size.test)})
    train.to_csv(folder / "data/raw/train.csv", index=False)
    test.assign(target="0").to_csv(folder / "data/raw/sample_submission.csv", index=False)
    members = [f"m{m}" for m in range(size.members)]
    (folder / "params.yaml").write_text(
        json.dumps(
            {
                "split": {"folds": list(range(size.folds))},
                "train": {"members": members},
                "specialize": {"base": members[:1]},
                "members": {name: {"kind": "finetuned"} for name in members},
            }
        )
    )
    folds = train.assign(fold=np.arange(size.train) % size.folds, group=train["ID"])
    (folder / "folds").mkdir()
    folds.to_csv(folder / "folds/folds.csv", index=False)
    (folder / "folds/audit.json").write_text("{}")
    for name in ("train", "test"):
        (folder / f"data/{name}.arrow").write_bytes(b"0" * 100_000_000)
    (folder / "submissions/external").mkdir(parents=True)
    # what one can't tell, others can't either
    shared = {id_: generator.normal(size=size.classes) for id_ in [*train["ID"], *test["ID"]]}
    for number, member in enumerate(members):
        for k in range(size.folds):
            own = folds[folds["fold"] == k]
            parts = {"clean": (own, 4.0), "test_like": (own, 3 + 0.05 * number), "test": (test, 3 + 0.05 * number)}
            conditions = {
                condition: predict(part, targets, skill, 1 + number % 3, shared, generator)
                for condition, (part, skill) in parts.items()
            }
            write(folder, member, k, conditions, {})
    for k in range(size.folds):
        (folder / "folds/scores/specialist").mkdir(parents=True, exist_ok=True)
        (folder / f"folds/scores/specialist/{k}.json").write_text(json.dumps({"hard_classes": []}))


def predict(
    images: pd.DataFrame,
    targets: tuple[str, ...],
    skill: float,
    sharpness: float,
    shared: dict[str, np.ndarray],
    generator: np.random.Generator,
) -> Predictions:
    y_true = images["target"].map(targets.index).to_numpy()
    logits = np.stack([shared[id_] for id_ in images["ID"]]) + 0.5 * generator.normal(size=(len(images), len(targets)))
    logits[np.arange(len(y_true)), y_true] += skill
    values = np.exp(logits * sharpness)
    return Predictions(images["ID"].tolist(), values / values.sum(axis=1, keepdims=True), targets)


def write(folder: Path, member: str, fold: int, conditions: dict[str, Predictions], facts: dict) -> None:
    save_predictions(folder / f"folds/predictions/{member}/{fold}.npz", conditions)
    for kind in ("scores", "weights"):
        (folder / f"folds/{kind}/{member}").mkdir(parents=True, exist_ok=True)
    (folder / f"folds/scores/{member}/{fold}.json").write_text(
        json.dumps({"train_seconds": 60, "predict_seconds": 6} | facts)
    )
    (folder / f"folds/weights/{member}/{fold}.safetensors").write_bytes(b"0" * 14_000_000)


def run(folder: Path, stage: str) -> tuple[float, float]:
    began, used = perf_counter(), processor_seconds()
    subprocess.run([sys.executable, "-m", f"pipelines.{stage}"], cwd=folder, env={"PYTHONPATH": str(ROOT)}, check=True)
    return perf_counter() - began, processor_seconds() - used


def processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
