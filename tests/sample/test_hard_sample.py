"""The hard sample: classes, look-alikes, damage, the same bytes for the same seed; and the default sample as it was."""

import hashlib
import json
from collections import Counter

import cv2
import numpy as np
import pytest
from makers.pipeline import table
from makers.sample import hashes

from competition.sample import DEFAULT, HARD, generate
from competition.sample.camera import texture
from competition.sample.classes import class_counts
from competition.sample.damage import damage
from competition.sample.documents import paint
from competition.sample.hard import capture, difficulty, wear
from competition.sample.hard.classes import FAMILIES
from competition.sample.hard.damage import AFTER, BEFORE
from competition.sample.randomness import generator
from competition.sample.rows import plan_test, plan_train
from pipelines import sample

LEVELS = [
    199,
    107,
    206,
    157,
    29,
    78,
    216,
    152,
    223,
    118,
    185,
    164,
    221,
    206,
    230,
    108,
    208,
    228,
    201,
    140,
    229,
    170,
    215,
    201,
    210,
    221,
    223,
    143,
    225,
    140,
    208,
    171,
    121,
    57,
]  # mean levels of the default sample's pages, clean and damaged, class by class
WEAR = (wear.pen, wear.stamp, wear.tape, wear.punched, wear.show_through, wear.crumple)
CAPTURE = (capture.blinds, capture.sleeve, capture.jam, capture.misregistered, capture.fax)


def hard_page(target: int, index: int = 0) -> np.ndarray:
    return paint(target, HARD.generator(0, "test", index), HARD.painters)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp("hard") / "data"
    facts = generate(root / "raw", root / "solution.csv", 70, 28, seed=0, workers=1, hard=True)
    return root, facts


@pytest.mark.slow
def test_two_workers_write_the_same_bytes_as_one(made, tmp_path):
    generate(tmp_path / "raw", tmp_path / "solution.csv", 70, 28, seed=0, workers=2, hard=True)
    assert hashes(tmp_path) == hashes(made[0])


@pytest.mark.slow
def test_files_lie_as_the_default_samples_do_and_the_mark_says_that_it_is_hard(made):
    root, facts = made
    assert sorted(path.name for path in root.iterdir()) == ["faults.json", "raw", "solution.csv"]
    for name, folder, count in (("train.csv", "train", 70), ("sample_submission.csv", "test", 28)):
        ids = {row["ID"] for row in table(root / "raw" / name)}
        assert len(ids) == count and ids == {path.name for path in (root / "raw" / folder).iterdir()}
    meta = [(int(row["target"]), row["class_name"]) for row in table(root / "raw" / "meta.csv")]
    assert meta == list(enumerate(HARD.class_names))
    assert Counter(row["usage"] for row in table(root / "solution.csv")) == {"Public": 14, "Private": 14}
    mark, faults = (
        json.loads((root / "raw" / "SAMPLE.json").read_text()),
        json.loads((root / "faults.json").read_text()),
    )
    assert mark["hard"] is faults["hard"] is facts["hard"] is True
    assert [path for path in (root / "raw" / "train").iterdir() if cv2.imread(str(path)) is None] == [
        root / "raw" / "train" / faults["unreadable"]
    ]


@pytest.mark.slow
def test_the_command_composes_with_its_other_options(tmp_path):
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "mine.txt").write_text("mine")
    sample.main(28, 30, 5, tmp_path / "raw", tmp_path / "solution.csv", 0, True, 1, True)
    mark, faults = json.loads((tmp_path / "raw" / "SAMPLE.json").read_text()), tmp_path / "faults.json"
    assert {key: mark[key] for key in ("seed", "train", "test", "hard")} == dict(seed=5, train=28, test=30, hard=True)
    assert json.loads(faults.read_text())["wrong_labels"] == {} and not (tmp_path / "raw" / "mine.txt").exists()
    assert len(table(tmp_path / "solution.csv")) == 30


def test_there_are_28_classes_in_seven_families():
    assert len(set(HARD.class_names)) == len(HARD.painters) == len(HARD.shares) == 28
    assert [len(family) for family in HARD.families] == [5, 5, 4, 3, 4, 4, 3]
    assert sorted(target for family in HARD.families for target in family) == list(range(28))
    titles = [title for family in FAMILIES for kind in family.kinds for title in kind.titles]
    assert len(titles) == len(set(titles))  # the text always tells the class


@pytest.mark.parametrize("n", [28, 29, 56, 510, 1020])
def test_every_class_has_pages_and_five_are_rare(n):
    counts = class_counts(n, HARD.shares)
    assert sum(counts) == n and len(counts) == 28 and min(counts) >= (2 if n >= 56 else 1)
    if n >= 510:  # 25.5 times 20 pages: 510; 23 classes of 20 and five of 10
        assert sum(count <= 0.55 * max(counts) for count in counts) == 5


def test_fewer_pages_than_classes_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="27 pages asked for, but 28 classes"):
        generate(tmp_path / "raw", tmp_path / "solution.csv", 27, 28, seed=0, workers=1, hard=True)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("share", "n", "wrong"), [(None, 510, 10), (None, 1570, 31), (0.1, 510, 51), (0, 510, 0)])
def test_two_percent_of_the_labels_are_wrong_unless_asked_otherwise(share, n, wrong):
    rows = plan_train(n, 0, share, HARD)
    mislabelled = [row for row in rows if row.label != row.target]
    assert len(mislabelled) == sum(row.fault == "wrong label" for row in rows) == wrong
    assert all(row.label in HARD.family(row.target) for row in mislabelled)
    assert min(Counter(row.target for row in rows if not row.fault).values()) >= 2


def test_no_id_of_the_hard_sample_is_the_default_samples():
    hard = {row.id for row in plan_train(510, 0, variant=HARD) + plan_test(1020, 0, HARD)}
    assert len(hard) == 1530 and not hard & {row.id for row in plan_train(510, 0) + plan_test(1020, 0)}


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.layout.__name__)
def test_look_alikes_drawn_alike_differ_and_their_plain_pages_only_in_the_text(family, monkeypatch):
    """One seed, so that the kinds differ in nothing but title and cue; the plain cue leaves only the title."""

    def pages(alike: float) -> list[np.ndarray]:
        monkeypatch.setattr(difficulty, "ALIKE", alike)
        return [np.asarray(painter(generator(1, "alike"))) for painter in family.painters()]

    def changed(a: np.ndarray, b: np.ndarray) -> float:
        return float((a != b).any(axis=2).mean())

    own, plain = pages(0), pages(1)
    assert len({page.shape for page in own + plain}) == 1
    pairs = [(i, j) for i in range(len(own)) for j in range(i)]
    for i, j in pairs:
        assert 0 < changed(plain[i], plain[j]) < 0.03
        assert changed(own[i], own[j]) > changed(plain[i], plain[j])


@pytest.mark.parametrize("target", range(28))
def test_pages_follow_their_generator_and_keep_within_sizes(target):
    page = hard_page(target)
    assert page.dtype == np.uint8 and page.shape[2] == 3 and 500 <= max(page.shape) <= 720
    assert np.array_equal(page, hard_page(target)) and not np.array_equal(page, hard_page(target, 1))


@pytest.mark.parametrize("defect", [*WEAR, *CAPTURE], ids=lambda defect: defect.__name__)
def test_a_defect_keeps_type_and_shape_and_its_input(defect):
    page = hard_page(10)
    before = page.copy()
    first, again = defect(page, generator(0, "defect")), defect(page, generator(0, "defect"))
    assert first.dtype == np.uint8 and first.shape == page.shape and np.array_equal(first, again)
    assert not np.array_equal(first, page) and np.array_equal(page, before)


def test_every_defect_is_drawn():
    assert {*WEAR, *CAPTURE} < {defect for defect, _ in BEFORE + AFTER}
    assert all(0 < probability * difficulty.WEAR < 1 for _, probability in BEFORE + AFTER)


def test_damaged_pages_keep_within_sizes_and_follow_their_generator():
    page = hard_page(0)
    seen = [HARD.damage(page, generator(0, "damage", i)) for i in range(12)]
    assert all(image.dtype == np.uint8 and image.shape[2] == 3 for image in seen)
    assert all(440 <= max(image.shape) <= 640 and min(image.shape[:2]) >= 150 for image in seen)
    assert np.array_equal(seen[3], HARD.damage(page, generator(0, "damage", 3)))


def test_a_desk_is_as_large_as_any_other_ground():
    for index in range(4):
        ground = capture.desk(generator(0, "desk", index))
        assert ground.shape == texture(generator(0, "desk", index)).shape and ground.dtype == np.uint8


def test_the_default_samples_draws_stay_as_they_were_published():
    """Every number that pages and damage draw, which no image library changes, and about what comes of them."""
    drawn, levels = hashlib.sha256(), []
    for target in range(17):
        painter, damager = generator(0, "test page", target), generator(0, "test damage", target)
        page = paint(target, painter)
        seen = damage(page, damager)
        drawn.update(repr((page.shape, seen.shape, painter.random(), damager.random())).encode())
        levels += [round(float(image.mean())) for image in (page, seen)]
    assert DEFAULT.damage == damage and DEFAULT.wrong_labels == 0.01
    assert drawn.hexdigest()[:16] == "78d3c4cb4bccaf0d"
    assert np.abs(np.array(levels) - LEVELS).max() <= 1
