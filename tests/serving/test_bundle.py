"""A bundle, alone: its answers are predict's to the byte, whatever it is called from and however the input lies."""

import csv
import json
import re
import shutil
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from makers.alone import run_alone
from makers.project import TEST, UNREADABLE, project  # noqa: F401

from competition.ensembling.final_vote import read_final_vote
from competition.serving import new_images
from competition.serving.bundle import files_of
from competition.settings.load import load_settings
from competition.settings.upright import UprightSettings
from pipelines import bundle, predict
from pipelines._main import run

pytestmark = pytest.mark.slow
SAMPLES = "7"  # the answer of every row of the sample submission
HIDDEN = ("dvc", "optuna", "onnx", "matplotlib.pyplot")


@pytest.fixture(scope="module")
def bundled(project, tmp_path_factory):  # noqa: F811
    """(project, bundle, what predict answers to the test images, a folder with labels.csv and submission.csv)"""
    place = tmp_path_factory.mktemp("elsewhere")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project)
        bundle.main(place / "bundle")
        predict.main(Path("data/raw/test"), place / "labels.csv", answers=place / "submission.csv")
    return project, place / "bundle", place


@pytest.fixture
def inputs(bundled, tmp_path):
    """As a code competition's kernel sees it: the competition beside the bundle, with a larger, hidden test set."""
    folder = tmp_path / "input"
    shutil.copytree(bundled[1], folder / "bundle")
    competition = folder / "pages"
    shutil.copytree(bundled[0] / "data/raw", competition)
    for path in sorted((competition / "test").iterdir()):
        shutil.copy(path, path.with_name(f"hidden_{path.name}"))
    lines = (competition / "sample_submission.csv").read_text().splitlines()
    rows = [*lines[1:], *(f"hidden_{line}" for line in lines[1:])]
    (competition / "sample_submission.csv").write_text("\n".join([lines[0], *rows[::-1]]) + "\n")
    return folder


def files(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def infer(place, tmp_path, *arguments, **options):
    working = tmp_path / "working"
    working.mkdir(exist_ok=True)
    done = run_alone([place / "infer.py", *map(str, arguments)], working, tmp_path / "site", HIDDEN, **options)
    return working, done


def test_it_writes_predicts_bytes_where_the_project_can_not_be_seen(bundled, tmp_path):
    home, place, expected = bundled
    images = tmp_path / "images"
    shutil.copytree(home / "data/raw/test", images)
    before = files(place)
    working, done = infer(place, tmp_path, images)
    for name in ("labels.csv", "submission.csv", "labels_drift.json"):
        assert (working / name).read_bytes() == (expected / name).read_bytes()
    assert len((working / "submission.csv").read_text().splitlines()) == TEST  # a header, and all but a broken one
    assert files(place) == before and f"unreadable file={UNREADABLE}" in done.stdout


NAMESPACES = shutil.which("unshare") and not subprocess.run(["unshare", "-rnm", "true"], capture_output=True).returncode
CUT_OFF = """
    set -e
    mount --bind {inputs} {inputs}
    mount -o remount,ro,bind {inputs}
    ! touch {inputs}/bundle/x 2>/dev/null
    ! {python} -c 'import socket; socket.create_connection(("1.1.1.1", 53), 2)' 2>/dev/null
    {python} ../cells.py
"""


def test_a_kernel_answers_a_hidden_test_set(bundled, inputs, tmp_path):
    """The notebook's cells, without network and on read-only input where namespaces can be had: paths are found, the
    sample's rows and order are kept, and an image that can't be read keeps the sample's answer.
    """
    notebook = json.loads((inputs / "bundle/infer.ipynb").read_text())
    assert notebook["nbformat"] == 4 and {cell["cell_type"] for cell in notebook["cells"]} == {"code"}
    code = "\n".join("".join(cell["source"]) for cell in notebook["cells"]).replace("/kaggle/input", str(inputs))
    (tmp_path / "cells.py").write_text(code.replace('"--minutes"', f'"--input", {str(inputs)!r}, "--minutes"'))
    working, site = tmp_path / "working", tmp_path / "site"
    working.mkdir()
    script = CUT_OFF.format(inputs=inputs, python=sys.executable)
    command = ["unshare", "-rnm", "sh", "-c", script] if NAMESPACES else [sys.executable, "../cells.py"]
    done = run_alone(command, working, site, HIDDEN, python="")
    with open(working / "submission.csv", newline="") as file:
        header, *rows = csv.reader(file)
    with open(bundled[2] / "submission.csv", newline="") as file:
        expected = dict(csv.reader(file))
    order = [f"t{n}" for n in reversed(range(TEST))]
    assert header == ["ID", "target"] and [row[0] for row in rows] == [f"hidden_{id_}" for id_ in order] + order
    for id_, answer in rows:
        plain = id_.removeprefix("hidden_")
        assert answer == (SAMPLES if plain == UNREADABLE.removesuffix(".png") else expected[plain])
    assert done.stdout.count("so it has the sample's answer") == 2 and "unanswered=2 not_asked_for=0" in done.stdout


def test_little_time_asks_less_of_what_is_left_and_says_so(bundled, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(bundled[0])
    monkeypatch.setattr(new_images, "CHUNK", 2)
    predict.main(Path("data/raw/test"), tmp_path / "short.csv", "lite0", minutes=1e-6)
    out = capsys.readouterr().out
    assert "time is short" in out and "orientations=1 networks_of_each=1 files_left=6" in out
    predict.main(Path("data/raw/test"), tmp_path / "long.csv", "lite0", minutes=60)
    predict.main(Path("data/raw/test"), tmp_path / "plain.csv", "lite0")
    assert "time is short" not in capsys.readouterr().out
    short, long, plain = ((tmp_path / f"{name}.csv").read_text().splitlines() for name in ("short", "long", "plain"))
    assert long == plain and short[:3] == plain[:3]  # the first chunk had been asked all
    assert short[3:] != plain[3:] and [row.split(",")[0] for row in short] == [row.split(",")[0] for row in plain]


STUB = """
import json, sys
from pathlib import Path
Path(sys.argv[5]).write_text("ID,target\\nt1,10\\n")
print(json.dumps(sys.argv[1:]))
"""


def stubbed(place):
    """The bundle, with a `predict` that says how it was called and answers t1."""
    (place / "pipelines/predict.py").write_text(STUB)
    return place


def test_a_bundle_of_another_vote_has_its_weights_and_asks_for_it(bundled, tmp_path, monkeypatch):
    monkeypatch.chdir(bundled[0])
    bundle.main(tmp_path / "grey.zip", "grey")
    with zipfile.ZipFile(tmp_path / "grey.zip") as archive:
        archive.extractall(tmp_path / "grey")
    weights = {name for name in files(tmp_path / "grey") if name.startswith("folds/weights/")}
    assert weights == {"folds/weights/grey/0.safetensors", "folds/weights/grey/1.safetensors"}
    images = tmp_path / "images"
    images.mkdir()
    working, done = infer(stubbed(tmp_path / "grey"), tmp_path, images, "--minutes", 2)
    called = json.loads(done.stdout.splitlines()[-1])
    assert called[:5] == [f"{images}", "--out", f"{working}/labels.csv", "--answers", f"{working}/submission.csv"]
    assert called[5:10] == ["--document", "first", "--member", "grey", "--minutes"] and 1.8 < float(called[10]) <= 2


def test_the_lock_list_has_exact_versions_of_what_is_imported(bundled):
    lines = (bundled[1] / "requirements.lock").read_text().splitlines()
    versions = dict(line.split("==") for line in lines)
    for name in ("torch", "timm", "numpy", "pillow", "safetensors", "pydantic", "typer", "scipy"):
        assert versions[name] == metadata.version(name)
    assert "typing_extensions" in versions  # needed by those
    assert not {"dvc", "optuna", "pytest", "foldvote"} & set(versions)


def test_nothing_of_the_data_is_in_it(bundled):
    names = files(bundled[1])
    assert not [name for name in names if name.startswith(("data/", "tests/")) or name.endswith((".arrow", ".pyc"))]
    assert {"params.yaml", "submissions/final_vote.json", "infer.ipynb", "LICENSE"} <= names


def test_folders_that_can_not_be_told_apart_are_named(bundled, inputs, tmp_path):
    shutil.copytree(inputs / "pages", inputs / "other")
    _, done = infer(inputs / "bundle", tmp_path, "--input", inputs, check=False)
    assert done.returncode == 1 and re.search(
        r"expected one folder of test images, found .*other/test, .*pages/test", done.stderr
    )
    _, done = infer(inputs / "bundle", tmp_path, "--input", tmp_path / "nowhere", check=False)
    assert done.returncode == 1 and "no such folder" in done.stderr


def test_another_competitions_sample_is_refused(bundled, inputs, tmp_path):
    (inputs / "pages/sample_submission.csv").write_text("image,label\nt0,7\n")
    _, done = infer(stubbed(inputs / "bundle"), tmp_path, inputs / "pages/test", check=False)
    assert done.returncode == 1 and "has the columns ['image', 'label']" in done.stderr


def test_what_can_not_be_bundled(bundled, tmp_path, monkeypatch):
    monkeypatch.chdir(bundled[0])
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.txt").write_text("years of work")
    (tmp_path / "mine/requirements.lock").touch()  # any project may have one
    monkeypatch.setattr(sys, "argv", ["bundle", "--out", str(tmp_path / "mine")])
    with pytest.raises(SystemExit, match=r"mine: holds files \(requirements.lock, thesis.txt\), and no bundle.json"):
        run(bundle.main)
    weights = Path("folds/weights/grey/1.safetensors")
    content = weights.read_bytes()
    weights.unlink()
    try:
        with pytest.raises(FileNotFoundError, match="grey/1.safetensors: not found; `dvc repro` makes"):
            bundle.main(tmp_path / "out", "grey")
    finally:
        weights.write_bytes(content)
    assert not (tmp_path / "out").exists() and (tmp_path / "mine/thesis.txt").exists()


def test_a_bundle_is_written_anew_but_for_what_a_person_put_there(bundled, tmp_path, monkeypatch):
    monkeypatch.chdir(bundled[0])
    out = tmp_path / "grey"
    for _ in range(2):
        bundle.main(out, "grey")
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=out, check=True)
    (out / "labels.csv").write_text("answers")  # infer.py writes where it is run
    with pytest.raises(ValueError, match="1 file is not as this command wrote them, .* labels.csv"):
        bundle.main(out, "grey")
    assert (out / "labels.csv").read_text() == "answers"


def test_networks_that_turn_pages_upright_are_in_it(bundled, monkeypatch):
    monkeypatch.chdir(bundled[0])
    settings, final = load_settings(), read_final_vote()
    turned = settings.model_copy(update={"upright": UprightSettings(use="on")})
    plain = files_of(final, "grey", settings)
    with pytest.raises(FileNotFoundError, match="upright/straightener.json: not found"):
        files_of(final, "grey", turned)
    Path("folds/upright").mkdir()
    try:
        needed = [Path("folds/upright/straightener.json"), Path("folds/upright/0.safetensors")]
        for path in needed:
            path.touch()
        assert set(files_of(final, "grey", turned)) - set(plain) == set(needed)
    finally:
        shutil.rmtree("folds/upright")


def test_frozen_features_need_weights_that_can_be_had_without_network(bundled, monkeypatch):
    monkeypatch.chdir(bundled[0])
    settings, final = load_settings(), read_final_vote()
    members = settings.members | {"features": settings.members["features"].model_copy(update={"weights": "hub"})}
    assert files_of(final, "features", settings)
    with pytest.raises(ValueError, match="member features: its features are of the hub's weights"):
        files_of(final, "features", settings.model_copy(update={"members": members}))
