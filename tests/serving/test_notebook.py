"""The cells of a bundle's notebook that come before infer.py: which bundle it is, and which wheels are installed."""

import subprocess
import sys
from pathlib import Path

import pytest

from competition.serving.bundle import NOTEBOOK_CODE

FIND, INSTALL, _ = NOTEBOOK_CODE


@pytest.fixture
def kernel(tmp_path, monkeypatch):
    """The input's and the working folder of a kernel, with bundles of these names: kernel(*names)."""
    (tmp_path / "working").mkdir()
    monkeypatch.chdir(tmp_path / "working")

    def run(*bundles: str) -> dict:
        for name in bundles:
            (tmp_path / "input" / name).mkdir(parents=True)
            (tmp_path / "input" / name / "bundle.json").touch()
        found: dict = {}
        exec(FIND.replace("/kaggle/input", str(tmp_path / "input")), found)
        return found

    return run


def test_the_one_bundle_is_found(kernel, tmp_path):
    assert kernel("pages/bundle")["bundle"] == tmp_path / "input/pages/bundle"
    Path("link").symlink_to(tmp_path / "input/pages/bundle")  # the very same
    assert kernel()["bundle"] == tmp_path / "input/pages/bundle"


@pytest.mark.parametrize(
    ("names", "words"), [((), "found none"), (("a", "b"), "found .*/input/a, .*/input/b: attach one")]
)
def test_none_and_several_are_an_error(kernel, names, words):
    with pytest.raises(SystemExit, match=f"expected one bundle, {words}"):
        kernel(*names)


def test_the_wheels_that_are_there_are_installed_and_no_others(kernel, tmp_path, monkeypatch):
    found, called = kernel("bundle"), []
    monkeypatch.setattr(subprocess, "run", lambda command, check: called.append(command))
    exec(INSTALL, found)
    assert not called
    wheels = tmp_path / "input/bundle/wheels"
    wheels.mkdir()
    (tmp_path / "input/bundle/requirements.lock").write_text("timm==1.0.20\ntorch==2.9.0\n")  # torch's was taken out
    for name in ("timm-1.0.20-py3-none-any.whl", "odd-1.0.tar.gz", "notes.txt"):
        (wheels / name).touch()
    exec(INSTALL, found)
    paths = [str(wheels / name) for name in ("odd-1.0.tar.gz", "timm-1.0.20-py3-none-any.whl")]
    assert called == [[sys.executable, "-m", "pip", "install", "--no-index", "--no-deps", *paths]]
