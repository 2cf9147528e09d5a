"""What is set for libraries before they are loaded: with every kind of home, user and setting of a person's own."""

import json
import os
import subprocess
import sys

import pytest

from competition.common import environment
from competition.common.imports import ROOT

SET = ("HOME", "LOGNAME", "XDG_CACHE_HOME", "NUMBA_CACHE_DIR", "MPLCONFIGDIR", "TORCH_HOME", "HF_HOME")
CODE = """
import json, os, pwd, sys
if sys.argv[1] == "nameless":
    def getpwuid(number): raise KeyError("getpwuid(): uid not found")
    pwd.getpwuid = getpwuid
import pipelines
assert not {"torch", "numba", "matplotlib", "numpy", "pandas"} & set(sys.modules), "too late"
print(json.dumps(dict(os.environ)))
"""


def set_for(folder, user="named", **given):
    """Return the environment that a command has which is started in `folder` with `given` alone."""
    done = subprocess.run(
        [sys.executable, "-c", CODE, user],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"} | given,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "params.yaml").touch()
    (tmp_path / "home").mkdir()
    return tmp_path


def test_with_a_home_nothing_is_set(folder):
    found = set_for(folder, HOME=str(folder / "home"))
    assert not set(SET[1:]) & set(found)
    assert found["HOME"] == str(folder / "home") and not (folder / "data").exists()


@pytest.mark.parametrize("home", [{}, {"HOME": "/nonexistent"}, {"HOME": "/proc"}, {"HOME": "/sys"}])
def test_without_a_home_that_can_be_written_to_the_caches_are_in_the_project(folder, home):
    found = set_for(folder, "nameless", **home)
    own = str(folder / "data/cache/home")
    assert {name: found[name] for name in SET[2:]} == {
        "XDG_CACHE_HOME": own,
        **{"NUMBA_CACHE_DIR": f"{own}/numba", "MPLCONFIGDIR": f"{own}/matplotlib"},
        **{"TORCH_HOME": f"{own}/torch", "HF_HOME": f"{own}/huggingface"},
    }
    assert found["HOME"] == (home["HOME"] if home.get("HOME") in ("/proc", "/sys") else own)
    assert found["LOGNAME"] == str(os.getuid())


def test_outside_a_project_they_are_in_a_folder_that_goes_with_the_process(folder):
    (folder / "params.yaml").unlink()
    found = set_for(folder, "nameless", TMPDIR=str(folder / "home"))
    assert found["XDG_CACHE_HOME"].startswith(f"{folder}/home/foldvote-") and not os.listdir(folder / "home")


def test_a_cache_that_can_not_be_written_to_is_replaced(folder):
    """/proc stands for such a home: nobody, not even root, can make a file there."""
    (folder / "home/.cache").symlink_to("/proc/self")
    found = set_for(folder, HOME=str(folder / "home"))
    assert found["NUMBA_CACHE_DIR"] and found["HOME"] == str(folder / "home")


def test_weights_in_a_cache_that_can_only_be_read_are_still_found(folder, monkeypatch):
    """/proc/self/net is there, and nobody can make a file in /proc/self."""
    found = set_for(folder, HOME=str(folder / "home"), XDG_CACHE_HOME="/proc/self", **{"HF_HOME": "/given"})
    assert found["TORCH_HOME"] == str(folder / "data/cache/home/torch") and found["HF_HOME"] == "/given"
    monkeypatch.chdir(folder)
    monkeypatch.setitem(environment.LOADED, "TORCH_HOME", "net")
    given = {"HOME": str(folder / "home"), "XDG_CACHE_HOME": "/proc/self", "USER": "me"}
    monkeypatch.setattr(os, "environ", given)
    environment.prepare_environment()
    assert given["TORCH_HOME"] == "/proc/self/net"


@pytest.mark.parametrize(
    "given",
    [
        {"HOME": "/proc", "NUMBA_CACHE_DIR": "/elsewhere"},
        {"HOME": "/proc", "MPLCONFIGDIR": "/elsewhere"},
        {"HOME": "/proc", "HF_HOME": "/elsewhere"},
        {"HOME": "/proc", "LOGNAME": "somebody"},
    ],
)
def test_what_a_person_has_set_stays(folder, given):
    found = set_for(folder, "nameless", **given)
    assert {name: found[name] for name in given} == given
