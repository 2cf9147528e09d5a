"""Planted leaks: each check finds the one that was put there, names it, and is quiet without."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from makers.metrics import F1
from makers.packed import SIZE, TARGETS, packed_competition, row

from competition.audit.duplicate_table import COLUMNS, write_duplicates
from competition.augmentation.offline import Augmenter
from competition.data.classes import write_classes
from competition.data.image_store import ImageStore, write_rows
from competition.data.images import encode_jpeg
from competition.data.predictions import Predictions, save_predictions
from competition.folds.leakage import LeakError, check_apart, check_folds, check_packed_images, check_predicted
from competition.folds.predictions import read_fold
from competition.folds.split import read_folds, write_folds
from competition.settings.augment import AugmentSettings
from competition.settings.machine import MachineSettings
from competition.training import fold_data as folds_module
from competition.training.fold_data import load_fold
from pipelines import augment, split

FOLDS = pd.DataFrame(
    {"ID": list("abcdef"), "target": list("xyxyxy"), "fold": [0, 0, 1, 1, -1, -1], "group": list("aaccef")}
)


# tables


def test_a_divided_group_is_found():
    check_folds(FOLDS)
    with pytest.raises(
        LeakError, match=r"folds/folds\.csv: 1 groups stand in more than one fold: a; .*pipelines\.split"
    ):
        check_folds(FOLDS.assign(fold=[0, 1, 1, 1, -1, -1]))
    with pytest.raises(LeakError, match=r"mine\.csv: 2 groups .*: a, c;"):  # with the holdout
        check_folds(FOLDS.assign(fold=[0, -1, -1, 1, -1, -1]), "mine.csv")


def test_what_stands_on_two_sides_is_named():
    sides = {"training": ["a", "b", "b"], "validation": ["c"], "holdout": []}
    check_apart("groups", sides, "x.csv")
    with pytest.raises(LeakError, match=r"x\.csv: 1 groups stand in training and in holdout: b; run"):
        check_apart("groups", sides | {"holdout": ["d", "b"]}, "x.csv")
    with pytest.raises(LeakError, match=r"7 groups stand in validation and in holdout: 0, 1, 2, 3, 4 and 2 more; run"):
        check_apart(
            "groups", {"training": "x", "validation": map(str, range(7)), "holdout": map(str, range(9))}, "x.csv"
        )


def packed(**changes):
    made = [
        {"id": f"{source}/{view}/0", "source_id": source, "target": target, "view": view, "copy": 0}
        for source, target in (("a", "x"), ("b/c", "y"), ("d", None))
        for view in ("clean", "train")
    ]
    made[3] |= changes
    return pd.DataFrame(made)


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"source_id": "a"}, r"another image's source ID: b/c/train/0; delete"),
        ({"source_id": "q", "id": "q/train/0"}, r"is of no image of the set: q/train/0; delete"),
        ({"target": "x"}, r"another target than their source: b/c/train/0; delete"),
        ({"target": None}, r"another target than their source: b/c/train/0; delete"),
        ({"source_id": "a", "id": "a/train/0", "target": "x"}, r"stands twice: a/train/0; delete"),
        ({"view": "clean"}, r"another image's source ID: b/c/train/0"),
        ({"copy": 1}, r"another image's source ID: b/c/train/0"),
    ],
)
def test_a_packed_image_of_another_source_is_found(changes, what):
    targets = {"a": "x", "b/c": "y", "d": None, "unused": "x"}
    check_packed_images(packed(), targets, "x.arrow")
    with pytest.raises(
        LeakError, match=rf"x\.arrow: 1 packed image {'' if what.startswith(('is', 'stands')) else 'carries '}{what}"
    ):
        check_packed_images(packed(**changes), targets, "x.arrow")


def predicted(**changes):
    own, held = {"clean": "cd", "test_like": "dc", "severe": "cd"}, {"holdout_clean": "ef", "holdout_test_like": "fe"}
    return own | held | {"test": "aq"} | changes


@pytest.mark.parametrize(
    ("changes", "some", "what"),
    [
        ({"clean": "cda"}, True, r"clean: 1 IDs are not those of fold 1 .*: a; it comes from another split"),
        ({"test_like": "cde"}, True, r"test_like: 1 IDs are not those of fold 1 .*: e;"),  # of the holdout
        ({"severe": "cda"}, True, r"severe: 1 IDs are not those of fold 1 .*: a;"),
        ({"holdout_clean": "efc"}, True, r"holdout_clean: 1 IDs are not those of the holdout .*: c;"),
        ({"clean": "c"}, False, r"clean: 1 IDs are not those of fold 1 .*: d;"),
        ({"holdout_test_like": ""}, False, r"holdout_test_like: 2 IDs are not those of the holdout .*: e, f;"),
    ],
)
def test_predictions_of_images_of_another_side_are_found(changes, some, what):
    check_predicted(predicted(), 1, FOLDS, "1.npz")
    with pytest.raises(LeakError, match=rf"1\.npz: {what}"):
        check_predicted(predicted(**changes), 1, FOLDS, "1.npz", some)
    if not some:
        check_predicted(predicted(**changes), 1, FOLDS, "1.npz", some=True)


def test_predictions_have_the_parts_that_the_split_asks_for():
    without_holdout = {"clean": "cd", "test_like": "cd", "severe": "cd", "test": ""}
    check_predicted(without_holdout, 1, FOLDS[:4], "1.npz")
    for parts, folds in ((predicted(), FOLDS[:4]), (without_holdout, FOLDS)):
        with pytest.raises(
            ValueError, match=r"1\.npz: expected predictions named \['clean', .*found \['clean', .*dvc repro"
        ):
            check_predicted(parts, 1, folds, "1.npz")


# stages


def test_a_folds_file_edited_by_hand_is_not_read(tmp_path):
    write_folds(tmp_path / "folds.csv", FOLDS)
    read_folds(tmp_path / "folds.csv")
    text = (tmp_path / "folds.csv").read_text()
    (tmp_path / "folds.csv").write_text(text.replace("b,y,0,a", "b,y,1,a"))
    with pytest.raises(LeakError, match=r"folds\.csv: 1 groups stand in more than one fold: a"):
        read_folds(tmp_path / "folds.csv")


def test_split_checks_what_it_made(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text("split: {folds: [0, 1]}")
    write_rows("data/train.arrow", [{"id": f"{n}", "target": "xy"[n // 2 % 2], "image": b""} for n in range(8)])
    write_classes("folds/classes.csv", [{"target": name, "class_name": name, "images": 4} for name in "xy"])
    (tmp_path / "data/raw").mkdir()
    Path("data/raw/train.csv").write_text("ID,target\n" + "".join(f"{n},{'xy'[n // 2 % 2]}\n" for n in range(8)))
    pairs = [["exact", 1.0, "train", f"{n}", "x", "train", f"{n + 1}", "x", False] for n in range(0, 8, 2)]
    write_duplicates("folds/duplicates.csv", pd.DataFrame(pairs, columns=COLUMNS))
    split.main()
    before = Path("folds/folds.csv").read_bytes()
    monkeypatch.setattr(split, "make_folds", lambda ids, *rest, **more: np.arange(len(ids)) % 2)
    with pytest.raises(LeakError, match="4 groups stand in more than one fold: 0, 2, 4, 6"):
        split.main()
    assert Path("folds/folds.csv").read_bytes() == before


class Mixing(Augmenter):
    """Packs one image under the source ID of another."""

    def _packed(self, pictures):
        return [row | {"source_id": "b"} if row["source_id"] == "c" else row for row in super()._packed(pictures)]


def test_augment_checks_what_it_packed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page = encode_jpeg(np.full((40, 30, 3), 200, np.uint8), 90)
    write_rows("train.arrow", [{"id": id, "source_id": id, "target": "x", "image": page} for id in "abc"])
    machine = MachineSettings(workers=1)
    right, mixing = (kind("train.arrow", AugmentSettings(size=32), clean_only=True) for kind in (Augmenter, Mixing))
    augment.pack_and_check(Path("packed.arrow"), ImageStore("train.arrow"), right, machine)
    with pytest.raises(LeakError, match=r"packed\.arrow: 1 packed image carries another image's source ID: c/clean/0"):
        augment.pack_and_check(Path("packed.arrow"), ImageStore("train.arrow"), mixing, machine)


def test_the_base_that_a_specialist_is_made_for_is_of_the_same_split(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    parts = {name: Predictions(list(ids), np.full((len(ids), 2), 0.5), ("x", "y")) for name, ids in predicted().items()}
    save_predictions("folds/predictions/lite0/1.npz", parts)
    assert read_fold("lite0", 1, FOLDS, ("x", "y")).keys() == parts.keys()
    save_predictions("folds/predictions/lite0/1.npz", parts | {"clean": parts["holdout_clean"]})
    with pytest.raises(LeakError, match=r"lite0/1\.npz: clean: 4 IDs are not those of fold 1 .*: c, d, e, f;"):
        read_fold("lite0", 1, FOLDS, ("x", "y"))


# a fold; its training images are of folds 1 and 2, its validation images of fold 0, and some are held out


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("competition")


@pytest.fixture(scope="module")
def folds(folder):
    folds = packed_competition(folder)
    return folds.assign(fold=np.where(np.arange(len(folds)) >= 21, -1, folds.fold))


def load(folder, folds, store="augmented.arrow"):
    return load_fold(0, folds, TARGETS, folder / store, folder / "test.arrow", F1)


@pytest.mark.parametrize(
    ("one", "other", "sides"),
    [(0, 3, "training and in validation"), (22, 3, "training and in holdout"), (22, 0, "validation and in holdout")],
)
def test_a_group_on_two_sides_of_a_fold(folder, folds, one, other, sides):
    load(folder, folds)
    groups = ["shared" if n in (one, other) else group for n, group in enumerate(folds.group)]
    with pytest.raises(LeakError, match=rf"folds/folds\.csv: 1 groups stand in {sides}: shared"):
        load(folder, folds.assign(group=groups))


@pytest.mark.parametrize(("trained_on", "other"), [("003", "000"), ("003", "022")], ids=["validation", "holdout"])
def test_a_copy_under_another_images_source_id(folder, folds, tmp_path, trained_on, other):
    """The pixels of an image that is scored, or held out, packed as a copy of one that is trained on."""
    store = ImageStore(folder / "augmented.arrow")
    columns = {name: store.column(name) for name in ("id", "source_id", "target", "view", "copy")}
    columns["image"] = [store.encoded(n).tobytes() for n in range(len(store))]
    rows = [{name: values[n] for name, values in columns.items()} for n in range(len(store))]
    place = columns["id"].index(f"{other}/train/1")
    rows[place] |= {"source_id": trained_on, "target": dict(zip(folds.ID, folds.target, strict=True))[trained_on]}
    write_rows(tmp_path / "x.arrow", rows)
    with pytest.raises(
        LeakError, match=rf"x\.arrow: 1 packed image carries another image's source ID: {other}/train/1"
    ):
        load_fold(0, folds, TARGETS, tmp_path / "x.arrow", folder / "test.arrow", F1)


def test_a_packed_image_that_no_fold_knows(folder, folds):
    with pytest.raises(LeakError, match=r"augmented\.arrow: 6 packed images are of no image of the set: 004/clean/0, "):
        load(folder, folds[folds.ID != "004"])


@pytest.mark.parametrize(("wrong", "side"), [("000", "validation"), ("022", "holdout")])
def test_rows_that_are_looked_up_wrongly(folder, folds, monkeypatch, wrong, side):
    """A mistake of ours: the copies of an image that is scored, or held out, among those that are trained on."""
    real = folds_module._copies
    monkeypatch.setattr(
        folds_module, "_copies", lambda packed, ids, store: real(packed, ids.replace({"003": wrong}), store)
    )
    with pytest.raises(LeakError, match=rf"1 source IDs stand in training and in {side}: {wrong}"):
        load(folder, folds)


def test_test_images_may_have_the_ids_of_training_images(folder, folds, tmp_path):
    write_rows(tmp_path / "test.arrow", [row("000", None, "clean", 0, np.zeros((SIZE, SIZE, 3), np.uint8))])
    assert load_fold(0, folds, TARGETS, folder / "augmented.arrow", tmp_path / "test.arrow", F1).test_ids == ["000"]
