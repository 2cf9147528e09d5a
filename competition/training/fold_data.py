"""Data of one fold: rows of the packed stores to train on, to score and to predict, checked for leakage."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from competition.common import paths
from competition.common.errors import examples
from competition.data.image_store import ImageStore
from competition.data.label_sets import encode
from competition.data.metadata import Metadata
from competition.data.predictions import CONDITIONS, OUT_OF_FOLD, SEVERE
from competition.folds.leakage import HOLDOUT_PREFIX, check_apart, check_packed_images
from competition.folds.split import HOLDOUT
from competition.metrics.metric import Metric


@dataclass(frozen=True)
class FoldData:
    """Rows and labels of one fold; N training, V validation and H holdout images.

    Labels are encoded as in `data.label_sets`: class indices, or with `several` rows of 0 and 1, (N, C) and (V, C).
    The holdout is predicted and never scored: its labels are not here.
    """

    store: ImageStore
    test_store: ImageStore
    train_labels: np.ndarray  # (N,)
    train_rows: tuple[np.ndarray, ...]  # N arrays: each image's clean square, then its damaged copies
    valid_ids: list[str]  # V
    valid_labels: np.ndarray  # (V,)
    valid_rows: dict[str, np.ndarray]  # "clean", "test_like" and, predicted and never scored, "severe": (V,)
    holdout_ids: list[str]  # H
    holdout_rows: dict[str, np.ndarray]  # "holdout_clean" and "holdout_test_like": (H,); empty without a holdout
    test_ids: list[str]
    metric: Metric  # that scores the validation images
    several: bool = False  # whether an image may have several labels
    train_groups: tuple[str, ...] = ()  # N, of the split: what must not be divided within the training images either
    metadata: Metadata | None = None  # for members that need it
    barred: frozenset[str] = frozenset()  # test images that show what is scored too: not to be learnt from
    taught: np.ndarray | None = None  # (rows of store, C) float32: probabilities, learnt in the labels' place

    def shown_rows(self, augmented: bool) -> Sequence[np.ndarray]:
        """Return N arrays, the rows that training shows of each image: with its copies, or its clean square alone."""
        return self.train_rows if augmented else [rows[:1] for rows in self.train_rows]

    def only(self, classes: list[int]) -> "FoldData":
        """Return the fold with the images of `classes` only, relabelled 0, 1, ...; holdout and test set stay whole.

        For images of one label each.
        """
        assert not self.several and self.taught is None
        position = {label: index for index, label in enumerate(classes)}
        train = np.flatnonzero(np.isin(self.train_labels, classes))
        valid = np.flatnonzero(np.isin(self.valid_labels, classes))
        return replace(
            self,
            train_labels=np.array([position[label] for label in self.train_labels[train]], np.int64),
            train_rows=tuple(self.train_rows[index] for index in train),
            train_groups=tuple(self.train_groups[index] for index in train if self.train_groups),
            valid_ids=[self.valid_ids[index] for index in valid],
            valid_labels=np.array([position[label] for label in self.valid_labels[valid]], np.int64),
            valid_rows={condition: rows[valid] for condition, rows in self.valid_rows.items()},
        )


def load_fold(
    fold: int | None,
    folds: pd.DataFrame,
    targets: tuple[str, ...],
    store: Path | str,
    test_store: Path | str,
    metric: Metric,
    several: bool = False,
    metadata: Metadata | None = None,
) -> FoldData:
    """Return fold number `fold` of `folds` (ID, target, fold, group), its images looked up in the packed stores.

    None: the images of all folds are trained on, and none is scored.

    several: whether a target may name several labels. metadata: of all images, for a member that needs it.

    Raises LeakError if a group or a source stands on two sides (training, validation, holdout) or a packed image is not
    its source's; ValueError if an image is missing from the store, or if a side is empty.
    """
    images, test = ImageStore(store), ImageStore(test_store)
    packed = pd.DataFrame({name: images.column(name) for name in ("id", "source_id", "target", "view", "copy")})
    packed["row"] = np.arange(len(packed))
    training, validation, holdout = _sides(fold, folds)
    check_packed_images(packed, dict(zip(folds.ID, folds.target, strict=True)), str(store))
    clean, copies = _rows(packed, "clean", training.ID, store), _copies(packed, training.ID, store)
    severe = (packed["view"] == SEVERE).any()  # an upright look's store has none
    shown = () if fold is None else OUT_OF_FOLD if severe else CONDITIONS
    data = FoldData(
        images,
        test,
        encode(training.target, targets, several),
        tuple(np.concatenate([[row], rows]) for row, rows in zip(clean, copies, strict=True)),
        validation.ID.tolist(),
        encode(validation.target, targets, several),
        {name: _rows(packed, name, validation.ID, store) for name in shown},
        holdout.ID.tolist(),
        {HOLDOUT_PREFIX + name: _rows(packed, name, holdout.ID, store) for name in CONDITIONS if len(holdout)},
        test.column("source_id"),
        metric,
        several,
        tuple(training.group),
        metadata,
    )
    _check_sources(data, packed["source_id"].to_numpy(), str(store))
    return data


def bar_copies(data: FoldData, duplicates: pd.DataFrame) -> FoldData:
    """Return `data` with the test images barred that are duplicates of its validation images or of the holdout's.

    duplicates: the rows of folds/duplicates.csv. Trained on, such a copy would be scored on what it has seen.
    """
    scored = {*data.valid_ids, *data.holdout_ids}
    ends = (("set", "ID"), ("other_set", "other_ID"))
    barred = {
        pair[other_id]
        for pair in duplicates.to_dict("records")
        for (a_set, an_id), (other_set, other_id) in (ends, ends[::-1])
        if pair[a_set] == "train" and pair[other_set] == "test" and pair[an_id] in scored
    }
    return replace(data, barred=frozenset(barred))


def _sides(fold: int | None, folds: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return the rows of `folds` to train on, to score, and of the holdout, no group on two of these sides."""
    sides = {
        "training": folds[~folds.fold.isin([HOLDOUT, fold])],
        "validation": folds[(folds.fold == fold) & (folds.fold >= 0)],
        "holdout": folds[folds.fold == HOLDOUT],
    }
    training, validation, holdout = sides.values()
    if training.empty or (validation.empty and fold is not None):
        raise ValueError(
            f"{paths.FOLDS}: fold {fold} has {len(training)} training and {len(validation)} validation images"
        )
    check_apart("groups", {side: rows.group for side, rows in sides.items()}, str(paths.FOLDS))
    return training, validation, holdout


def _check_sources(data: FoldData, sources: np.ndarray, where: str) -> None:
    """Raise LeakError if a row that is trained on shows an image that is scored, or one of the holdout."""
    validation, holdout = data.valid_rows.values(), data.holdout_rows.values()
    sides = {"training": data.train_rows, "validation": validation, "holdout": holdout}
    check_apart(
        "source IDs",
        {side: sources[np.concatenate([*rows, np.empty(0, np.int64)])] for side, rows in sides.items()},
        where,
    )


def _rows(packed: pd.DataFrame, condition: str, ids: pd.Series, store: Path | str) -> np.ndarray:
    rows = packed[packed["view"] == condition].set_index("source_id")["row"].reindex(ids)
    _check_none_missing(store, condition, rows.index[rows.isna()])
    return rows.to_numpy(np.int64)


def _copies(packed: pd.DataFrame, ids: pd.Series, store: Path | str) -> list[np.ndarray]:
    """Return the rows of each image's copies, in order; where images of a class have different numbers, some miss."""
    copies = packed[packed["view"] == "train"].sort_values("copy").groupby("source_id")
    rows, last = copies["row"].agg(np.array), copies["copy"].max()
    target = packed.drop_duplicates("source_id").set_index("source_id")["target"]
    expected = (last + 1).groupby(target, dropna=False).transform("max")
    whole = rows.map(len) == expected
    _check_none_missing(store, "train", pd.Index([id for id in ids if not whole.get(id, False)]))
    return [rows[id] for id in ids]


def _check_none_missing(store: Path | str, kind: str, missing: pd.Index) -> None:
    if len(missing):
        raise ValueError(
            f"{store}: no {kind} image of {len(missing)} IDs of {paths.FOLDS}: {examples(missing)}; run `dvc repro`"
        )
