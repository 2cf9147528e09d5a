"""Summary of the data, its problems, and the shift between train and test: folds/audit.json."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from competition.audit.domain_shift import STATISTICS, table, train_test_auc
from competition.audit.duplicate_table import of_sets
from competition.audit.duplicates import Duplicates
from competition.audit.near_duplicates import CONTRAST
from competition.audit.problem_files import is_packed
from competition.common.files import read_json
from competition.data.class_spellings import classes_alike
from competition.data.competition import Competition
from competition.data.label_sets import split_labels

TINY = 32  # pixels of the shorter side; what is smaller can hardly be read
LEAST = 10  # images of each set, without which the shift isn't measured


def summary(competition: Competition, facts: list[dict], duplicates: Duplicates, compared: bool = True) -> dict:
    """Return the audit of `facts` (see audit.scan.Packer), all of train and test, in plain JSON types.

    compared: whether train may be held against test.
    """
    read = {name: [fact for fact in facts if fact["set"] == name and is_packed(fact)] for name in ("train", "test")}
    names = zip(competition.targets, competition.class_names, strict=True)
    split = split_labels if competition.task.several else lambda target: (target,)
    classes = [
        {"target": target, "class_name": name}
        | _sizes([fact for fact in read["train"] if target in split(fact["target"])])
        for target, name in names
    ]
    return {name: _of_set([fact for fact in facts if fact["set"] == name], there) for name, there in read.items()} | {
        "classes": classes,
        "classes_alike": classes_alike({row["target"]: row["images"] for row in classes}, competition.target2class),
        "duplicates": _of_duplicates(duplicates, compared),
        "train_against_test": _shift(read["train"], read["test"]) if compared else None,
    }


def read_audit(path: Path | str) -> dict:
    """What `summary` found, as stage `prepare` wrote it to `path`, folds/audit.json. Raises FileNotFoundError."""
    if not Path(path).is_file():
        raise FileNotFoundError(f"{path}: not found; `dvc repro` makes it (stage prepare)")
    return read_json(path)


def _of_set(facts: list[dict], read: list[dict]) -> dict:
    kinds = [fact.get("kind") for fact in facts]
    return {
        "unreadable": kinds.count("unreadable"),
        "unusable_boxes": kinds.count("box"),
        "damaged": [fact["ID"] for fact in facts if fact.get("kind") == "damaged"],
        "several_pages": [fact["ID"] for fact in read if fact.get("pages", 1) > 1],
        **_sizes(read),
        "blank": [fact["ID"] for fact in read if fact["contrast"] < CONTRAST],
        "tiny": [fact["ID"] for fact in read if min(fact["height"], fact["width"]) < TINY],
    }


def _sizes(facts: list[dict]) -> dict:
    """Return the number of images, and of their height and width in pixels the smallest, the middle and the largest."""
    spread = {
        side: np.quantile([fact[side] for fact in facts], [0, 0.5, 1]).astype(int).tolist() if facts else None
        for side in ("height", "width")
    }
    return {"images": len(facts)} | spread


def _of_duplicates(duplicates: Duplicates, compared: bool) -> dict:
    """compared: whether the test images were looked at too; else nothing is said of them."""
    pairs = duplicates.table
    wrong = pairs[pairs["targets_differ"]]
    return {
        "within_train": _counts(of_sets(pairs, "train", "train")),
        "within_test": _counts(of_sets(pairs, "test", "test")) if compared else None,
        "train_and_test": _counts(of_sets(pairs, "train", "test")) if compared else None,
        "different_targets": [
            {
                "kind": row.kind,
                "similarity": row.similarity,
                "IDs": [row.ID, row.other_ID],
                "targets": [row.target, row.other_target],
            }
            for row in wrong.itertuples()
        ],
        "images_with_too_many_look_alikes": duplicates.crowded,
    }


def _counts(pairs: pd.DataFrame) -> dict:
    """Return how many images, and how many pairs, there are of each kind."""
    result = {}
    for kind in ("exact", "near"):
        some = pairs[pairs["kind"] == kind]
        ends = [*zip(some["set"], some["ID"], strict=True), *zip(some["other_set"], some["other_ID"], strict=True)]
        result |= {f"{kind}_images": len(set(ends)), f"{kind}_pairs": len(some)}
    return result


def _shift(train: Sequence[dict], test: Sequence[dict]) -> dict | None:
    measured = [np.array([fact["statistics"] for fact in facts if "statistics" in fact]) for facts in (train, test)]
    if min(map(len, measured)) < LEAST:
        return None
    features = table(*measured, list(STATISTICS)).round(4).to_dict("records")
    return {
        "train_images": len(measured[0]),
        "test_images": len(measured[1]),
        "auc": round(train_test_auc(*measured, seed=0), 4),
        "features": features,
    }
