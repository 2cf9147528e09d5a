"""Images that no fold scores, folds/unscored.csv: training needs no test-like ones of them.

Apart from folds.csv, so that images are damaged anew only where this changes, and not with every other split.
"""

from pathlib import Path

import pandas as pd

from competition.common.csv import read_frame, write_frame
from competition.folds.split import UNSCORED


def unscored_ids(folds: pd.DataFrame) -> frozenset[str]:
    """Return the IDs of the images that `folds` (ID, target, fold, group) has in no fold and not in the holdout."""
    return frozenset(folds.loc[folds["fold"] == UNSCORED, "ID"])


def write_unscored(path: Path | str, folds: pd.DataFrame) -> None:
    """Write the `unscored_ids` of `folds`."""
    write_frame(path, pd.DataFrame({"ID": sorted(unscored_ids(folds))}, dtype=str))


def read_unscored(path: Path | str) -> frozenset[str]:
    """Return the IDs in the file at `path`. Raises FileNotFoundError, or ValueError for other contents."""
    return frozenset(read_frame(path, ["ID"], "split")["ID"])
