"""folds/shift.csv: how far clean, test-like and fitted images are from the test images, feature by feature.

`python -m pipelines.fit_augmentation` writes it; until then it is absent, or has a header only.
"""

from pathlib import Path

import pandas as pd

from competition.common.csv import write_frame

DECIMALS = 4


def write_shift(path: Path | str, table: pd.DataFrame) -> None:
    """Write `table` (see `GapMeasure.table`) as CSV."""
    write_frame(path, table.round(DECIMALS))


def read_shift(path: Path | str) -> pd.DataFrame | None:
    """Table as `write_shift` wrote it, `feature` str and the rest float64; None while no policy was fitted."""
    if not Path(path).is_file():
        return None
    shift = pd.read_csv(path, encoding="utf-8")
    return None if shift.empty else shift
