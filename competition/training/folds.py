"""What one fold trains on and is scored on, as rows of the packed stores."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from competition.shards import ImageStore
from competition.splitting import check_no_leak


@dataclass(frozen=True)
class FoldData:
    """Rows and labels of one fold; labels are class indices, N training and V validation images."""

    store: ImageStore
    test_store: ImageStore
    train_labels: np.ndarray  # (N,)
    train_rows: tuple[np.ndarray, ...]  # N arrays: each image's clean square, then its damaged copies
    valid_ids: list[str]  # V
    valid_labels: np.ndarray  # (V,)
    valid_rows: dict[str, np.ndarray]  # "clean" and "test_like": (V,)
    test_ids: list[str]

    def only(self, classes: list[int]) -> "FoldData":
        """Return the fold with only the images of `classes`, relabelled 0, 1, ... in that order; the test set is whole."""
        position = {label: index for index, label in enumerate(classes)}
        train = np.flatnonzero(np.isin(self.train_labels, classes))
        valid = np.flatnonzero(np.isin(self.valid_labels, classes))
        return FoldData(
            self.store, self.test_store,
            np.array([position[label] for label in self.train_labels[train]], np.int64),
            tuple(self.train_rows[index] for index in train),
            [self.valid_ids[index] for index in valid],
            np.array([position[label] for label in self.valid_labels[valid]], np.int64),
            {view: rows[valid] for view, rows in self.valid_rows.items()}, self.test_ids)


def load_fold(fold: int, folds: pd.DataFrame, targets: tuple[str, ...], store: Path | str, test_store: Path | str) -> FoldData:
    """Return fold number `fold` of `folds` (ID, target, fold, group), its images looked up in the packed stores.

    Raises ValueError if a group stands on both sides, if an image is missing from the store, or if a side is empty.
    """
    packed, test = ImageStore(store), ImageStore(test_store)
    views = pd.DataFrame({name: packed.column(name) for name in ("source_id", "target", "view", "copy")})
    views["row"] = np.arange(len(views))
    training, validation = folds[(folds.fold != fold) & (folds.fold >= 0)], folds[folds.fold == fold]
    if training.empty or validation.empty:
        raise ValueError(f"folds/folds.csv: fold {fold} has {len(training)} training and {len(validation)} validation images")
    check_no_leak(training.group, validation.group)
    label = {target: index for index, target in enumerate(targets)}
    views_to_train_on = zip(_rows(views, "clean", training.ID), _copies(views, training.ID), strict=True)
    return FoldData(
        packed, test, training.target.map(label).to_numpy(np.int64),
        tuple(np.concatenate([[clean], copies]) for clean, copies in views_to_train_on),
        validation.ID.tolist(), validation.target.map(label).to_numpy(np.int64),
        {view: _rows(views, view, validation.ID) for view in ("clean", "test_like")}, test.column("source_id"))


def _rows(views: pd.DataFrame, view: str, ids: pd.Series) -> np.ndarray:
    rows = views[views["view"] == view].set_index("source_id")["row"].reindex(ids)
    _check_none_missing(view, rows.index[rows.isna()])
    return rows.to_numpy(np.int64)


def _copies(views: pd.DataFrame, ids: pd.Series) -> list[np.ndarray]:
    """Return the rows of each image's copies, in order; all images of a class have equally many, or some are missing."""
    copies = views[views["view"] == "train"].sort_values("copy").groupby("source_id")
    rows, last = copies["row"].agg(np.array), copies["copy"].max()
    target = views.drop_duplicates("source_id").set_index("source_id")["target"]
    expected = (last + 1).groupby(target, dropna=False).transform("max")
    whole = rows.map(len) == expected
    _check_none_missing("train", pd.Index([id for id in ids if not whole.get(id, False)]))
    return [rows[id] for id in ids]


def _check_none_missing(view: str, missing: pd.Index) -> None:
    if len(missing):
        raise ValueError(f"data/augmented.arrow: no {view} view of {len(missing)} IDs of folds/folds.csv: {missing[:5].tolist()}; "
                         "run dvc repro")
