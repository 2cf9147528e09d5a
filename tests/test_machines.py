"""The stages on a machine like a container's, killed at random: the same files as on a machine of one's own."""

import hashlib
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from makers.project import PARAMS, make_once, write_competition
from makers.sandbox import contained, environment, why_not

from competition.common.imports import ROOT

pytestmark = pytest.mark.slow

KILLS = 20
COMPARED = ("submissions/final.csv", "folds/folds.csv", "data/*.arrow", "folds/predictions/*/*", "folds/weights/*/*")
PLACE = """
import sys
sys.path[:0] = [{root!r}, {root!r} + "/tests"]
import pipelines, getpass, os
from pathlib import Path
assert Path.home().is_dir() and getpass.getuser() == "4321" == str(os.getuid()), Path.home()
assert not os.access({root!r}, os.W_OK) and os.stat("data").st_dev != os.stat(".").st_dev
import makers.compiled, matplotlib.figure
shared = os.statvfs("/dev/shm")
print("place:", len(os.sched_getaffinity(0)), shared.f_blocks * shared.f_frsize)
"""
KILLED = "import sys; from makers.kills import main; sys.argv = ['', {kills!r}, '0']; main()\n"


@dataclass(frozen=True)
class Ran:
    """The killed stages' project, and what they printed; reason: why they were in no container."""

    folder: Path
    out: str
    err: str
    reason: str


def made(folder: Path) -> dict[str, str]:
    """Return relative path -> sha256 of what is compared."""
    paths = [path for pattern in COMPARED for path in sorted(folder.glob(pattern))]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """In a container where there are such, for both at once take half the time."""
    folder, reason = tmp_path_factory.mktemp("ran"), why_not()
    write_competition(folder / "data/raw")
    (folder / "params.yaml").write_text(f"{PARAMS}review: {{conditions: [clean]}}\nreport: {{formats: [html]}}\n")
    (folder / "folds/review").mkdir(parents=True)
    (folder / "folds/adapted").mkdir()
    (folder / "submissions").mkdir()
    code = ("" if reason else PLACE.format(root=str(ROOT))) + KILLED.format(kills=str(KILLS))
    places = os.pathsep.join(map(str, (ROOT, ROOT / "tests")))
    done = subprocess.run(
        [sys.executable, "-c", code] if reason else contained(folder, "-c", code),
        cwd=folder,
        env=os.environ | {"PYTHONPATH": places} if reason else environment(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return Ran(folder, done.stdout, done.stderr, reason)


def test_random_kills_change_no_byte(ran, tmp_path_factory):
    """What a container has in data/, on a disk of its own, is gone with it."""
    assert int(ran.out.split()[-1]) >= KILLS // 2
    expected, found = made(make_once(tmp_path_factory)), made(ran.folder)
    assert {"submissions/final.csv", "folds/folds.csv", "folds/weights/lite0/0.safetensors"} <= set(found)
    if not ran.reason:
        expected = {path: digest for path, digest in expected.items() if not path.startswith("data/")}
    if not ran.reason and len(os.sched_getaffinity(0)) > 1:  # what networks make depends on the number of threads
        expected, found = ({path: files[path] for path in ["folds/folds.csv"]} for files in (expected, found))
    assert found == expected


def test_all_stages_run_in_a_container(ran):
    """No user's name, no home, all but the project read-only, data/ on another disk, 64 MB of shared memory, one core,
    no git; see makers/sandbox.py.
    """
    if ran.reason:
        pytest.skip(f"no sandbox here: {ran.reason}")
    assert f"place: 1 {64 << 20}" in ran.out
    assert not [words for words in ("Traceback", "Matplotlib created", "cannot cache") if words in ran.err], ran.err
    assert (ran.folder / "submissions/report/index.html").stat().st_size > 100_000
    assert {path.name for path in ran.folder.iterdir()} == {"data", "folds", "submissions", "params.yaml"}  # no "~"
