"""A project's folder, and commands called in it as a person calls them."""

import sys
from pathlib import Path

import pytest

from pipelines._main import run


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project's folder to stand in: two classes, six test images."""
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").touch()
    Path("data/raw").mkdir(parents=True)
    Path("submissions/members").mkdir(parents=True)
    Path("data/raw/train.csv").write_text("ID,target\n1,0\n2,1\n")
    Path("data/raw/meta.csv").write_text("target,class_name\n0,letter\n1,form\n")
    Path("data/raw/sample_submission.csv").write_text("ID,target\n01,0\n02,0\n03,0\n04,0\n05,0\n06,0\n")
    Path("submissions/members/a.csv").write_text("ID,target\n01,0\n02,0\n03,1\n04,1\n05,1\n06,0\n")
    Path("data/solution.csv").write_text(
        "ID,target,usage\n06,1,Private\n05,1,Private\n04,0,Private\n03,1,Public\n02,0,Public\n01,0,Public\n"
    )
    return tmp_path


@pytest.fixture
def call(monkeypatch, capsys):
    """Call a command with arguments as `python -m` does: (exit code, stdout, stderr)."""

    def call(module, *arguments):
        monkeypatch.setattr(sys, "argv", [module.__name__, *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            run(module.main)
        out, err = capsys.readouterr()
        if isinstance(caught.value.code, str):  # what Python itself does with sys.exit("text")
            return 1, out, err + caught.value.code
        return caught.value.code or 0, out, err

    return call
