"""Competitions and class folders brought in: nothing lost, nothing on both sides, nothing replaced unasked."""

from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from competition.common.errors import ContractError
from competition.data.adopt.adoption import adopt
from competition.data.adopt.class_folders import image_id
from competition.data.adopt.destination import Destination, link_or_copy
from competition.data.adopt.options import Options
from competition.data.adopt.train_test_split import choose_test_images, public_private
from competition.data.competition import read_competition
from competition.settings.competition import CompetitionSettings

LEAVES = Path(__file__).resolve().parents[4] / "shared" / "datasets" / "potato-leaves"
SETTINGS = CompetitionSettings()


def class_folders(root, **sizes):
    for name, size in sizes.items():
        (root / name).mkdir(parents=True)
        for n in range(size):
            (root / name / f"{n:03}.JPG").write_text(f"{name} {n}")
    return root


def competition(root):
    for part, ids in (("train", "abc"), ("test", "xy")):
        (root / part).mkdir(parents=True)
        for id in ids:
            (root / part / f"{id}.png").write_text(id)
    (root / "train.csv").write_text("ID,target\na,0\nb,1\nc,0\n")
    (root / "sample_submission.csv").write_text("ID,target\nx,0\ny,0\n")
    return root


def to(tmp_path, **options):
    return Destination(tmp_path / "data" / "raw", tmp_path / "data" / "solution.csv", **options)


def table(path):
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def contents(folder):
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


def refused(*arguments, **options):
    with pytest.raises(ContractError) as caught:
        adopt(*arguments, **options)
    return caught.value.problems


def test_class_folders_become_a_competition(tmp_path):
    source = class_folders(tmp_path / "photos", zebra=40, ape=20, Bee=11)
    adopted = adopt(source, to(tmp_path), SETTINGS)
    drawn = "the test part was drawn image by image; if several images show one thing, name their groups with --groups"
    assert adopted.notes == (drawn,)
    # a tenth of each class, halves rounded up: 4 + 2 + 1
    assert (adopted.train, adopted.test, adopted.classes) == (64, 7, 3)
    read = read_competition(SETTINGS.model_copy(update={"root": str(tmp_path / "data" / "raw")}))
    assert read.targets == ("0", "1", "2") and read.class_names == ("Bee", "ape", "zebra")
    solution = table(tmp_path / "data" / "solution.csv")
    assert solution.columns.tolist() == ["ID", "target", "usage"] and tuple(solution["ID"]) == read.test_ids
    assert Counter(solution["target"]) == {"0": 1, "1": 2, "2": 4}
    assert Counter(solution["usage"]) == {"Public": 4, "Private": 3}
    mapping = table(tmp_path / "data" / "adopted.csv").set_index("ID")["file"]
    assert sorted(mapping) == sorted(str(file.relative_to(source)) for file in source.rglob("*.JPG"))
    labelled = pd.concat([read.train[["ID", "target"]], solution[["ID", "target"]]])
    target_of = labelled.set_index("ID")["target"]
    for id, path in (read.train_paths | read.test_paths).items():
        assert path.read_bytes() == (source / mapping[id]).read_bytes()
        assert read.target2class[target_of[id]] == mapping[id].split("/")[0]
        assert len(id) == 16 and id.endswith(".jpg")


def test_the_same_files_and_seed_give_the_same_bytes_whatever_the_order(tmp_path, monkeypatch):
    source = class_folders(tmp_path / "photos", a=30, b=30)
    adopt(source, to(tmp_path / "one"), SETTINGS, seed=5)
    plain = Path.iterdir
    monkeypatch.setattr(Path, "iterdir", lambda self: iter(sorted(plain(self), reverse=True)))
    adopt(source, to(tmp_path / "two"), SETTINGS, seed=5)
    adopt(source, to(tmp_path / "three"), SETTINGS, seed=6)
    assert contents(tmp_path / "one") == contents(tmp_path / "two") != contents(tmp_path / "three")


def test_ratio(tmp_path):
    source = class_folders(tmp_path / "photos", a=50, b=20)
    assert adopt(source, to(tmp_path / "one"), SETTINGS, ratio=(3, 2)).test == 28  # 2/5 of 50 and of 20
    assert adopt(source, to(tmp_path / "two"), SETTINGS, ratio=(0.7, 0.1, 0.2)).test == 14
    for wrong in ((8, 2, 0), (0, 0, 1), (8,), (8, -1, 1), (float("nan"), 1), (1, 1, 1, 1)):
        [problem] = refused(source, to(tmp_path / "three"), SETTINGS, ratio=wrong)
        assert problem.startswith(f"ratio {':'.join(f'{part:g}' for part in wrong)}: expected train:validation:test")
        assert problem.endswith("such as 8:1:1, with something left for each side")


def test_groups_stay_whole(tmp_path):
    source = class_folders(tmp_path / "photos", a=40, b=24)
    rows = [f"photos/{name}/{n:03}.JPG,{name}{n // 4}" for name, size in (("a", 40), ("b", 24)) for n in range(size)]
    groups = tmp_path / "groups.csv"
    groups.write_text("Image;who\n" + "\n".join(reversed(rows)).replace(",", ";"))
    adopted = adopt(source, to(tmp_path), SETTINGS, groups=groups)
    # a tenth is 4 of a (one whole group) and 2 of b (a group of 4 comes no nearer, but one class would have no test
    # image)
    assert (adopted.train, adopted.test) == (56, 8)
    train = table(tmp_path / "data/raw/train.csv")
    assert train.columns.tolist() == ["ID", "target", "group"] and Counter(Counter(train["group"]).values()) == {4: 14}


def test_groups_are_matched_by_any_unique_name(tmp_path):
    source = tmp_path / "photos"
    for file in ("a/1.png", "a/2.png", "a/x.png", "b/1.png", "b/2.png", "b/y.png"):
        (source / file).parent.mkdir(parents=True, exist_ok=True)
        (source / file).touch()
    groups = tmp_path / "groups.csv"
    groups.write_text(
        "ID,group,note\na/1,g1,\nC:\\photos\\a\\2.png,g2,\nx,g3,\nb/1.png,g4,\nb/2.png,g5,\ny.png,g6,\nz.png,g7,\n"
    )
    adopted = adopt(source, to(tmp_path), SETTINGS, groups=groups)
    assert adopted.train + adopted.test == 6
    assert any("1 row fits no image here: z.png" in note for note in adopted.notes)
    groups.write_text("ID,group\n1.png,g1\na/2.png,g2\nx,g3\nb/1.png,\nb/2.png,g5\nb/2.png,g6\ny.png,g6\n")
    found = refused(source, to(tmp_path, force=True), SETTINGS, groups=groups)
    assert "2 images have no group: a/1.png, b/1.png; add a row class/file,group for each" in found[0]
    assert "1 image is in several groups: b/2.png (g5, g6); keep one row for each" in found[1]


@pytest.mark.parametrize(
    ("header", "option", "expected"),
    [
        ("who,what", None, "no column with the files (there: who, what); call it one of id, file, "),
        (
            "label,file",
            None,
            "no column with the groups (there: label, file); add one, and name it with --group-column",
        ),
        ("file,who", "patient", "no column 'patient' (there: file, who); name the groups' column with --group-column"),
    ],
)
def test_groups_without_their_columns(tmp_path, header, option, expected):
    source = class_folders(tmp_path / "photos", a=4, b=4)
    (tmp_path / "groups.csv").write_text(f"{header}\na/000.JPG,g\n")
    found = refused(source, to(tmp_path), SETTINGS, groups=tmp_path / "groups.csv", group_column=option)
    assert len(found) == 1 and expected in found[0]


def test_what_is_no_image_is_listed(tmp_path):
    source = class_folders(tmp_path / "photos", a=4, b=4)
    (source / "a" / "notes.txt").touch()
    (source / "b" / "more").mkdir()
    (source / "b" / "more" / "notes.txt").touch()
    (source / "readme.md").touch()
    (source / ".hidden").mkdir()
    adopted = adopt(source, to(tmp_path), SETTINGS)
    assert adopted.skipped == (
        "a/notes.txt: not an image",
        "b/more/notes.txt: not an image",
        "readme.md: not in a class folder",
    )


def test_images_are_not_left_behind_in_silence(tmp_path):
    source = class_folders(tmp_path / "photos", a=4, b=4)
    (source / "a/moving.gif").write_text("a moving")
    adopted = adopt(source, to(tmp_path), SETTINGS)
    ids = [*table(tmp_path / "data/raw/train.csv").ID, *table(tmp_path / "data/solution.csv").ID]
    assert adopted.train + adopted.test == 9 and sum(id.endswith(".gif") for id in ids) == 1
    (source / "b/phone.HEIC").write_text("b phone")
    assert refused(source, to(tmp_path, force=True), SETTINGS) == [
        f"{source}: 1 image is of a format that can't be read: b/phone.HEIC; convert them to JPEG or PNG, or take "
        "them away"
    ]


def test_a_class_with_one_image_is_only_trained_on(tmp_path):
    adopted = adopt(class_folders(tmp_path / "photos", a=12, b=1), to(tmp_path), SETTINGS)
    assert (adopted.train, adopted.test) == (12, 1) and "1 class has too few images or groups" in adopted.notes[0]
    [problem] = refused(class_folders(tmp_path / "few", a=1, b=1), to(tmp_path / "x"), SETTINGS)
    assert "too few images or groups to hold a test part out; add some, or adopt a competition" in problem


def test_folders_that_are_no_classes(tmp_path):
    class_folders(tmp_path / "deep" / "train", a=3, b=3)
    assert "adopt the folder that holds the classes" in refused(tmp_path / "deep", to(tmp_path), SETTINGS)[0]
    (tmp_path / "none").mkdir()
    assert (
        "neither train.csv nor sub-folders; expected a competition, or one sub-folder per class"
        in refused(tmp_path / "none", to(tmp_path), SETTINGS)[0]
    )
    one = refused(class_folders(tmp_path / "one", a=3), to(tmp_path), SETTINGS)[0]
    assert "only one class folder; there is nothing to tell apart, at least two are needed" in one
    assert (
        "1 class folder has no images: c; fill or remove them"
        in refused(class_folders(tmp_path / "e", a=3, b=3, c=0), to(tmp_path), SETTINGS)[0]
    )
    with pytest.raises(
        FileNotFoundError,
        match="no such folder or file; expected a competition's folder or archive, or one sub-folder per class",
    ):
        adopt(tmp_path / "nowhere", to(tmp_path), SETTINGS)
    assert not (tmp_path / "data").exists()


def test_a_competition_of_our_form_comes_whole(tmp_path):
    source = competition(tmp_path / "download")
    (source / "test" / "extra.png").touch()
    (source / "rules.pdf").touch()
    adopted = adopt(source, to(tmp_path), SETTINGS, options=Options(metric="accuracy"))
    assert (adopted.kind, adopted.train, adopted.test, adopted.classes) == ("competition", 3, 2, 2)
    assert adopted.skipped == ("test/extra.png: no ID names it", "rules.pdf: not read")
    raw = tmp_path / "data" / "raw"
    left_out, meta = ("rules.pdf", "test/extra.png"), b"target,class_name\n0,0\n1,1\n"
    came = {name: data for name, data in contents(source).items() if name not in left_out}
    assert contents(raw) == {**came, "meta.csv": meta}
    assert (raw / "train/a.png").samefile(source / "train/a.png")  # a hard link takes no room
    assert not (raw / "train.csv").samefile(source / "train.csv")  # labels corrected there leave the download alone
    assert not (tmp_path / "data/solution.csv").exists()


def test_a_broken_competition_is_refused(tmp_path):
    source = competition(tmp_path / "download")
    (source / "train.csv").write_text("ID,target\na,0\na,1\n../b,0\n")
    found = refused(source, to(tmp_path), SETTINGS, groups="groups.csv", options=Options(metric="accuracy"))
    assert len(found) == 2 and "can't name a file: '../b'" in found[1] and not (tmp_path / "data").exists()


def test_what_stands_there_is_replaced_only_when_told(tmp_path):
    first = class_folders(tmp_path / "first", a=10, b=10)
    adopt(first, to(tmp_path), SETTINGS)
    before = contents(tmp_path / "data")
    second = class_folders(tmp_path / "second", a=20, b=20, c=20)
    found = refused(second, to(tmp_path), SETTINGS, ratio=(1, 0))
    assert sum("--force replaces it" in problem for problem in found) == 3 and len(found) == 4
    assert contents(tmp_path / "data") == before
    adopt(second, to(tmp_path, force=True), SETTINGS)
    assert len(table(tmp_path / "data/raw/meta.csv")) == 3 and len(table(tmp_path / "data/solution.csv")) == 6
    third, accuracy = competition(tmp_path / "third"), Options(metric="accuracy")
    came = adopt(third, to(tmp_path, force=True), SETTINGS, options=accuracy)
    assert came.notes[-2:] == tuple(
        f"{tmp_path}/data/{name}.csv was left as it was" for name in ("solution", "adopted")
    )


def test_a_failure_leaves_everything_as_it_was(tmp_path, monkeypatch):
    adopt(class_folders(tmp_path / "first", a=10, b=10), to(tmp_path), SETTINGS)
    before = contents(tmp_path / "data")

    def full(source, target):
        if source.name == "015.JPG":
            raise OSError(28, "No space left on device")
        link_or_copy(source, target)

    monkeypatch.setattr("competition.data.adopt.class_folder_adoption.link_or_copy", full)
    with pytest.raises(OSError, match="No space"):
        adopt(class_folders(tmp_path / "second", a=20, b=20), to(tmp_path, force=True), SETTINGS)
    assert contents(tmp_path / "data") == before


def test_force_never_removes_what_is_no_competition(tmp_path, monkeypatch):
    source = class_folders(tmp_path / "photos", a=4, b=4)
    home = tmp_path / "home"
    home.mkdir()
    (home / "thesis.tex").touch()
    options = {"solution": tmp_path / "solution.csv", "force": True}
    assert (
        "something else than a competition (no train.csv); remove it yourself"
        in refused(source, Destination(home, **options), SETTINGS)[0]
    )
    monkeypatch.chdir(home)
    assert (
        "holds the folder you are in; name another one"
        in refused(source, Destination(Path("."), **options), SETTINGS)[0]
    )
    assert "adopt into a folder apart from it" in refused(source, Destination(source / "raw", **options), SETTINGS)[0]
    assert "lies inside" in refused(source, Destination(tmp_path, **options), SETTINGS)[0]
    inside = Destination(tmp_path / "raw", tmp_path / "raw" / "solution.csv")
    assert "must not give the labels away; put it elsewhere" in refused(source, inside, SETTINGS)[0]
    assert (home / "thesis.tex").exists()


def test_without_hard_links_files_are_copied(tmp_path, monkeypatch):
    def no_link(*_):
        raise OSError("cross-device")

    monkeypatch.setattr("os.link", no_link)
    (tmp_path / "a").write_text("x")
    link_or_copy(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b").read_text() == "x"


def test_image_id_is_sha1_of_the_path():
    # printf 'cat/1.JPG' | sha1sum
    assert image_id("cat/1.JPG") == "40cfd53c88d1.jpg"
    assert image_id("cat/1.JPG") != image_id("dog/1.JPG")


@pytest.mark.parametrize("seed", range(20))
def test_random_groups_never_stand_on_both_sides_and_classes_keep_their_share(seed):
    generator = np.random.default_rng(seed)
    size = int(generator.integers(20, 400))
    groups = [f"g{n}" for n in generator.integers(0, size // 3, size)]  # a group may hold several classes
    labels = [f"c{n}" for n in generator.integers(0, 4, size)]
    held_out = choose_test_images(labels, groups, 0.2, seed)
    sides = defaultdict(set)
    for group, side in zip(groups, held_out, strict=True):
        sides[group].add(bool(side))
    assert all(len(some) == 1 for some in sides.values())
    for name in set(labels):
        mine = held_out[np.array(labels) == name]
        assert 0 < mine.sum() < len(mine) and abs(mine.sum() - 0.2 * len(mine)) <= max(Counter(groups).values()) + 1
    order = generator.permutation(size)
    again = choose_test_images([labels[row] for row in order], [groups[row] for row in order], 0.2, seed)
    assert (again == held_out[order]).all()


def test_halves_are_even_in_every_class():
    labels = ["a"] * 5 + ["b"] * 7 + ["c"] * 4
    usage = public_private(labels, [True] * 12 + [False] * 4, seed=0)
    assert usage[12:] == [""] * 4 and Counter(usage[:12]) == {"Public": 6, "Private": 6}
    assert abs(Counter(usage[:5])["Public"] - 2.5) == abs(Counter(usage[5:12])["Public"] - 3.5) == 0.5


@pytest.mark.skipif(not LEAVES.is_dir(), reason="the real leaves are not here")
def test_real_leaves_by_leaf(tmp_path):
    adopted = adopt(LEAVES, to(tmp_path), SETTINGS, groups=LEAVES / "leaf_groups.csv")
    assert adopted.train + adopted.test == 2152 and adopted.skipped == ("leaf_groups.csv: not in a class folder",)
    leaf = table(LEAVES / "leaf_groups.csv").set_index("file")["leaf"]
    mapping = table(tmp_path / "data/adopted.csv").set_index("ID")["file"]
    held_out = {leaf[mapping[id]] for id in table(tmp_path / "data/solution.csv")["ID"]}
    train = table(tmp_path / "data/raw/train.csv")
    assert not held_out & {leaf[mapping[id]] for id in train["ID"]} and not held_out & set(train["group"])
    counts = Counter(table(tmp_path / "data/solution.csv")["target"])
    assert all(abs(counts[target] - wanted) <= 4 for target, wanted in (("0", 100), ("1", 100), ("2", 15)))
