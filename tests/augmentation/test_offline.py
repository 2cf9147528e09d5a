"""Offline augmentation as a whole: how many copies, and the same bytes whoever made them, when and in which order."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from makers.offline import SETTINGS, packed
from makers.packed import local_cluster

from competition.augmentation.augraphy.bank import OVERSAMPLING, open_bank
from competition.augmentation.offline import Augmenter, copies_of
from competition.augmentation.policy import damaged, damaged_photograph
from competition.data.image_store import ImageStore, write_rows
from competition.data.images import encode_jpeg
from competition.data.letterbox import letterbox, shrink
from competition.settings.augment import AugmentSettings
from competition.settings.machine import MachineSettings

pytestmark = pytest.mark.slow

TARGETS = ["b"] * 9 + ["a", None]  # copies: 3, and 3 * 9 ** 0.5 = 9 for each of the rare ones


def page(n):
    generator = np.random.default_rng(n)
    image = np.full((70 + n, 60, 3), 245, np.uint8)
    for top in range(8, 64, 9):
        image[top : top + 3, 8 : int(generator.integers(20, 56))] = generator.integers(0, 90)
    return image


def write_pages(path, order):
    write_rows(
        path,
        [
            {"id": f"{n:02d}.jpg", "source_id": f"{n:02d}.jpg", "target": TARGETS[n], "image": encode_jpeg(page(n), 92)}
            for n in order
        ],
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("offline")
    write_pages(folder / "train.arrow", range(11))
    write_pages(folder / "turned.arrow", [5, 10, 0, 3, 9, 1, 8, 2, 7, 6, 4])
    return folder


@pytest.fixture(scope="module")
def bank(folder):
    return open_bank(SETTINGS.names(), SETTINGS, MachineSettings(workers=1), folder / "bank")


@pytest.fixture(scope="module")
def reference(folder, bank):
    return packed(folder, bank, folder / "reference.arrow", workers=1)


def views_by_id(path):
    store = ImageStore(path)
    columns = [store.column(name) for name in ("source_id", "target", "view", "copy", "height", "width")]
    found = {
        id: (*(values[row] for values in columns), store.encoded(row).tobytes())
        for row, id in enumerate(store.column("id"))
    }
    assert len(found) == len(store)
    return found


def test_every_image_has_its_views(reference, folder):
    views = views_by_id(reference)
    expected = [
        (f"{n:02d}.jpg", view, number)
        for n in range(11)
        for view, count in (("clean", 1), ("test_like", 1), ("severe", 1), ("train", 3 if TARGETS[n] == "b" else 9))
        for number in range(count)
    ]
    assert list(views) == [f"{id}/{view}/{number}" for id, view, number in expected]
    assert [(value[0], *value[2:6]) for value in views.values()] == [(*name, 48, 48) for name in expected]
    assert [value[1] for value in views.values()] == [TARGETS[int(id[:2])] for id, _, _ in expected]
    # a copy of which nothing was drawn may come twice
    assert len({value[-1] for value in views.values()}) > 0.95 * len(views)
    store = ImageStore(reference)
    clean = [row for row, view in enumerate(store.column("view")) if view == "clean"]
    for n, row in enumerate(clean):
        assert np.abs(store.image(row).astype(int) - letterbox(page(n), 48)).mean() < 6


def test_a_severe_one_is_the_test_like_one_damaged_once_more(reference, folder, bank):
    packed, pages = ImageStore(reference), ImageStore(folder / "train.arrow")
    for row, (id, view) in enumerate(zip(packed.column("source_id"), packed.column("view"), strict=True)):
        if view == "severe":
            page = shrink(pages.image(pages.column("id").index(id)), round(SETTINGS.size * OVERSAMPLING))
            once = damaged_photograph(page, id, "test_like", 0, SETTINGS, bank).image
            again = damaged(once, id, "test_like", 1, SETTINGS, bank)
            assert packed.encoded(row).tobytes() == encode_jpeg(again, SETTINGS.quality)


def test_an_image_that_no_fold_scores_has_nothing_that_is_scored(folder, bank):
    augmenter = Augmenter(str(folder / "train.arrow"), SETTINGS, bank)
    whole, _ = augmenter(range(11))
    rows, _ = replace(augmenter, unscored=frozenset(["00.jpg", "09.jpg"]))(range(11))
    scored = {"test_like", "severe"}
    assert rows == [row for row in whole if row["source_id"] not in ("00.jpg", "09.jpg") or row["view"] not in scored]


@pytest.mark.parametrize(
    "how", [{}, {"unscored": frozenset(["00.jpg", "09.jpg"])}, {"severe": False}, {"clean_only": True}]
)
def test_what_is_packed_is_counted_before(folder, bank, how):
    augmenter = Augmenter(str(folder / "train.arrow"), SETTINGS, bank, **how)
    assert augmenter.counts().tolist() == [len(augmenter([row])[0]) for row in range(11)]


class Recorded:
    """Turns nothing, and notes who is looked at and who is missed, with which corners."""

    def __init__(self):
        self.looked_at, self.missed = [], {}

    def squares(self, pictures, ids, size, fill):
        self.looked_at += ids
        return [letterbox(one, size, fill) for one in pictures], np.eye(8)[[1] * len(pictures)]

    def missed_squares(self, pictures, corners, names, size, fill):
        self.missed |= {name: (own, one.shape) for name, own, one in zip(names, corners, pictures, strict=True)}
        return [letterbox(one, size, fill) for one in pictures], np.eye(8)[[2] * len(pictures)]


def test_only_what_is_scored_is_looked_at_and_copies_to_learn_from_are_missed(folder, bank):
    straighten = Recorded()
    rows, _ = Augmenter(str(folder / "train.arrow"), SETTINGS, bank, straighten=straighten)([0, 9])
    kinds = {"clean", "test_like", "severe"}
    assert straighten.looked_at == [id for id in ("00.jpg", "09.jpg") for _ in kinds]
    assert list(straighten.missed) == [row["id"] for row in rows if row["view"] == "train"]
    for row in rows:
        assert row["orientations"] == np.eye(8)[1 if row["view"] in kinds else 2].tolist()
    pages = ImageStore(folder / "train.arrow")
    for name, (corners, shape) in straighten.missed.items():
        id, _, number = name.split("/")
        page = shrink(pages.image(pages.column("id").index(id)), round(SETTINGS.size * OVERSAMPLING))
        expected = damaged_photograph(page, id, "train", int(number), SETTINGS, bank)
        assert (corners == expected.corners).all() and shape == expected.image.shape


def test_two_processes_make_the_same_file(reference, folder, bank):
    assert packed(folder, bank, folder / "two.arrow", workers=2).read_bytes() == reference.read_bytes()


def test_a_dask_cluster_makes_the_same_file(reference, folder, bank):
    """Of one process, which takes seconds to start; several, and their order: tests/data/test_packing.py."""
    with local_cluster(n_workers=1) as cluster:
        found = packed(folder, bank, folder / "dask.arrow", scheduler=cluster.scheduler_address)
    assert found.read_bytes() == reference.read_bytes()


def test_the_order_of_the_images_changes_no_view(reference, folder, bank):
    turned = packed(folder, bank, folder / "turned-views.arrow", source="turned.arrow", workers=1)
    assert list(views_by_id(turned)) != list(views_by_id(reference)) and views_by_id(turned) == views_by_id(reference)


KILLED = """
import sys
from pathlib import Path
from competition.augmentation.augraphy.bank import open_bank
from competition.settings.machine import MachineSettings
from makers.offline import NAMES, SETTINGS, packed

folder = Path(sys.argv[1])
bank = open_bank(SETTINGS.names(), SETTINGS, MachineSettings(workers=1), folder / "bank")
packed(folder, bank, folder / "killed.arrow", workers=1)
"""


def test_killed_in_the_middle_and_run_again_it_makes_the_same_file(reference, folder, bank):
    here = Path(__file__).resolve().parent
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(here.parents[1]), str(here.parent)])}
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(folder)], env=environment)
    state, deadline = folder / "killed.state", time.monotonic() + 100
    while not (state.is_dir() and len(list(state.glob("[0-9]*.arrow"))) >= 1):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.002)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -9 and not (folder / "killed.arrow").exists()
    assert packed(folder, bank, folder / "killed.arrow", workers=1).read_bytes() == reference.read_bytes()
    assert not state.exists()


def test_without_damage_the_clean_square_alone(folder):
    rows, facts = Augmenter(str(folder / "train.arrow"), SETTINGS, clean_only=True)([2, 0, 10])
    assert [(row["id"], row["target"], row["view"]) for row in rows] == [
        ("02.jpg/clean/0", "b", "clean"),
        ("00.jpg/clean/0", "b", "clean"),
        ("10.jpg/clean/0", None, "clean"),
    ]
    assert facts == []


def test_a_source_that_was_made_anew_is_read_anew(tmp_path):
    clean = Augmenter(str(tmp_path / "x.arrow"), SETTINGS, clean_only=True)
    found = []
    for order in ([0, 1], [4, 2]):
        write_pages(tmp_path / "x.arrow", order)
        found += [row["source_id"] for row in clean([0, 1])[0]]
    assert found == ["00.jpg", "01.jpg", "04.jpg", "02.jpg"]


# counts


def counted(**changes):
    settings = AugmentSettings(copies=16, **changes)
    return dict(zip("abc", copies_of(["a"] * 90 + ["b"] * 10 + ["c"], settings)[[0, 90, 100]].tolist(), strict=True))


def test_copies_without_balance_are_the_same_for_all():
    assert counted() == {"a": 16, "b": 16, "c": 16}


def test_full_balance_gives_every_class_as_many_in_all():
    # 16 * 90 / 90, 16 * 90 / 10, 16 * 90 / 1
    assert counted(balance=1) == {"a": 16, "b": 144, "c": 1440}


def test_half_a_balance_is_the_geometric_mean_of_none_and_full():
    # 16 * 9 ** 0.5 = 48; 16 * 90 ** 0.5 = 151.79
    assert counted(balance=0.5) == {"a": 16, "b": 48, "c": 152}


def test_a_named_class_gets_its_factor_and_never_less_than_one():
    assert counted(class_copies={"b": 2.5, "c": 0.01}) == {"a": 16, "b": 40, "c": 1}
    assert counted(class_copies={"b": 0.5}, balance=0.5) == {"a": 16, "b": 24, "c": 152}


def test_the_counts_follow_the_images():
    counts = copies_of(["x", "y", "x", None], AugmentSettings(copies=4, class_copies={"x": 2}))
    assert counts.tolist() == [8, 4, 8, 4] and counts.dtype == np.int64
    assert copies_of([], AugmentSettings()).tolist() == []


def test_a_class_that_is_not_there_is_named():
    with pytest.raises(
        ValueError, match=r"augment\.class_copies: no training image has the target \['7'\]; there are \['10', 'x'\]"
    ):
        copies_of(["x", "10"], AugmentSettings(class_copies={"7": 2, "x": 3}))


def test_copies_of_images_with_several_labels_go_by_the_rarest():
    targets = ["a"] * 50 + ["a|b"] * 10 + ["b|c"] * 5 + [""] * 30
    settings = AugmentSettings(copies=4, balance=1.0)
    counts = copies_of(targets, settings, several=True)
    # a: 60, b: 15, c: 5 images; 60 / 15 and 60 / 5 times 4
    assert dict(zip(targets, counts.tolist(), strict=True)) == {"a": 4, "a|b": 16, "b|c": 48, "": 4}
    given = copies_of(targets, AugmentSettings(copies=4, balance=0, class_copies={"c": 2, "b": 0.5}), several=True)
    assert dict(zip(targets, given.tolist(), strict=True)) == {"a": 4, "a|b": 4, "b|c": 8, "": 4}
    with pytest.raises(ValueError, match=r"no training image has the target \['d'\]; there are \['a', 'b', 'c'\]"):
        copies_of(targets, AugmentSettings(class_copies={"d": 2}), several=True)
    one_each = ["x"] * 9 + ["y"] * 3
    assert copies_of(one_each, settings, several=True).tolist() == copies_of(one_each, settings).tolist()
