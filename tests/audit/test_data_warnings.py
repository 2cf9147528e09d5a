"""`prepare` on a train.csv that nobody adopted: classes written in several ways and images without a row are named."""

import io
from pathlib import Path

import numpy as np
import pytest
from makers.competitions.broken import IDS, TESTS, lines, picture
from PIL import Image

from competition.audit.tables import print_audit
from competition.common.files import read_json
from pipelines import prepare

SPELLINGS = {"1": "1.0", "Cat": "cat", "x-ray": "x\u2013ray", "07": "7", "cat": "c\u0430t"}


def written(root: Path, usual: str, other: str) -> None:
    """Write a competition in the project's form: 12 images of two classes, two of them in another spelling."""
    for part, ids in (("train", IDS), ("test", TESTS)):
        for n, id in enumerate(ids):
            picture(root / f"{part}/{id}.png", n + 100 * len(ids))
    label = {1: other, 2: other}
    lines(
        root / "train.csv", "ID,target", *(f"{id},{label.get(n, ('zebra', usual)[n % 2])}" for n, id in enumerate(IDS))
    )
    lines(root / "sample_submission.csv", "ID,target", *(f"{id},zebra" for id in TESTS))


@pytest.fixture
def root(tmp_path, monkeypatch) -> Path:
    (tmp_path / "folds").mkdir()
    (tmp_path / "params.yaml").write_text("split: {folds: [0, 1]}\nmachine: {workers: 1}\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "data/raw"


@pytest.mark.parametrize(("usual", "other"), SPELLINGS.items())
def test_classes_written_in_several_ways(root, capsys, usual, other):
    written(root, usual, other)
    prepare.main()
    [line] = [line for line in capsys.readouterr().out.splitlines() if line.startswith("warning: data ")]
    assert "train.csv: 1 class is written in several ways" in line and "adopt FOLDER --join-classes" in line
    assert f"{usual!r} (5 images" in line and f"{other!r} (2 images" in line
    audit = read_json(root.parent.parent / "folds/audit.json")
    assert audit["classes_alike"] == [[usual, other]]
    text = io.StringIO()
    print_audit(audit, text)
    shown = text.getvalue().partition("Classes that look alike, taken as classes of their own")[2].splitlines()
    assert [line.split()[-1] for line in shown[3:5]] == ["5", "2"]


def test_groups_written_in_several_ways(root, capsys):
    written(root, "a", "b")
    names = ["P01", "p1", "P01 ", "P2", "P3", "", "", "P4", "P5", "P6", "P7", "P8"]
    rows = (root / "train.csv").read_text().split()[1:]
    cells = (f'{row},"{name}"' for row, name in zip(rows, names, strict=True))
    lines(root / "train.csv", "ID,target,group", *cells)
    prepare.main()
    [line] = [line for line in capsys.readouterr().out.splitlines() if line.startswith("warning: data ")]
    assert "train.csv: 1 group is written in several ways, and so stands on both sides of a split" in line
    assert line.endswith("'P01' (2 images), 'p1' (1 image)")  # blanks around cells are left out


def test_images_without_a_row_and_what_is_no_image(root, capsys):
    written(root, "a", "b")
    for n in range(7):
        picture(root / f"train/more/m{n}.png", 500 + n)
    (root / "test/readme.txt").touch()
    (root / "train/a03.png").write_bytes(b"%PDF-1.4\n")
    (root / "test/t1.png").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0")
    (root / "test/t2.png").write_bytes(b"<html>404</html>")
    Image.fromarray(np.zeros((9, 9, 3), np.uint8)).save(root / "test/unasked.jpg")
    prepare.main()
    out = capsys.readouterr().out
    assert "train: 7 images have no row in train.csv, and are not used: more/m0.png, more/m1.png," in out
    assert "test: 1 image has no row in the sample submission, and is not used: unasked.jpg" in out
    assert "a03.png problem=not an image, but a PDF document" in out
    assert "t1.png problem=not an image, but a HEIC photo" in out
    assert "t2.png problem=not an image, but a web page" in out
    assert read_json(root.parent.parent / "folds/audit.json")["classes_alike"] == []
