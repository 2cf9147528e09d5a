"""K-fold split, stratified and grouped: `python -m pipelines.split` (stage `split`).

Reads data/train.arrow, folds/classes.csv, folds/duplicates.csv and train.csv, makes folds/folds.csv,
ID,target,fold,group, and folds/unscored.csv, ID: images that no fold scores. Duplicates, exact and near, are one group
with each other and with the group that train.csv gives them, and never on both sides. A column `fold` of train.csv is
the split, as it is.
"""

from pathlib import Path
from time import perf_counter

import numpy as np
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
from competition.folds.unscored import write_unscored
from competition.settings.load import load_settings
from competition.settings.params import Settings
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
    folds["fold"], given = _all_folds(folds, everything, several)
    folds.loc[folds["fold"] >= len(settings.folds), "fold"] = UNSCORED
    check_folds(folds)
    check_held_out(paths.HOLDOUT_SEEN, folds)
    check_learnable(folds, settings.folds, several)
    write_folds(paths.FOLDS, folds)
    write_unscored(paths.UNSCORED, folds)
    seen = folds[folds["fold"] != HOLDOUT]
    for warning in scarce_classes(seen["target"].tolist(), seen["group"].tolist(), settings.k, several):
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


def _all_folds(folds: pd.DataFrame, everything: Settings, several: bool) -> tuple[np.ndarray, bool]:
    """Return (N,) each image's fold of all K, as train.csv gives it or made here, and whether it is given."""
    settings = everything.split
    ids, targets, groups = (folds[name].tolist() for name in ("ID", "target", "group"))
    given = read_given_folds(everything.competition)
    if not given:
        columns, scored = (ids, targets, groups), len(settings.folds)
        made = make_folds(*columns, settings.k, settings.seed, settings.holdout, several, unscored=True, scored=scored)
        if settings.holdout and not (made == HOLDOUT).any():
            raise ValueError(
                f"split.holdout: {settings.holdout:g} of each class's few images comes to none at all; take a larger "
                "share, or 0"
            )
        return made, False
    given = spread_over_free_folds(ids, targets, groups, given, settings.k, settings.seed, several)
    used = use_given_folds(ids, groups, given, settings.k, str(Path(everything.competition.root) / "train.csv"))
    if settings.holdout:
        raise ValueError(
            f"split.holdout: {settings.holdout:g}, but train.csv gives the folds; write fold -1 there for a "
            "holdout, and set split.holdout to 0"
        )
    return used, True


if __name__ == "__main__":
    run(main, use=Use.PACK)
