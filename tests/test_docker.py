"""The Dockerfile: its steps in a folder; the sample and `serve` on what it holds; the image itself where Docker is."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from makers.docker import build, instructions, sent
from makers.project import make_once
from makers.sandbox import contained, environment, why_not

from competition.common.imports import ROOT

pytestmark = pytest.mark.slow
STEPS = instructions((ROOT / "Dockerfile").read_text())
IGNORE = (ROOT / ".dockerignore").read_text()
HOST = re.compile(r"://|\b[\w-]+\.(?:org|com|io|net|dev)\b")


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    return build(ROOT, tmp_path_factory.mktemp("image"))


def started(image, folder: Path, *words: str) -> subprocess.Popen:
    """A command in a container-like sandbox where there is one; /dev/shm stands for the container's /tmp."""
    variables = {name: value.replace("/tmp", "/dev/shm") for name, value in image.environment.items()}
    outside = {name: value for name, value in environment().items() if name != "PYTHONPATH"}
    return subprocess.Popen(
        [sys.executable, *words] if why_not() else contained(folder, *words),
        cwd=folder,
        env=outside | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_every_step_runs_on_what_docker_is_sent(image):
    assert [call for call in image.programs if call.startswith("pip")] == ["pip install --no-cache-dir ."]
    assert image.programs[0] == "apt-get update" and image.programs[-1] == "chown 1000:1000 ."
    assert "no_scm = true" in (image.folder / ".dvc/config").read_text()
    assert (image.folder / "competition/settings/presets/cpu.yaml").is_file() and not (image.folder / "tests").exists()


def test_nobody_is_root_and_any_user_has_what_dvc_asks_for(image):
    words = [word for word, _ in STEPS]
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", image.said["USER"]) and words.index("USER") < words.index("CMD")
    assert f"--chown={image.said['USER']} . ." in dict(STEPS)["COPY"] and image.said["STOPSIGNAL"] == "SIGINT"
    assert image.environment["HOME"] == "/tmp" and image.environment["LOGNAME"]  # where everybody may write
    assert Path(image.environment["DVC_SITE_CACHE_DIR"]).is_relative_to("/tmp")


def test_no_host_is_named(image):
    for name in ("Dockerfile", ".dockerignore", "docs/docker.md"):
        text = (ROOT / name).read_text().replace("http://127.0.0.1", "")
        assert not HOST.search(text), name


def test_what_lies_beside_the_code_is_not_sent():
    names = """.git/config .env kaggle.json data/raw/train/1.png data/train.arrow .venv/bin/python folds/folds.csv
        folds/weights/lite0/0.safetensors submissions/final.csv submissions/external/mine.csv .dvc/cache/files/1
        .dvc/config.local competition/common/__pycache__/csv.pyc tests/test_docker.py""".split()
    assert sent(names, IGNORE) == []
    needed = ["competition/common/csv.py", ".dvc/config", "folds/label_fixes.csv", "params.yaml", "pipelines/serve.py"]
    assert sent(needed, IGNORE) == needed


@pytest.mark.parametrize(("cuda", "code"), [("'13.0'", 0), ("None", 1)])
def test_a_gpus_image_refuses_a_torch_without_cuda(tmp_path, cuda, code):
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch/__init__.py").write_text("from torch import version\n")
    (tmp_path / "torch/version.py").write_text(f"cuda = {cuda}\n")
    (step,) = (rest for word, rest in STEPS if word == "RUN" and "$GPU" in rest)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}"
    for gpu in ("", "1"):
        done = subprocess.run(
            ["sh", "-c", step],
            env={"GPU": gpu, "PATH": path, "PYTHONPATH": str(tmp_path)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == (code if gpu else 0) and ("torch without CUDA" in done.stderr) == bool(gpu and code)


def test_the_gpu_is_asked_for_by_the_build_argument(image):
    assert image.environment["NVIDIA_VISIBLE_DEVICES"] == ""
    (step,) = (rest for word, rest in STEPS if word == "ENV" and "NVIDIA" in rest)
    shown = subprocess.run(["sh", "-c", f'printf "%s" "{step}"'], env={"GPU": "1"}, capture_output=True, text=True)
    assert shlex.split(shown.stdout)[0] == "NVIDIA_VISIBLE_DEVICES=all"


def test_it_runs_the_sample(image, tmp_path):
    shutil.copytree(image.folder, tmp_path, dirs_exist_ok=True)
    sample = started(image, tmp_path, *"-m pipelines.sample --train 17 --test 17 --workers 1".split())
    said = sample.communicate()[0]
    assert sample.returncode == 0 and "warning" not in said, said
    repro = started(image, tmp_path, *"-m dvc repro prepare".split())
    said = repro.communicate()[0]
    assert repro.returncode == 0, said
    assert (tmp_path / "folds/audit.json").is_file()


def test_it_serves(image, tmp_path, tmp_path_factory):
    for folder in (image.folder, make_once(tmp_path_factory)):
        shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    python, *words = json.loads(image.said["CMD"])
    server = started(image, tmp_path, *words, "--port", "0")
    try:
        said = next((line for line in server.stdout if line.startswith("serving")), "it ended")
        port = re.search(r"url=http://0\.0\.0\.0:(\d+)/ ", said)[1]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/") as page:
            assert python == "python" and page.status == 200 and b"<html" in page.read()
    finally:
        server.kill()
        server.wait()


def docker(*words: str) -> subprocess.CompletedProcess:
    return subprocess.run(["docker", *words], cwd=ROOT, capture_output=True, text=True)


def test_the_image_itself():
    """Only where Docker is, with what the image begins with: it takes minutes and gigabytes."""
    if shutil.which("docker") is None:
        pytest.skip("the image is not built: no docker")
    if (pulled := docker("pull", "--quiet", dict(STEPS)["FROM"])).returncode:
        pytest.skip(f"the image is not built: {pulled.stderr.strip()}")
    built = docker("build", "--quiet", "--tag", "foldvote:test", ".")
    assert built.returncode == 0, built.stderr
    try:
        command = "id -u && python -m pipelines.sample --train 17 --test 17 && dvc repro prepare && ls folds/audit.json"
        done = docker("run", "--rm", "foldvote:test", "sh", "-c", command)
        assert done.returncode == 0 and done.stdout.startswith("1000\n"), done.stdout + done.stderr
        assert docker("run", "--rm", "--user", "4321", "foldvote:test", "dvc", "--version").returncode == 0
    finally:
        docker("image", "rm", "foldvote:test")
