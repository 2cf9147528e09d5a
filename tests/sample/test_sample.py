"""The generated competition: the same bytes for the same seed, the promised counts and faults, and no harm done."""

import hashlib
import json
import os
import shutil
import sys
from collections import Counter
from dataclasses import astuple
from pathlib import Path

import cv2
import numpy as np
import pytest
from makers.commands import call  # noqa: F401
from makers.pipeline import table
from makers.sample import generated, hashes

from competition.sample import CLASS_NAMES, LOOK_ALIKES, generate
from competition.sample.classes import class_counts
from competition.sample.damage import damage
from competition.sample.documents import paint
from competition.sample.randomness import generator
from competition.sample.rows import plan_test, plan_train
from pipelines import sample

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return generated(tmp_path_factory)


def test_two_workers_write_the_same_bytes_as_one(made, tmp_path):
    generate(tmp_path / "raw", tmp_path / "solution.csv", 51, 34, seed=0, workers=2)
    assert hashes(tmp_path) == hashes(made[0])


def test_another_seed_shares_no_image_and_no_id(made, tmp_path):
    generate(tmp_path / "raw", tmp_path / "solution.csv", 17, 17, seed=1, workers=1)
    ours, theirs = hashes(made[0] / "raw" / "train"), hashes(tmp_path / "raw" / "train")
    assert not set(ours) & set(theirs) and not set(ours.values()) & set(theirs.values())


def test_folders_hold_exactly_the_listed_images(made):
    raw = made[0] / "raw"
    for name, folder, count in (("train.csv", "train", 51), ("sample_submission.csv", "test", 34)):
        ids = [row["ID"] for row in table(raw / name)]
        assert len(ids) == len(set(ids)) == count
        assert set(ids) == {path.name for path in (raw / folder).iterdir()}
    assert {row["target"] for row in table(raw / "sample_submission.csv")} == {"0"}
    assert [(int(row["target"]), row["class_name"]) for row in table(raw / "meta.csv")] == list(enumerate(CLASS_NAMES))
    assert json.loads((raw / "SAMPLE.json").read_text())["train"] == 51


def test_solution_covers_the_submission_half_public_half_private(made):
    rows = table(made[0] / "solution.csv")
    assert [row["ID"] for row in rows] == [row["ID"] for row in table(made[0] / "raw" / "sample_submission.csv")]
    assert Counter(row["usage"] for row in rows) == {"Public": 17, "Private": 17}
    assert Counter(int(row["target"]) for row in rows) == dict(enumerate(class_counts(34)))


def test_exactly_one_training_image_is_unreadable_and_no_test_image(made):
    raw, facts = made[0] / "raw", made[1]
    bad = [path.name for path in sorted(raw.glob("t*/*.jpg")) if cv2.imread(str(path)) is None]
    assert bad == [facts["unreadable"]]


def test_planted_duplicates_show_one_page_under_two_ids(made):
    raw, pairs = made[0] / "raw" / "train", made[1]["duplicates"]
    assert len(pairs) >= 2
    assert any((raw / a).read_bytes() == (raw / b).read_bytes() for a, b in pairs)
    for a, b in pairs:
        assert a != b
        small = [cv2.resize(cv2.imread(str(raw / id), 0), (32, 32), interpolation=cv2.INTER_AREA) for id in (a, b)]
        assert np.corrcoef(small[0].ravel(), small[1].ravel())[0, 1] > 0.97


def test_labels_are_classes_and_as_many_are_wrong_as_said(made):
    labels = {row["ID"]: int(row["target"]) for row in table(made[0] / "raw" / "train.csv")}
    assert set(labels.values()) == set(range(17))
    wrong = made[1]["wrong_labels"]
    assert len(wrong) == 1 and all(labels[id] != target for id, target in wrong.items())


@pytest.mark.parametrize(("n", "wrong", "duplicates"), [(51, 1, 2), (510, 5, 5), (1570, 16, 16)])
def test_plan_has_about_one_percent_of_each_fault(n, wrong, duplicates):
    rows = plan_train(n, seed=3)
    faults = Counter(row.fault for row in rows)
    assert (faults["unreadable"], faults["wrong label"]) == (1, wrong)
    assert faults["exact duplicate"] + faults["near duplicate"] == duplicates
    assert all((row.fault == "wrong label") == (row.label != row.target) for row in rows)
    good = Counter(row.target for row in rows if not row.fault)
    assert min(good[target] for target in range(17)) >= 2


@pytest.mark.parametrize(
    ("share", "n", "wrong"), [(0.03, 1570, 47), (0.03, 510, 15), (0.001, 510, 1), (0, 510, 0), (0.5, 51, 16)]
)
def test_as_many_labels_are_wrong_as_asked_for(share, n, wrong):
    # 51 rows: two of each of 17 classes are spared and one is unreadable, so 16 are left
    rows = plan_train(n, 0, share)
    assert sum(row.label != row.target for row in rows) == sum(row.fault == "wrong label" for row in rows) == wrong
    assert [(row.id, row.target) for row in rows] == [(row.id, row.target) for row in plan_train(n, 0)]


@pytest.mark.parametrize(("n", "seed", "sha256"), [(510, 0, "8e6a405acbba8292"), (1570, 3, "5169c748fb8238da")])
def test_the_plan_of_a_seed_stays_as_it_was_first_published(n, seed, sha256):
    rows = [astuple(row) for row in plan_train(n, seed)]
    assert hashlib.sha256(repr(rows).encode()).hexdigest()[:16] == sha256


def test_the_faults_are_written_beside_the_solution(made):
    root, facts = made
    written = json.loads((root / "faults.json").read_text())
    assert written == {
        key: facts[key] for key in ("version", "seed", "train", "test", "unreadable", "wrong_labels", "duplicates")
    }
    assert not list(root.glob("raw/**/faults.json"))  # no stage reads them


@pytest.mark.parametrize("content", ["[1]", "mine", '{"scratches": 3}'])
def test_a_foreign_list_of_faults_is_refused_and_left_alone(tmp_path, content):
    faults = tmp_path / "faults.json"
    faults.write_text(content)
    with pytest.raises(ValueError, match="faults.json: not written by the sample"):
        generate(tmp_path / "raw", tmp_path / "solution.csv", 17, 17, seed=0, workers=1)
    assert faults.read_text() == content and os.listdir(tmp_path) == ["faults.json"]


def test_wrong_labels_fall_mostly_among_look_alikes():
    wrong = [row for row in plan_train(1570, seed=0) if row.fault == "wrong label"]
    assert sum(row.target in LOOK_ALIKES and row.label in LOOK_ALIKES for row in wrong) > len(wrong) / 2


@pytest.mark.parametrize("n", [17, 18, 34, 40, 51, 510, 1570])
def test_class_counts_sum_up_and_no_class_is_left_out(n):
    counts = class_counts(n)
    assert sum(counts) == n and min(counts) >= (2 if n >= 34 else 1)


def test_class_counts_at_the_original_size():
    expected = [100] * 17
    expected[1], expected[13], expected[14] = 46, 74, 50
    assert class_counts(1570) == expected


def test_no_id_is_in_both_parts():
    assert not {row.id for row in plan_train(1570, 0)} & {row.id for row in plan_test(3140, 0)}


@pytest.mark.parametrize(("n_train", "n_test"), [(16, 34), (34, 16)])
def test_fewer_pages_than_classes_is_an_error(tmp_path, n_train, n_test):
    with pytest.raises(ValueError, match="16 pages asked for, but 17 classes"):
        generate(tmp_path / "raw", tmp_path / "solution.csv", n_train, n_test, seed=0, workers=1)
    assert not list(tmp_path.iterdir())


def test_a_foreign_competition_is_refused_and_left_alone(tmp_path):
    raw = tmp_path / "raw"
    raw.mkdir()
    (raw / "train.csv").write_text("ID,target\n")
    with pytest.raises(ValueError, match="--force"):
        generate(raw, tmp_path / "solution.csv", 17, 17, seed=0, workers=1)
    assert [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")] == ["raw", "raw/train.csv"]
    assert (raw / "train.csv").read_text() == "ID,target\n"


def test_a_run_that_breaks_off_leaves_the_earlier_sample_whole(made, tmp_path):
    shutil.copytree(made[0], tmp_path, dirs_exist_ok=True)
    before = hashes(tmp_path)

    def stop(done: int, total: int):
        if done == 20:
            raise RuntimeError("the lights went out")

    with pytest.raises(RuntimeError):
        generate(tmp_path / "raw", tmp_path / "solution.csv", 51, 34, seed=1, workers=1, progress=stop)
    assert hashes(tmp_path) == before


def test_what_a_killed_run_left_is_cleared_away(tmp_path):
    (tmp_path / ".raw.partial" / "train").mkdir(parents=True)
    (tmp_path / ".raw.partial" / "train" / "half.jpg").write_bytes(b"half")
    generate(tmp_path / "raw", tmp_path / "solution.csv", 17, 17, seed=0, workers=1)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["faults.json", "raw", "solution.csv"]
    assert not (tmp_path / "raw" / "train" / "half.jpg").exists()


def test_foreign_labels_are_refused(tmp_path):
    solution = tmp_path / "solution.csv"
    solution.write_text("ID,target\na.jpg,3\n")
    with pytest.raises(ValueError, match="not the solution of the sample"):
        generate(tmp_path / "raw", solution, 17, 17, seed=0, workers=1)
    assert solution.read_text() == "ID,target\na.jpg,3\n"


@pytest.mark.parametrize("share", [-0.01, 0.6, float("nan")])
def test_a_share_that_is_none_is_an_error(tmp_path, share):
    with pytest.raises(ValueError, match="expected a share from 0 to 0.5"):
        generate(tmp_path / "raw", tmp_path / "solution.csv", 17, 17, seed=0, workers=1, wrong_labels=share)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("out", "solution"), [(".", "../solution.csv"), ("raw", "raw/solution.csv"), ("raw", "."), ("raw", "faults.json")]
)
def test_places_that_would_do_harm_are_refused(tmp_path, monkeypatch, out, solution):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError):
        generate(Path(out), Path(solution), 17, 17, seed=0, workers=1, force=True)


def test_command_replaces_its_own_sample_and_by_force_a_foreign_one(tmp_path, call):  # noqa: F811
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "mine.txt").write_text("mine")
    given = ["--train", "17", "--test", "17", "--workers", "1", "--out", tmp_path / "raw"]
    given += ["--solution", tmp_path / "solution.csv"]
    code, _, err = call(sample, *given)
    assert code == 1 and "--force" in err
    code, out, err = call(sample, *given, "--force", "--wrong-labels", "0")
    assert code == 0 and len(out.splitlines()) == 1, err
    assert json.loads((tmp_path / "faults.json").read_text())["wrong_labels"] == {}
    assert not (tmp_path / "raw" / "mine.txt").exists()
    generate(tmp_path / "raw", tmp_path / "solution.csv", 17, 18, seed=0, workers=1)
    assert len(table(tmp_path / "solution.csv")) == 18
    assert sorted(path.name for path in tmp_path.iterdir()) == ["faults.json", "raw", "solution.csv"]


def test_clean_pages_run_from_wide_plates_to_upright_sheets():
    shapes = {target: [paint(target, generator(0, "test", i)).shape[:2] for i in range(4)] for target in range(17)}
    ratios = {target: [width / height for height, width in sizes] for target, sizes in shapes.items()}
    assert min(ratios[16]) > 1.8 and max(ratios[16]) < 4.5
    assert all(0.65 < ratio < 0.8 for target in (1, *LOOK_ALIKES, 13) for ratio in ratios[target])
    assert all(1.4 < ratio < 1.7 for target in (5, 8) for ratio in ratios[target])
    assert all(300 <= max(size) <= 640 for sizes in shapes.values() for size in sizes)


def test_damage_keeps_type_and_size_range_and_follows_its_generator():
    page = paint(4, generator(0, "test"))
    seen = [damage(page, generator(0, "damage", i)) for i in range(20)]
    assert all(image.dtype == np.uint8 and image.shape[2] == 3 and 320 <= max(image.shape) <= 640 for image in seen)
    assert np.array_equal(seen[3], damage(page, generator(0, "damage", 3)))


def test_damage_is_not_the_pipelines_augmentation():
    for path in Path(sys.modules["competition.sample"].__file__).parent.rglob("*.py"):
        imports = [line for line in path.read_text().splitlines() if line.startswith(("import ", "from "))]
        assert not any(
            word in line for line in imports for word in ("competition.augmentation", "albumentations", "augraphy")
        )
