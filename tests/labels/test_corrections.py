"""Corrections, kept with their pixels, and made training data."""

import shutil
from hashlib import sha256
from pathlib import Path

import pytest
from makers.project import PARAMS, write_competition

from competition.common.errors import ContractError
from competition.data.competition import read_competition
from competition.labels.corrections import add_correction, read_corrections
from competition.labels.fixes import LabelFix, read_label_fixes
from competition.settings.load import load_settings
from pipelines import add_corrections, prepare

FOLDER = Path("data/corrections")


@pytest.fixture
def raw(tmp_path, monkeypatch) -> Path:
    write_competition(tmp_path / "data/raw")
    (tmp_path / "params.yaml").write_text(PARAMS)
    monkeypatch.chdir(tmp_path)
    return Path("data/raw")


def keep(path: Path, target: str, extra: bytes = b"") -> str:
    data = path.read_bytes() + extra
    add_correction(FOLDER, data, ".png", target, 10)
    return f"{sha256(data).hexdigest()}.png"


def test_new_images_known_images_and_test_images(raw, capsys):
    text = (raw / "train.csv").read_text()
    rows = [line + (",note" if n == 0 else ",a") for n, line in enumerate(text.splitlines())]
    (raw / "train.csv").write_text("\n".join(rows) + "\n")
    new = keep(raw / "test/t1.png", "x", b"\0")  # other bytes
    keep(raw / "train/04.jpg", "7")
    keep(raw / "test/t2.png", "7")
    add_corrections.main()
    lines = (raw / "train.csv").read_text().splitlines()
    assert lines == [*rows, f"{new},x,"]
    assert (raw / "train" / new).read_bytes() == (FOLDER / new).read_bytes()
    assert read_label_fixes("folds/label_fixes.csv") == [LabelFix("04", "7", "corrected in the browser")]
    said = capsys.readouterr().out
    assert "test images are left out images=1 ids=t2" in said and "images=1 label_fixes=1 known=0" in said
    before = (raw / "train.csv").read_bytes()
    add_corrections.main()  # again: nothing more
    assert (raw / "train.csv").read_bytes() == before and "images=0 label_fixes=0 known=2" in capsys.readouterr().out
    settings = load_settings()
    train = read_competition(settings.competition, settings.task).train.set_index("ID")
    assert train.at[new, "target"] == "x" and len(train) == len(rows)
    prepare.main()
    assert Path("data/train.arrow").is_file()


def test_what_is_wrong_is_said_and_nothing_written(raw):
    with pytest.raises(ContractError, match="no corrections there"):
        add_corrections.main()
    first, second = keep(raw / "test/t1.png", "8", b"\0"), keep(raw / "test/t1.png", "x", b"\1")
    (FOLDER / second).unlink()
    before = (raw / "train.csv").read_bytes()
    with pytest.raises(ContractError) as error:
        add_corrections.main()
    assert second in str(error.value) and "unknown classes: 8" in str(error.value)
    assert (raw / "train.csv").read_bytes() == before and not (raw / "train" / first).exists()


def test_names_lead_nowhere_else(raw):
    FOLDER.mkdir()
    (FOLDER / "corrections.csv").write_text("ID,target\n../raw/sample_submission.csv,x\n")
    with pytest.raises(ContractError, match="no names of images"):
        read_corrections(FOLDER)


def test_no_more_than_the_limit(raw):
    shutil.copy(raw / "test/t1.png", "page.png")
    for n in range(10):
        keep(Path("page.png"), "x", bytes([n]))
    with pytest.raises(ValueError, match="holds 10 corrections"):
        keep(Path("page.png"), "x", bytes([10]))
    keep(Path("page.png"), "7", bytes([9]))
    assert list(read_corrections(FOLDER).values()) == ["x"] * 9 + ["7"]
