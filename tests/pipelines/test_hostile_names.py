"""What one command writes is taken by the next: adopt, prepare, split, fix_label, validate, score, record."""

import csv
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from makers.commands import call  # noqa: F401
from makers.names import LITTER, SPELLINGS, USABLE, nfd

from competition.common import paths
from competition.data.competition import read_competition
from competition.data.submission import write_submission
from competition.settings.load import load_settings
from pipelines import adopt, fix_label, prepare, record, score, split, validate

ROOT = Path(__file__).resolve().parents[2]
CLASSES = ("NA", "null", "007", "1e5", "=1+1", "-x", "@home", "a,b;c", 'a "quoted" one', "True", "no", "영수증")


def write_image(path: Path, seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (40, 32, 3), dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(".png", pixels)[1].tobytes())


def write_csv(path: Path, rows: list) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows(rows)


def write_litter(folder: Path) -> None:
    for name in LITTER:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"litter")


def write_download(folder: Path, id: str, target: str) -> tuple[list[str], list[str]]:
    """Write a competition whose names are hostile; return the training and the test IDs as its tables have them."""
    named = {name: name for name in USABLE} | {f"{table} 2": f"{file} 2" for table, file in SPELLINGS}
    train, test = list(named), [f"{name} t" for name in named]
    for seed, file in enumerate(named.values()):
        write_image(folder / f"train/{file}.{'png' if seed % 2 else 'PNG'}", seed)
        write_image(folder / f"test/{file} t.png", 1000 + seed)
    write_litter(folder / "train")
    rows = [[name, CLASSES[n % len(CLASSES)], f"note {n}\r\nof, a; person"] for n, name in enumerate(train)]
    write_csv(folder / "train.csv", [[id, target, "note"], *rows])
    write_csv(folder / "test.csv", [[id, "note"], *([name, '"'] for name in test)])
    write_csv(folder / "sample_submission.csv", [[id, target], *([name, CLASSES[0]] for name in test)])
    return train, test


@pytest.fixture(scope="module", params=[("ID", "target"), ("Bild", "Art, =1")], ids=["our names", "other names"])
def prepared(tmp_path_factory, request):
    """Return the folder of a project that adopted and prepared the hostile download, and its IDs."""
    folder = tmp_path_factory.mktemp("hostile")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        train, test = write_download(folder / "download", *request.param)
        shutil.copy(ROOT / "params.yaml", "params.yaml")
        adopt.main(folder / "download", labels="single", metric="f1_macro")
        prepare.main()
        split.main()
    return folder, train, test


@pytest.fixture
def project(prepared, monkeypatch):
    monkeypatch.chdir(prepared[0])
    return prepared


def ids_of(path: Path | str) -> list[str]:
    with open(path, encoding="utf-8", newline="") as file:
        return [row["ID"] for row in csv.DictReader(file)]


def test_the_stages_keep_every_name(project):
    _, train, test = project
    competition = read_competition(load_settings().competition)
    assert competition.train["ID"].tolist() == train and list(competition.test_ids) == test
    assert set(competition.targets) == set(CLASSES)
    assert ids_of(paths.FOLDS) == train and ids_of(paths.PROBLEM_FILES) == []
    assert set(ids_of(paths.METADATA)) == {*train, *test}


def test_a_label_of_every_image_can_be_fixed(project, call):  # noqa: F811
    _, train, _ = project
    for id in train[::5]:
        code, out, err = call(fix_label, "--reason", 'so, "he" says\r\n=1', "--", id, CLASSES[4])
        assert code == 0, err
    table, file = train[-1], f"{SPELLINGS[-1][1]} 2"  # as the file is called, which the shell completes
    assert call(fix_label, "--", file, CLASSES[4])[0] == 0
    assert ids_of(paths.LABEL_FIXES) == [*dict.fromkeys([*train[::5], table])]
    prepare.main()
    split.main()
    with open(paths.FOLDS, encoding="utf-8", newline="") as folds:
        fixed = {row["ID"] for row in csv.DictReader(folds) if row["target"] == CLASSES[4]}
    assert {*train[::5], table} <= fixed
    paths.LABEL_FIXES.unlink()


def test_a_submission_is_valid_scored_and_recorded(project, call):  # noqa: F811
    _, _, test = project
    competition = read_competition(load_settings().competition)
    answers = np.arange(len(test)) % len(competition.targets)
    write_submission("submissions/final.csv", competition, answers)
    code, out, err = call(validate, "submissions/final.csv")
    assert code == 0, err
    right = [competition.targets[index] for index in answers]
    columns = load_settings().competition
    write_csv(Path("solution.csv"), [[columns.id, columns.target], *zip(test, right, strict=True)])
    code, out, err = call(score, "submissions/final.csv", "solution.csv")
    assert code == 0 and "1.0" in out, err
    code, out, err = call(record, "final", "0.5")
    assert code == 0, err


def test_class_folders_with_groups(tmp_path, monkeypatch, call):  # noqa: F811
    """The files as a Mac calls them, the table of groups as a spreadsheet writes it, and litter everywhere."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(ROOT / "params.yaml", "params.yaml")
    groups = []
    for label in ("Überweisung", "영수증", "a,b;c", "=1+1", "NA"):
        for number in range(8):
            name = f"Überseite\u202f{label} {number}"
            write_image(tmp_path / "download" / nfd(label) / f"{nfd(name)}.{'PNG' if number % 2 else 'png'}", number)
            groups.append([f"{label}/Überseite {label} {number}.png", f"{label}{number // 2}"])
        write_litter(tmp_path / "download" / nfd(label))
    write_csv(Path("groups.csv"), [["file", "group"], *groups])
    adopt.main(tmp_path / "download", groups=Path("groups.csv"), ratio="2:1:1")
    competition = read_competition(load_settings().competition)
    assert len(competition.train) + len(competition.test_ids) == len(groups)
    assert competition.train.groupby("group")["ID"].count().max() == 2
    prepare.main()
    split.main()
    write_submission("submission.csv", competition, np.zeros(len(competition.test_ids), np.int64))
    code, out, err = call(validate, "submission.csv")
    assert code == 0, err
    code, out, err = call(score, "submission.csv", paths.SOLUTION)
    assert code == 0, err
