"""Commands over hostile input, called in this process: what became of each file, or of a table."""

import contextlib
import io
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import typer
from makers.fuzz import IMAGES, is_said

from competition.common import paths
from competition.data.competition import read_competition
from competition.data.image_store import ImageStore
from competition.serving.new_images import list_files, read_images
from competition.serving.pages import list_pages
from competition.serving.pdf_pages import PdfPages
from competition.settings.load import load_settings
from pipelines import adopt, prepare, score, validate

PDFS = PdfPages()  # its process ends with this one
PARAMS = "prepare: {longest_side: 64}\nmachine: {workers: 1}\n"


def quietly(command, *given, **named) -> str | BaseException:
    """Return what a command printed; or what it raised, where that is a mistake that is said. Raises what isn't."""
    out = io.StringIO()
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            command(*given, **named)
    except typer.Exit as stopped:
        return stopped if stopped.exit_code else out.getvalue()
    except Exception as error:
        if not is_said(error):
            raise
        return error
    return out.getvalue()


def adopt_and_prepare(folder: Path, download: Path) -> Mapping[str, str]:
    """Return file -> "used" or why not, of the class folders `download`, in a project made anew at `folder`.

    A file that is in neither was lost. What a refusal names is taken away, as a person does, until none is; a refusal
    that names no file is why of every file.
    """
    files = [path.relative_to(download).as_posix() for path in download.rglob("*") if path.is_file()]
    found: dict[str, str] = {}
    while True:
        left = [file for file in files if file not in found]
        said = _adopted_anew(folder, download)
        if isinstance(said, str):
            return found | _prepared(folder, said, left)
        named = [file for file in left if file in str(said)]
        found |= dict.fromkeys(named or left, f"{'named' if named else 'refused'}: {said}")
        if not named:
            return found
        for file in named:
            (download / file).unlink()


def _adopted_anew(folder: Path, download: Path) -> str | BaseException:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / "params.yaml").write_text(PARAMS)
    with contextlib.chdir(folder):
        return quietly(adopt.main, download, class_folders=True, ratio="2:1:1")


def _prepared(folder: Path, said: str, files: list[str]) -> dict[str, str]:
    """Return file -> "used" or why not, after `prepare`; said: by `adopt`."""
    with contextlib.chdir(folder):
        found = _skipped(said, files)
        adopted = dict(pd.read_csv("data/adopted.csv", dtype=str, keep_default_na=False).to_numpy().tolist())
        refused = quietly(prepare.main)
        if isinstance(refused, BaseException):
            return found | dict.fromkeys(adopted.values(), f"refused: {refused}")
        stores = [paths.TRAIN_STORE, paths.TEST_STORE]
        packed = {id for store in stores for id in ImageStore(store).column("source_id")}
        problems = pd.read_csv(paths.PROBLEM_FILES, dtype=str, keep_default_na=False)
        reasons = dict(zip(problems["ID"], problems["problem"], strict=True))
        for id, file in adopted.items():
            if id in packed:
                found[file] = "used"
            elif reasons.get(id):
                found[file] = reasons[id]
        return found


def _skipped(said: str, files: list[str]) -> dict[str, str]:
    """Return file -> why, of `skipped:` lines; where only their number is said, of the files that they may be."""
    lines = [line.removeprefix("skipped: ") for line in said.splitlines() if line.startswith("skipped: ")]
    found = {file: line for file in files for line in lines if line.startswith(f"{file}: ")}
    if lines and lines[-1].endswith(" more") and (more := int(lines[-1].split()[0])):
        named = set(pd.read_csv("data/adopted.csv", dtype=str, keep_default_na=False)["file"]) | {*found}
        rest = sorted({*files} - named)
        found |= dict.fromkeys(rest[:more], "counted")  # were more lost than counted, the others aren't in here
    return found


def read_for_predict(folder: Path) -> tuple[set[str], set[str], int]:
    """Return the names of `folder`'s files that are read, those named as unreadable, and how many are no images."""
    with contextlib.chdir(folder.parent):
        Path("params.yaml").write_text(PARAMS)
        settings = load_settings()
    names, closed = list_files(folder)
    listed, how = list_pages(folder, names, PDFS), {"packed": False, "threads": 2, "pdfs": PDFS}
    chunks = list(read_images(folder, listed.pages, settings.prepare, settings.augment, **how))
    file = {id: page.file for id, page in listed.by_id.items()}
    used = {file[id] for chunk in chunks for id in chunk.names}
    unread = {file[id] for chunk in chunks for id in chunk.unreadable} - used
    return used, {*closed, *listed.unreadable, *unread}, sum(c.others for c in chunks)


def write_scored_project(folder: Path, rows: list[list[str]], classes: list[str]) -> None:
    """Write a competition without images whose test set `rows` (ID, target) answer; and data/solution.csv."""
    (folder / "data/raw").mkdir(parents=True)
    (folder / "params.yaml").write_text(PARAMS)
    train = "".join(f"n{n},{target}\n" for n, target in enumerate(classes))
    (folder / "data/raw/train.csv").write_text(f"ID,target\n{train}", encoding="utf-8")
    (folder / "data/raw/sample_submission.csv").write_text(
        "ID,target\n" + "".join(f"{id},{classes[0]}\n" for id, _ in rows), encoding="utf-8"
    )
    solution = "".join(f"{id},{target}\n" for id, target in rows)
    (folder / "data/solution.csv").write_text(f"ID,target\n{solution}", encoding="utf-8")


def validated(data: bytes) -> bool:
    """Return whether `validate` takes a submission of these bytes, in the project one stands in."""
    Path("hostile.csv").write_bytes(data)
    return not isinstance(quietly(validate.main, [Path("hostile.csv")]), BaseException)


def accuracy(data: bytes, as_solution: bool = False) -> float | None:
    """Return the accuracy by `score` of such a submission, or against such a solution; None if it is refused."""
    Path("hostile.csv").write_bytes(data)
    given = (Path("right.csv"), Path("hostile.csv")) if as_solution else (Path("hostile.csv"), paths.SOLUTION)
    if as_solution and not os.path.exists("right.csv"):
        shutil.copy(paths.SOLUTION, "right.csv")
    said = quietly(score.main, *given, meta=None, as_json=True)
    return None if isinstance(said, BaseException) else json.loads(said.splitlines()[-1])["accuracy"]


def write_labelled(folder: Path, labels: bytes, ids: list[str]) -> None:
    """Write a competition's download whose train.csv is `labels`: an image for each ID, and one test image."""
    for place in (*(f"train/{id}" for id in ids), "test/t"):
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / f"{place}.png").write_bytes(IMAGES["colour.png"](len(place)))
    (folder / "train.csv").write_bytes(labels)
    (folder / "sample_submission.csv").write_text("ID,target\nt,a\n")


def adopted_labels(folder: Path, download: Path) -> dict[str, str] | None:
    """Return ID -> class of the training images that `adopt` brings into a project at `folder`; None if it refuses."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / "params.yaml").write_text(PARAMS)
    with contextlib.chdir(folder):
        if isinstance(quietly(adopt.main, download, metric="accuracy"), BaseException):
            return None
        competition = read_competition(load_settings().competition)
    names = dict(zip(competition.targets, competition.class_names, strict=True))
    table = competition.train
    return {id: names[target] for id, target in zip(table["ID"], table["target"], strict=True)}
