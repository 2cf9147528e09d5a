"""A fold's data: which rows are on which side, and what is refused."""

import numpy as np
import pytest
from makers.metrics import F1
from makers.packed import TARGETS, load, packed_competition

from competition.data.image_store import ImageStore, write_rows
from competition.training.fold_data import load_fold


def test_a_fold_knows_its_rows(folder, folds, data):
    store = ImageStore(folder / "augmented.arrow")
    ids, views, copies = (store.column(name) for name in ("source_id", "view", "copy"))
    training, validation = folds[folds.fold != 0], folds[folds.fold == 0]
    assert [rows.shape for rows in data.train_rows] == [(4,)] * len(
        training
    ) and data.valid_ids == validation.ID.tolist()
    assert [TARGETS[label] for label in data.train_labels] == training.target.tolist()
    for id, rows in zip(training.ID, data.train_rows, strict=True):
        assert [(ids[row], views[row], copies[row]) for row in rows] == [
            (id, "clean", 0),
            (id, "train", 0),
            (id, "train", 1),
            (id, "train", 2),
        ]
    for view, rows in data.valid_rows.items():
        assert [(ids[row], views[row]) for row in rows] == [(id, view) for id in validation.ID]
    assert not set(np.concatenate(data.train_rows)) & set(np.concatenate(list(data.valid_rows.values())))


def test_a_fold_whose_classes_have_unequal_copies(tmp_path):
    folds = packed_competition(tmp_path, copies=(1, 4, 2))
    data = load(tmp_path, folds)
    store = ImageStore(tmp_path / "augmented.arrow")
    ids, views, copies = (store.column(name) for name in ("source_id", "view", "copy"))
    for id, label, rows in zip(folds.ID[folds.fold != 0], data.train_labels, data.train_rows, strict=True):
        assert [(ids[row], views[row], copies[row]) for row in rows] == [
            (id, "clean", 0),
            *((id, "train", n) for n in range((1, 4, 2)[label])),
        ]
    hard = data.only([1])
    assert [len(rows) for rows in hard.train_rows] == [5] * len(hard.train_labels)


def test_the_holdout_is_on_no_side(folder, folds, held):
    data = held
    rows = {*np.concatenate(data.train_rows), *data.valid_rows["clean"], *data.valid_rows["test_like"]}
    ids = ImageStore(folder / "augmented.arrow").column("source_id")
    assert not {ids[row] for row in rows} & set(folds.ID[:6]) and len(data.train_labels) + len(data.valid_ids) == 18
    assert data.holdout_ids == folds.ID[:6].tolist()
    views = ImageStore(folder / "augmented.arrow").column("view")
    for view, own in data.holdout_rows.items():
        assert [(ids[row], f"holdout_{views[row]}") for row in own] == [(id, view) for id in data.holdout_ids]
    assert list(data.holdout_rows) == ["holdout_clean", "holdout_test_like"]
    hard = data.only([2])
    assert hard.holdout_ids is data.holdout_ids and hard.holdout_rows is data.holdout_rows


def test_what_no_fold_scores_is_trained_on_in_every_fold(folder, folds):
    ids = folds.ID[[0, 1, 2]].tolist()
    marked = folds.assign(fold=folds["fold"].where(~folds.ID.isin(ids), -2))
    for fold in sorted(set(folds.fold)):
        data = load(folder, marked, fold)
        sources = np.array(data.store.column("source_id"))
        assert set(ids) <= {sources[rows[0]] for rows in data.train_rows}
        assert data.valid_ids == folds.ID[(folds.fold == fold) & ~folds.ID.isin(ids)].tolist()
        assert not set(ids) & {*data.valid_ids, *data.holdout_ids}


def test_without_a_holdout_there_is_nothing_of_it(data):
    assert data.holdout_ids == [] and data.holdout_rows == {}


def test_only_keeps_and_relabels(data):
    hard = data.only([2, 0])
    kept = np.isin(data.train_labels, [0, 2])
    assert [{0: 1, 2: 0}[label] for label in data.train_labels[kept]] == hard.train_labels.tolist()
    assert [rows.tolist() for rows in hard.train_rows] == [data.train_rows[n].tolist() for n in np.flatnonzero(kept)]
    assert hard.test_ids == data.test_ids
    valid = np.flatnonzero(np.isin(data.valid_labels, [0, 2]))
    assert hard.valid_ids == [data.valid_ids[n] for n in valid]
    assert all((hard.valid_rows[view] == rows[valid]).all() for view, rows in data.valid_rows.items())
    assert [(2, 0)[label] for label in hard.valid_labels] == data.valid_labels[valid].tolist()


@pytest.mark.parametrize("fold", [3, -1])
def test_an_empty_side_is_refused(folder, folds, fold):
    held = folds.assign(fold=np.where(np.arange(len(folds)) < 6, -1, folds.fold))
    with pytest.raises(ValueError, match=rf"folds/folds\.csv: fold {fold} has "):
        load(folder, held, fold=fold)


@pytest.mark.parametrize(
    "lost",
    [
        lambda row: row["view"] == "test_like",
        lambda row: row["id"] == "000/test_like/0",
        lambda row: row["id"] == "005/train/2",
        lambda row: row["source_id"] == "004",
        lambda row: row["view"] == "train",
    ],
)
def test_missing_copies_are_refused(folder, folds, tmp_path, lost):
    store = ImageStore(folder / "augmented.arrow")
    columns = {name: store.column(name) for name in ("id", "source_id", "target", "view", "copy")}
    columns["image"] = [store.encoded(n).tobytes() for n in range(len(store))]
    rows = [{name: values[n] for name, values in columns.items()} for n in range(len(store))]
    write_rows(tmp_path / "x.arrow", [row for row in rows if not lost(row)])
    with pytest.raises(ValueError, match=r"x\.arrow: no (clean|train|test_like) image of \d+ IDs .*; run `dvc repro`"):
        load_fold(0, folds, TARGETS, tmp_path / "x.arrow", folder / "test.arrow", F1)
