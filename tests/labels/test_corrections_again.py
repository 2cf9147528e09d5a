"""Corrections that are made training data again, after a person has decided something since."""

from hashlib import sha256
from pathlib import Path

import pytest
from makers.project import PARAMS, write_competition

from competition.common import paths
from competition.labels.corrections import add_correction
from competition.labels.fixes import LabelFix, read_label_fixes
from pipelines import add_corrections, fix_label

FOLDER, RAW = Path("data/corrections"), Path("data/raw")
IN_BROWSER = "corrected in the browser"


@pytest.fixture(autouse=True)
def at_home(tmp_path, monkeypatch):
    write_competition(tmp_path / "data/raw")
    (tmp_path / "params.yaml").write_text(PARAMS)
    monkeypatch.chdir(tmp_path)


def keep(path: Path, target: str, extra: bytes = b"") -> str:
    data = path.read_bytes() + extra
    add_correction(FOLDER, data, ".png", target, 10)
    return f"{sha256(data).hexdigest()}.png"


def fixes() -> dict[str, LabelFix]:
    return {fix.id: fix for fix in read_label_fixes(paths.LABEL_FIXES)}


def rows() -> dict[str, str]:
    return dict(line.split(",")[:2] for line in (RAW / "train.csv").read_text().splitlines()[1:])


def test_a_newer_decision_stays():
    keep(RAW / "train/04.jpg", "7")
    add_corrections.main()
    fix_label.main("04", "x", "looked again")
    add_corrections.main()
    assert fixes() == {"04": LabelFix("04", "x", "looked again")}


def test_an_earlier_decision_stays_too_and_is_reported(capsys):
    fix_label.main("04", drop=True)
    fix_label.main("05", "7", "sure")
    first, second = keep(RAW / "train/04.jpg", "7"), keep(RAW / "train/05.jpg", "7")
    for _ in range(2):
        add_corrections.main()
        assert fixes() == {"04": LabelFix("04", ""), "05": LabelFix("05", "7", "sure")}
        said = capsys.readouterr().out
        assert f"conflict={first} is 7, but the label fix of 04 leaves it out" in said and second not in said
        assert "label_fixes=0 known=1 conflicts=1" in said


def test_a_fix_that_was_taken_back_is_not_made_again():
    keep(RAW / "train/04.jpg", "7")
    add_corrections.main()
    paths.LABEL_FIXES.write_text("ID,target,reason\n")
    add_corrections.main()
    assert not fixes()


def test_a_row_that_was_removed_stays_removed(capsys):
    gone, left = keep(RAW / "test/t1.png", "x", b"\0"), keep(RAW / "test/t2.png", "x", b"\0")
    add_corrections.main()
    text = (RAW / "train.csv").read_text()
    (RAW / "train.csv").write_text(text.replace(f"{gone},x\n", ""))
    (RAW / "train" / gone).unlink()
    add_corrections.main()
    assert gone not in rows() and left in rows() and "images=0" in capsys.readouterr().out.splitlines()[-1]


def test_a_competition_that_was_brought_in_anew_gets_them_again():
    before = (RAW / "train.csv").read_text()
    new = keep(RAW / "test/t1.png", "x", b"\0")
    add_corrections.main()
    (RAW / "train.csv").write_text(before)
    (RAW / "train" / new).unlink()
    add_corrections.main()
    assert rows()[new] == "x" and (RAW / "train" / new).is_file()


@pytest.mark.parametrize("image", ["test/t1.png", "train/04.jpg"])  # a new image; one of train.csv
def test_a_changed_correction_is_taken(image):
    extra = b"\0" if image.startswith("test") else b""
    for target in ("7", "x"):
        id = keep(RAW / image, target, extra)
        add_corrections.main()
    own = id if extra else "04"
    assert fixes()[own] == LabelFix(own, "x", IN_BROWSER)
    assert rows().get(id) == ("7" if extra else None)  # train.csv is not edited
    keep(RAW / image, "10", extra)
    add_corrections.main()
    assert fixes()[own].target == "10"
    fix_label.main(own, "7")
    keep(RAW / image, "x", extra)
    add_corrections.main()
    assert fixes()[own] == LabelFix(own, "7")  # which of the two is newer can't be known


def test_a_label_changed_in_train_csv_is_a_conflict(capsys):
    new = keep(RAW / "test/t1.png", "7", b"\0")
    add_corrections.main()
    (FOLDER / "added.csv").unlink()  # as an earlier version left it
    keep(RAW / "test/t1.png", "x", b"\0")
    add_corrections.main()
    assert not fixes() and f"conflict={new} is x, but train.csv says 7" in capsys.readouterr().out


@pytest.fixture
def given_folds():
    lines = (RAW / "train.csv").read_text().splitlines()
    given = [f"{line},{'fold' if n == 0 else n % 2}" for n, line in enumerate(lines)]
    (RAW / "train.csv").write_text("\n".join(given) + "\n")


def test_where_every_image_has_a_fold_one_is_asked_for(given_folds, capsys):
    new, before = keep(RAW / "test/t1.png", "x", b"\0"), (RAW / "train.csv").read_bytes()
    for fold, message in (
        (None, "every image its fold, so name one .* --fold: 0, 1"),
        (2, "--fold 2: expected one of 0"),
    ):
        with pytest.raises(ValueError, match=message):
            add_corrections.main(fold=fold)
    assert (RAW / "train.csv").read_bytes() == before and not (RAW / "train" / new).exists()
    add_corrections.main(fold=1)
    assert (RAW / "train.csv").read_text().splitlines()[-1] == f"{new},x,1"
    add_corrections.main()  # nothing to add, nothing to ask


def test_where_split_deals_images_out_no_fold_is_asked_for(given_folds):
    text = (RAW / "train.csv").read_text()
    (RAW / "train.csv").write_text(text.replace(",1\n", ",\n"))
    new = keep(RAW / "test/t1.png", "x", b"\0")
    add_corrections.main()
    assert (RAW / "train.csv").read_text().splitlines()[-1] == f"{new},x,"


def test_without_folds_in_train_csv_none_is_taken():
    keep(RAW / "test/t1.png", "x", b"\0")
    with pytest.raises(ValueError, match="--fold 0: .*train.csv has no column fold"):
        add_corrections.main(fold=0)
