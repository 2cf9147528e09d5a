"""Hidden images are left out with their number by every command that reads a folder; systems' litter isn't said."""

import shutil
from pathlib import Path

import pytest
from makers.competitions.broken import IDS, TESTS, lines, picture

from competition.data.hidden_images import hidden_images, hidden_note
from pipelines import adopt, prepare

# place -> whether an image there is said
PLACES = {
    ".scan.png": True,
    ".Scan 2.JPG": True,
    ".noname": True,
    ".png": True,
    ".old/a.png": True,
    "more/.thumbnails/b.jpeg": True,
    ".heic.heic": True,
    "._scan.png": False,
    "__MACOSX/a.png": False,
    ".ipynb_checkpoints/a-checkpoint.png": False,
    "@eaDir/a.png": False,
}
SAID = sorted(place for place, said in PLACES.items() if said)


@pytest.fixture(scope="module")
def image(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("image") / "a.png"
    picture(path, 1)
    return path


def hide(folder: Path, image: Path) -> None:
    for place in PLACES:
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(image, folder / place)
    for name in (".gitignore", ".git/objects/ab", ".DS_Store", "Thumbs.db"):  # no images
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"\0\0\0\1Bud1")


def test_images_are_told_from_other_hidden_files(tmp_path, image):
    hide(tmp_path, image)
    assert hidden_images(tmp_path) == SAID
    assert hidden_note([".scan.png"], "x") == (
        "x: 1 hidden file was left out: .scan.png; to have them used, take the dot from their names or their folders'"
    )
    assert "7 hidden files were left out: .Scan 2.JPG, " in hidden_note(SAID, "x")


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    folder = tmp_path / "project"
    (folder / "folds").mkdir(parents=True)
    (folder / "params.yaml").write_text("split: {folds: [0, 1]}\nmachine: {workers: 1}\n")
    monkeypatch.chdir(folder)
    return folder


def written(root: Path, label: str = "target") -> None:
    for part, ids in (("train", IDS), ("test", TESTS)):
        for n, id in enumerate(ids):
            picture(root / f"{part}/{id}.png", n + 100 * len(ids))
    lines(root / "train.csv", f"ID,{label}", *(f"{id},{'ab'[n % 2]}" for n, id in enumerate(IDS)))
    lines(root / "sample_submission.csv", f"ID,{label}", *(f"{id},a" for id in TESTS))


def as_class_folders(root: Path) -> Path:
    for n in range(12):
        picture(root / f"{'ab'[n % 2]}/{n}.png", n)
    return root / "a"


def with_our_names(root: Path) -> Path:
    written(root)
    return root / "train"


def as_competition(root: Path) -> Path:
    written(root, "species")
    return root / "train"


LAYOUTS = {"class folders": as_class_folders, "our names": with_our_names, "competition": as_competition}


@pytest.mark.parametrize("packed", [False, True], ids=["folder", "zip"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_adopt_says_their_number(project, tmp_path, image, capsys, layout, packed):
    download = tmp_path / "download"
    place = LAYOUTS[layout](download)
    hide(place, image)
    if packed:
        shutil.make_archive(str(tmp_path / "packed"), "zip", download)
    adopt.main(tmp_path / "packed.zip" if packed else download, metric="accuracy")
    [said] = [line for line in capsys.readouterr().out.splitlines() if "hidden files" in line]
    assert said.startswith("warning: ") and "7 hidden files were left out: " in said


def test_prepare_says_their_number_and_uses_what_a_row_names(project, image, capsys):
    written(Path("data/raw"))
    hide(Path("data/raw/test"), image)
    shutil.copy(image, "data/raw/train/.own.png")
    with open("data/raw/train.csv", "a", encoding="utf-8") as table:
        table.write(".own,a\n")
    prepare.main()
    [said] = [line for line in capsys.readouterr().out.splitlines() if "hidden file" in line]
    assert said.startswith("warning: data problem=data/raw/test: 7 hidden files were left out: ")
