"""Every command of README.md and docs/ is run at tiny scale, or is listed here with the reason why not, and its options
are read.

A line of an ```sh block is run; a command within a sentence or a table is read as its own program reads it, without
running.
"""

import argparse
import importlib
import os
import re
import runpy
import shlex
import shutil
import sys
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest
import typer
from dvc.cli import DvcParserError
from dvc.cli import parse_args as dvc_arguments
from makers.competitions import make
from makers.project import PARAMS, TEST, page, project  # noqa: F401

from pipelines._main import run

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
UsageError = typer.BadParameter.__base__  # click's, or that of the click within newer typers
FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
PROGRAMS = ("python", "dvc", "pip")  # of commands within sentences

IN_DOCKER = "needs Docker; tests/test_docker.py runs the sample and serve on what the image holds"
OWN = '--user "$(id -u):$(id -g)" -v "$PWD":/foldvote'
ADOPT = "python -m pipelines.adopt /downloads/competition.zip"
LISTED = {
    "pip install -e .": "installs; .ci/run does it in a new virtual environment",
    'pip install -e ".[test]"': "installs; .ci/run does it in a new virtual environment",
    'pip install -e ".[export]"': "installs",
    "tests/gpu/wheels.sh wheels 2.14.1": "downloads gigabytes",
    "WHEELS=wheels tests/gpu/check.sh": "needs a GPU; tests/gpu/test_check.py runs its parts",
    "pytest": "is what runs here",
    'pytest -m "not slow"': "the same",
    "pytest -n 0 tests/training/test_losses.py": "the same",
    "ruff check .": "checks the project's own files; .ci/run does it",
    "ruff format .": "the same",
    "python -m pipelines.deps --write": "writes dvc.yaml; test_deps.py runs it",
    "dvc repro": "takes minutes; tests/test_pipeline.py runs it at tiny scale",
    "dvc exp run --queue -C data/raw -S 'members.lite0.learning_rate=0.0003,0.001,0.003'": "needs git, and trains",
    "dvc exp run --run-all --jobs 1": "trains",
    "dvc exp show --only-changed --no-pager --drop '.*(/|yaml|json)'": "shows what the two before it trained",
    "dvc exp apply NAME": "applies what the two before it trained",
    'git commit -m "Labels reviewed" folds/label_fixes.csv': "git's own",
    "python -m pipelines.serve": "serves until it is stopped; tests/web/test_server.py asks it",
    "python -m pipelines.serve --fast --port 8080": "the same",
    "docker build -t foldvote .": IN_DOCKER,
    "docker build --build-arg GPU=1 -t foldvote:gpu .": IN_DOCKER,
    "docker run --rm -v foldvote:/foldvote foldvote python -m pipelines.sample": IN_DOCKER,
    "docker run --rm -v foldvote:/foldvote foldvote dvc repro": IN_DOCKER,
    "docker run --rm -v foldvote:/foldvote -p 127.0.0.1:8000:8000 foldvote": IN_DOCKER,
    f"docker run --rm {OWN} -v ~/downloads:/downloads:ro foldvote {ADOPT}": IN_DOCKER,
    f"docker run --rm {OWN} foldvote dvc repro": IN_DOCKER,
    f"docker run --rm --gpus all {OWN} foldvote:gpu dvc repro": IN_DOCKER,
    "python -m pipelines.add_corrections": "needs corrections; tests/labels/test_corrections.py runs it",
    "python -m pipelines.plan": "runs every stage twice, minutes; tests/benchmarks/plan.py runs it",
    "python -m pipelines.plan --train 2000000 --test 500000": "the same",
    "python -m pipelines.plan --minutes 60 --apply": "the same",
    "python -m pipelines.predict ~/scans --student": "needs a student; tests/pipelines/test_distil.py asks one",
    "python -m pipelines.export student": "the same; tests/serving/test_export_student.py exports one",
    "python -m pipelines.bundle --student": "the same; tests/pipelines/test_distil.py bundles one",
    "python -m pipelines.fit_augmentation": "needs 20 images of each set and weights; test_fit.py runs it",
}
SMALLER = {"python -m pipelines.sample": "--train 17 --test 17 --workers 1"}
FRESH = ("adopt", "configure", "sample")  # begin a project
# 05 is an x
STAND_INS = {"3f0c9d.jpg": "03", "81aa02.jpg": "04", "5be170.jpg": "05", "3": "x"}
STAND_INS |= {"--trials 30": "--trials 1", "METRIC": "roc_auc"}
PLACEHOLDERS = {"SCORE": "0.9", "FOLD": "0"}


def lines_of(page: Path) -> list[str]:
    """The commands of a page's sh blocks: without comments, what runs them (`taskset`), where their output goes, and
    `&`.
    """
    blocks = [body for _, language, body in FENCE.findall(page.read_text(encoding="utf-8")) if language == "sh"]
    whole = [re.sub(r"\s+#.*", "", line).strip() for block in blocks for line in block.splitlines()]
    parts = [part for line in whole for part in line.split(" && ")]
    return [
        re.sub(r"^taskset -c \d+ | > \S+| &$", "", re.sub(r" &$", "", part))
        for part in parts
        if part and part[0] != "#"
    ]


def spans_of(page: Path) -> list[str]:
    """The commands within a page's sentences and tables."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    spans = [" ".join(span.split()) for span in re.findall(r"(?<!`)`([^`]+)`(?!`)", text)]
    return [
        part for span in spans for part in span.split(" && ") if part.split()[0] in PROGRAMS and len(part.split()) > 1
    ]


LINES = list(dict.fromkeys(line for page in PAGES for line in lines_of(page)))
READ = list(dict.fromkeys([*LISTED, *(span for page in PAGES for span in spans_of(page))]))


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A person's home: a downloaded competition, photos in class folders and who is on them, scans."""
    import cv2
    import numpy as np

    home, draws = tmp_path_factory.mktemp("home"), np.random.default_rng(1)
    for n in range(24):
        for folder in ("photos/" + "abc"[n % 3], "scans"):
            (home / folder).mkdir(parents=True, exist_ok=True)
            cv2.imwrite(f"{home}/{folder}/{n}.png", page(n, draws))
    (home / "patients.csv").write_text(
        "file,patient\n" + "".join(f"{'abc'[n % 3]}/{n}.png,{n // 2}\n" for n in range(24))
    )
    download = make("aerial-cactus-identification", home / "site").path
    (home / "downloads").mkdir()
    shutil.copy(download, home / "downloads/competition.zip")
    return home


@pytest.fixture(scope="module")
def trained(project, home):  # noqa: F811
    """The project as a person has it: with a slug, the solution and Kaggle's tool (one that does nothing)."""
    shutil.copytree(project / "data/raw", home / "downloads/competition")
    (project / "params.yaml").write_text(PARAMS + "submit: {slug: pages}\n")
    (project / "data/solution.csv").write_text("ID,target\n" + "".join(f"t{n},7\n" for n in range(TEST)))
    (project / "bin").mkdir()
    (project / "bin/kaggle").write_text("#!/bin/sh\n")
    (project / "bin/kaggle").chmod(0o755)
    return project


@pytest.fixture
def at_home(trained, home, tmp_path, monkeypatch):
    """Where a command is run: `go(module)` enters the trained project, or a fresh one."""
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("PATH", f"{trained / 'bin'}{os.pathsep}{os.environ['PATH']}")
    shutil.copy(ROOT / "competition/settings/presets/sample.yaml", tmp_path / "params.yaml")
    shutil.copy(home / "patients.csv", tmp_path)

    def go(module: str) -> None:
        monkeypatch.chdir(tmp_path if module in FRESH else trained)

    return go


@pytest.mark.parametrize("line", [line for line in LINES if line not in LISTED])
def test_it_runs(at_home, monkeypatch, line):
    whole = f"{line} {SMALLER.get(line, '')}"
    for word, other in STAND_INS.items():
        whole = re.sub(rf"(?<!\S){re.escape(word)}(?!\S)", other, whole)
    words = [os.path.expanduser(word) for word in shlex.split(whole)]
    assert words[:2] == ["python", "-m"] and words[2].startswith("pipelines."), f"neither run nor in LISTED: {line}"
    if words[2] == "pipelines.export":
        pytest.importorskip("onnxscript", reason="the extra `export` is not installed")
        pytest.importorskip("onnxruntime", reason="the extra `export` is not installed")
    module = importlib.import_module(words[2])
    at_home(words[2].removeprefix("pipelines."))
    monkeypatch.setattr(sys, "argv", words[2:])
    with pytest.raises(SystemExit) as end:
        run(module.main)
    assert not end.value.code, end.value.code


@pytest.mark.parametrize("command", READ)
def test_its_options_are_read(command, monkeypatch):
    program, *words = [PLACEHOLDERS.get(word, word) for word in shlex.split(command)]
    reads(program, words, monkeypatch)


def reads(program: str, words: list[str], monkeypatch) -> None:
    """Fail unless the program takes the arguments `words`."""
    if re.match("[A-Z]+=", program):  # an environment variable before it
        program, *words = words
    if program == "dvc":
        dvc_arguments(words)
    elif program == "docker":
        reads_docker(words, monkeypatch)
    elif program == "pip":
        extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
            "optional-dependencies"
        ]
        wanted = [name for word in words for found in re.findall(r"^\.\[(.+)\]$", word) for name in found.split(",")]
        assert words[0] == "install" and set(wanted) <= extras.keys()
    elif program == "python" and words[0] == "-m":
        module = importlib.import_module(words[1])
        reads_typer(module.main, words[2:])
    elif program == "python":
        reads_script(ROOT / words[0], words[1:], monkeypatch)
    else:
        assert program in ("git", "pytest", "ruff") or (ROOT / program).is_file()


def reads_docker(words: list[str], monkeypatch) -> None:
    """A build's arguments are the Dockerfile's; what an image is told to run is read as its own program reads it."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    given = {word.partition("=")[0] for option, word in pairwise(words) if option == "--build-arg"}
    assert words[0] in ("build", "run") and given <= {*re.findall(r"^ARG (\w+)", text, re.MULTILINE)}
    images = [n for n, word in enumerate(words) if re.fullmatch(r"foldvote(:\w+)?", word)]
    assert len(images) == 1
    if words[0] == "run" and words[images[0] + 1 :]:
        reads(words[images[0] + 1], words[images[0] + 2 :], monkeypatch)


def reads_typer(main, words: list[str]) -> None:
    app = typer.Typer(add_completion=False)
    app.command()(main)
    try:
        typer.main.get_command(app).make_context("command", list(words))
    except UsageError as error:
        assert "Missing" in error.format_message() and not any(word.startswith("-") for word in words), (
            error.format_message()
        )


class Parsed(Exception):
    """Raised in the place of all that a script does once it has read its arguments."""


def reads_script(path: Path, words: list[str], monkeypatch) -> None:
    assert path.is_file()
    if "parse_args" not in path.read_text(encoding="utf-8"):
        assert not [word for word in words if word.startswith("-")], f"{path.name} takes no options"
        return
    parse = argparse.ArgumentParser.parse_args

    def parse_and_stop(self, *given, **named):
        parse(self, *given, **named)
        raise Parsed

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parse_and_stop)
    monkeypatch.setattr(sys, "argv", [str(path), *words])
    monkeypatch.syspath_prepend(str(path.parent))
    with pytest.raises(Parsed):
        runpy.run_path(str(path), run_name="__main__")


def test_what_is_listed_is_documented():
    assert set(LISTED) <= set(LINES) and set(SMALLER) <= set(LINES)


def test_commands_are_found():
    assert (
        "python -m pipelines.record final 0.9127" in LINES and "python -m pipelines.tune --trials 30 --resume" in LINES
    )
    assert len(LINES) > 25 and len(READ) > 40 and not [line for line in LINES if "#" in line or ">" in line]


def test_an_unknown_option_is_found(monkeypatch):
    for command in (
        "dvc repro",
        "python -m pipelines.predict FOLDER",
        "python tests/benchmarks/bootstrap.py",
        "pip install -e .[test]",
    ):
        program, *words = command.split()
        reads(program, words, monkeypatch)
        with pytest.raises((DvcParserError, AssertionError, SystemExit)):
            reads(program, [*words, ".[sloppy]" if program == "pip" else "--sloppily"], monkeypatch)
