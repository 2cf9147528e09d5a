"""K-fold split, stratified and grouped: `python -m pipelines.split` (stage `split`).

Reads data/train.arrow and folds/duplicates.csv, makes folds/folds.csv: ID,target,fold,group. Duplicates, exact and
near, are one group with each other and with the group that train.csv gives them, and never on both sides.
"""

from time import perf_counter

import pandas as pd

from competition.audit.duplicate_table import of_sets, read_duplicates
from competition.common import paths
from competition.data.image_store import ImageStore
from competition.folds.leakage import check_folds
from competition.folds.split import HOLDOUT, check_learnable, joined_groups, make_folds, scarce_classes, write_folds
from competition.settings.load import load_settings
from pipelines._main import log, run


def main() -> None:
    settings = load_settings().split
    began = perf_counter()
    store = ImageStore(paths.TRAIN_STORE)
    folds = pd.DataFrame({"ID": store.column("id"), "target": store.column("target")})
    pairs = of_sets(read_duplicates(paths.DUPLICATES), "train", "train")
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
    write_folds(paths.FOLDS, folds)
    seen = folds[folds["fold"] >= 0]
    for warning in scarce_classes(seen["target"].tolist(), seen["group"].tolist(), n_splits):
        log("warning: few images", problem=warning)
    sizes = "/".join(str((folds["fold"] == k).sum()) for k in settings.folds)
    log(
        "split",
        path=paths.FOLDS,
        images=len(folds),
        groups=folds["group"].nunique(),
        folds=sizes,
        holdout=len(folds) - len(seen),
        seconds=round(perf_counter() - began, 1),
    )


if __name__ == "__main__":
    run(main)
