"""A tiny project after the stage `specialize`, made up: what the tests of the stages `vote` and `ensemble` share."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from competition.audit.duplicate_table import COLUMNS, write_duplicates
from competition.data.classes import write_classes
from competition.data.image_store import write_rows
from competition.data.predictions import Predictions, load_predictions, save_predictions
from pipelines import split

TARGETS = ("2", "10", "x")
PARAMS = """
split: {folds: [0, 1, 2], holdout: 0.1}
train: {members: [lite0, features, grey]}
specialize: {mode: replace}
ensemble: {top: 3, resamples: 100}
"""


def write_project(params=PARAMS):
    """Make the current folder a project after the stage `specialize`, with folds made by `split`."""
    Path("params.yaml").write_text(params)
    raw = Path("data/raw")
    raw.mkdir(parents=True)
    rows = [{"id": f"{n:03d}", "target": TARGETS[n % 3], "image": b""} for n in range(40)]
    write_rows("data/train.arrow", rows)
    write_rows("data/test.arrow", rows[:1])
    pairs = [["train", "000", "2", "train", "003", "2", False], ["train", "001", "10", "test", "t01", "", False]]
    write_duplicates("folds/duplicates.csv", pd.DataFrame([["near", 0.97, *pair] for pair in pairs], columns=COLUMNS))
    names = dict(zip(TARGETS, ("two", "ten", "ex"), strict=True))
    write_classes("folds/classes.csv", [{"target": key, "class_name": names[key], "images": 13} for key in TARGETS])
    Path("folds/audit.json").write_text("{}")
    train = "".join(f"{row['id']},{row['target']}\n" for row in rows)
    (raw / "train.csv").write_text("ID,target\n" + train)
    (raw / "sample_submission.csv").write_text("ID,target\n" + "".join(f"t{n:02d},2\n" for n in reversed(range(12))))
    (raw / "meta.csv").write_text("target,class_name\n2,two\n10,ten\nx,ex\n")
    split.main()
    folds = pd.read_csv("folds/folds.csv", dtype=str)
    for member, skill in (("lite0", 0.25), ("features", 0.2), ("grey", 0.02)):
        for k in range(3):
            write_fold(member, k, folds[folds["fold"] == str(k)], skill, folds[folds["fold"] == "-1"])
    for k in range(3):
        write_specialist(k)


def write_fold(member, k, validation, skill, holdout=None):
    generator = np.random.default_rng([len(member), k])

    def part(ids, y_true):
        noise = generator.dirichlet(np.ones(3), len(ids))
        return Predictions(list(ids), skill * np.eye(3)[y_true] + (1 - skill) * noise, TARGETS)

    y_true = [TARGETS.index(target) for target in validation["target"]]
    test = [f"t{n:02d}" for n in range(12) if n != 5]  # t05 could not be read
    parts = {view: part(validation["ID"], y_true) for view in ("clean", "test_like")}
    parts["test"] = part(test, generator.integers(3, size=11))
    parts["severe"] = parts["test_like"]
    if holdout is not None:
        truth = [TARGETS.index(target) for target in holdout["target"]]
        parts |= {f"holdout_{view}": part(holdout["ID"], truth) for view in ("clean", "test_like")}
    save_predictions(f"folds/predictions/{member}/{k}.npz", parts)
    write_scores(member, k)


def write_specialist(k):
    """What a specialist for "2" and "x" leaves: it is asked only where lite0 answers with one of them."""
    base = [load_predictions(f"folds/predictions/lite0/{j}.npz") for j in range(3)]
    votes = {view: base[k][view].probabilities for view in ("clean", "test_like", "severe")}
    for view in ("test", "holdout_clean", "holdout_test_like"):
        votes[view] = np.mean([fold[view].probabilities for fold in base], axis=0)
    generator = np.random.default_rng([99, k])
    parts = {}
    for view, probabilities in votes.items():
        ids = base[k][view].ids[probabilities.argmax(axis=1) != TARGETS.index("10")]
        parts[view] = Predictions(ids, generator.dirichlet(np.ones(2), len(ids)), ("2", "x"))
    save_predictions(f"folds/predictions/specialist/{k}.npz", parts)
    write_scores("specialist", k, hard_classes=["2", "x"])


def write_scores(member, k, **facts):
    scores = {
        "member": member,
        "fold": k,
        "kind": "grey",
        "metric": "f1_macro",
        "score": {},
        "train_seconds": 10 + k,
        "predict_seconds": 1,
    }
    Path(f"folds/scores/{member}").mkdir(parents=True, exist_ok=True)
    Path(f"folds/scores/{member}/{k}.json").write_text(json.dumps(scores | facts))
    weights = Path(f"folds/weights/{member}/{k}.safetensors")
    weights.parent.mkdir(parents=True, exist_ok=True)
    weights.write_bytes(b"0" * {"grey": 10, "features": 200, "lite0": 9000, "specialist": 8000}[member])


def answers(path, column="target"):
    return pd.read_csv(path, dtype=str).set_index("ID")[column]
