"""K-fold split, stratified and grouped: `python -m pipelines.split` (stage `split`).

Reads data/train.arrow, folds/classes.csv, folds/duplicates.csv and train.csv, makes folds/folds.csv:
ID,target,fold,group. Duplicates, exact and near, are one group with each other and with the group that train.csv gives
them, and never on both sides. A column `fold` of train.csv is the split, as it is.
"""

from pathlib import Path
from time import perf_counter

import pandas as pd

from competition.audit.duplicate_table import of_sets, read_duplicates
from competition.common import paths
from competition.common.locks import Use
from competition.data.classes import read_classes
from competition.data.given_folds import read_given_folds
from competition.data.image_store import ImageStore
from competition.data.label_sets import holds_several
from competition.folds.given import spread_over_free_folds, use_given_folds
from competition.folds.leakage import check_folds
from competition.folds.seen_images import check_held_out
from competition.folds.split import (
    HOLDOUT,
    UNSCORED,
    check_learnable,
    joined_groups,
    make_folds,
    scarce_classes,
    write_folds,
)
from competition.settings.load import load_settings
from pipelines._main import log, run


def main() -> None:
    everything = load_settings()
    settings = everything.split
    began = perf_counter()
    store = ImageStore(paths.TRAIN_STORE)
    folds = pd.DataFrame({"ID": store.column("id"), "target": store.column("target")})
    several = holds_several(folds["target"], tuple(read_classes(paths.CLASSES)))
    pairs = of_sets(read_duplicates(paths.DUPLICATES), "train", "train")
    folds["group"] = joined_groups(
        folds["ID"].tolist(), zip(pairs["ID"], pairs["other_ID"], strict=True), store.column("group")
    )
    n_splits = settings.k
    ids, targets, groups = (folds[name].tolist() for name in ("ID", "target", "group"))
    given = read_given_folds(everything.competition)
    if given:
        given = spread_over_free_folds(ids, targets, groups, given, n_splits, settings.seed, several)
        folds["fold"] = use_given_folds(
            ids, groups, given, n_splits, str(Path(everything.competition.root) / "train.csv")
        )
    else:
        seed, holdout = settings.seed, settings.holdout
        folds["fold"] = make_folds(ids, targets, groups, n_splits, seed, holdout, several, unscored=True)
    if given and settings.holdout:
        raise ValueError(
            f"split.holdout: {settings.holdout:g}, but train.csv gives the folds; write fold -1 there for a "
            "holdout, and set split.holdout to 0"
        )
    if settings.holdout and not (folds["fold"] == HOLDOUT).any():
        raise ValueError(
            f"split.holdout: {settings.holdout:g} of each class's few images comes to none at all; take a larger "
            "share, or 0"
        )
    folds.loc[folds["fold"] >= len(settings.folds), "fold"] = UNSCORED
    check_folds(folds)
    check_held_out(paths.HOLDOUT_SEEN, folds)
    check_learnable(folds, settings.folds, several)
    write_folds(paths.FOLDS, folds)
    seen = folds[folds["fold"] != HOLDOUT]
    for warning in scarce_classes(seen["target"].tolist(), seen["group"].tolist(), n_splits, several):
        log("warning: few images", problem=warning)
    sizes = "/".join(str((folds["fold"] == k).sum()) for k in settings.folds)
    log(
        "split as train.csv gives it" if given else "split",
        path=paths.FOLDS,
        images=len(folds),
        groups=folds["group"].nunique(),
        folds=sizes,
        never_scored=int((folds["fold"] == UNSCORED).sum()),
        holdout=len(folds) - len(seen),
        seconds=round(perf_counter() - began, 1),
    )


if __name__ == "__main__":
    run(main, use=Use.PACK)
