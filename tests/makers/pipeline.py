"""A tiny competition, and the whole pipeline on it, as a person calls it."""

import csv
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TRAIN, TEST = 51, 34
PARAMS = """
competition: {root: data/raw}
rules: {}
prepare: {longest_side: 128}
split: {folds: [0, 1], holdout: 0.2}
augment:
  size: 48
  copies: 2
  balance: 0.5
  policy: none
  transforms: &transforms {mirror: {probability: 0.5}, rotate: {probability: 0.7}, watermark: {probability: 0.2},
                           ink_bleed: {probability: 0.2}, shadow: {probability: 0.3}, gauss_noise: {probability: 0.3}}
  bank_layers: 2
  test_like: {policy: none, held_out: [jpeg], transforms: {<<: *transforms, jpeg: {probability: 0.5}}}
train: {members: [lite0, features, grey]}
members:
  lite0: {kind: finetuned, size: 32, epochs: 2, batch_size: 16, learning_rate: 0.001}
  features: {kind: features, size: 32, copies: 1}
  grey: {kind: grey, size: 8, copies: 1}
specialize: {base: [lite0], mode: replace, network: {size: 32, epochs: 1, batch_size: 8}}
review: {conditions: [clean]}
upright: {use: off}
adapt: {members: []}
refit: {members: [], seeds: [0]}
distil: {student: []}
tta: {passes: 20}
task: {metric: f1_macro}
ensemble: {top: 3, resamples: 100}
report: {formats: [html]}
"""


def environment() -> dict[str, str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"  # the stages' `python` is this one
    inherited = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    return {**inherited, "PATH": path, "DVC_NO_ANALYTICS": "1"}


def call(folder: Path, *arguments: str) -> str:
    """The output (stdout, then stderr) of `python -m arguments` in `folder`; an error with it when it fails."""
    done = subprocess.run(
        [sys.executable, "-m", *arguments], cwd=folder, env=environment(), capture_output=True, text=True
    )
    assert done.returncode == 0, f"{arguments}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


def stages_run(output: str) -> list[str]:
    return re.findall(r"^Running stage '(.+)':", output, re.MULTILINE)


def table(path: Path | str) -> list[dict[str, str]]:
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def make_folder(folder: Path, data: Path, params: str = PARAMS) -> Path:
    """Return `folder`, made a project with the competition in `data`: what the stages read, without the code."""
    (folder / "folds/review").mkdir(parents=True)
    (folder / "folds/adapted").mkdir()
    shutil.copytree(ROOT / "submissions/external", folder / "submissions/external")
    for name in (
        "dvc.yaml",
        ".gitignore",
        "folds/label_fixes.csv",
        "folds/shift.csv",
        "folds/adapted/.gitkeep",
        "folds/review/.gitkeep",
        "submissions/public.csv",
    ):
        shutil.copy(ROOT / name, folder / name)
    shutil.copytree(data, folder / "data")
    (folder / "params.yaml").write_text(params)
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    return folder


def make_project(folder: Path, data: Path, params: str = PARAMS) -> Path:
    """As `make_folder`, with a copy of the code, and under DVC."""
    for name in ("competition", "pipelines"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    make_folder(folder, data, params)
    call(folder, "dvc", "init", "-q")
    shutil.copy(ROOT / ".dvc/config", folder / ".dvc/config")
    return folder


def depend_on_fewer_modules(folder: Path, package: str) -> None:
    """Take the modules of all other packages than `package` out of a project's dvc.yaml, which DVC reads for seconds
    each time it starts; tests/pipelines/test_deps.py holds the whole lists to the imports.
    """
    lines = (folder / "dvc.yaml").read_text().splitlines(keepends=True)
    other = re.compile(rf"      - competition/(?!{package}/)")
    (folder / "dvc.yaml").write_text("".join(line for line in lines if not other.match(line)))
