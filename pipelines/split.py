"""Decides who is scored by whom: `python -m pipelines.split` (stage `split`).

Reads data/train.arrow and folds/duplicates.csv, makes folds/folds.csv: ID,target,fold,group. Duplicates, exact and
near, are one group with each other and with the group that train.csv gives them, and never on both sides.
"""

from time import perf_counter

import pandas as pd

from competition.audit.duplicate_table import of_sets, read_duplicates
from competition.data.image_store import ImageStore
from competition.folds.leakage import check_folds
from competition.folds.split import HOLDOUT, joined_groups, make_folds, scarce_classes, write_folds
from competition.settings.load import load_settings
from pipelines._main import log, run


def main() -> None:
    settings = load_settings().split
    began = perf_counter()
    store = ImageStore("data/train.arrow")
    folds = pd.DataFrame({"ID": store.column("id"), "target": store.column("target")})
    pairs = of_sets(read_duplicates("folds/duplicates.csv"), "train", "train")
    folds["group"] = joined_groups(
        folds["ID"].tolist(), zip(pairs["ID"], pairs["other_ID"], strict=True), store.column("group")
    )
    n_splits = len(settings.folds)
    folds["fold"] = make_folds(
        folds["ID"].tolist(),
        folds["target"].tolist(),
        folds["group"].tolist(),
        n_splits,
        settings.seed,
        settings.holdout,
    )
    if settings.holdout and not (folds["fold"] == HOLDOUT).any():
        raise ValueError(
            f"split.holdout: {settings.holdout:g} of each class's few images comes to none at all; take a larger "
            "share, or 0"
        )
    check_folds(folds)
    check_learnable(folds, settings.folds)
    write_folds("folds/folds.csv", folds)
    seen = folds[folds["fold"] >= 0]
    for warning in scarce_classes(seen["target"].tolist(), seen["group"].tolist(), n_splits):
        log("warning: few images", problem=warning)
    sizes = "/".join(str((folds["fold"] == k).sum()) for k in settings.folds)
    log(
        "split",
        path="folds/folds.csv",
        images=len(folds),
        groups=folds["group"].nunique(),
        folds=sizes,
        holdout=len(folds) - len(seen),
        seconds=round(perf_counter() - began, 1),
    )


def check_learnable(folds: pd.DataFrame, numbers: tuple[int, ...]) -> None:
    """Refuse folds that a network can't be trained for: all training images of one class."""
    for number in numbers:
        taught = folds[(folds["fold"] >= 0) & (folds["fold"] != number)]
        if taught["target"].nunique() < 2:
            alone = sorted(set(folds.loc[folds["fold"] == number, "target"]) - set(taught["target"]))
            raise ValueError(
                f"fold {number} would be trained on images of one class: all of class {', '.join(alone)} belong "
                "together (one "
                "group, or copies of one another: folds/duplicates.csv) and are scored there; add independent images "
                "of it"
            )


if __name__ == "__main__":
    run(main)
