"""Who starts the processes that train together: the command itself, or Accelerate's launcher, as a user does it."""

import contextlib
import io
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
import yaml
from makers.distributed import SETTINGS, together
from makers.packed import TARGETS, packed_competition

from competition.compute.launcher import run_together
from pipelines import train

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]


def test_one_process_does_the_work_itself(monkeypatch):
    assert not run_together(1, "nobody.calls.this")
    monkeypatch.setenv("LOCAL_RANK", "0")
    assert not run_together(2, "nobody.calls.this")  # it is one of several already
    monkeypatch.delenv("LOCAL_RANK")
    monkeypatch.setenv("ACCELERATE_MIXED_PRECISION", "no")
    assert not run_together(2, "nobody.calls.this")  # accelerate launch --num_processes 1


@pytest.fixture
def project(tmp_path):
    """A project as `train` finds it, with one small member, two processes, and many epochs."""
    (tmp_path / "data").mkdir()
    (tmp_path / "folds").mkdir()
    packed_competition(tmp_path / "data", images=24).to_csv(tmp_path / "folds/folds.csv", index=False)
    (tmp_path / "data/test.arrow").rename(tmp_path / "data/test_squares.arrow")
    lines = [f"{target},{target},8" for target in TARGETS]
    (tmp_path / "folds/classes.csv").write_text("\n".join(["target,class_name,images", *lines]) + "\n")
    member = SETTINGS.model_dump() | {"epochs": 12, "patience": 20}
    (tmp_path / "params.yaml").write_text(
        yaml.safe_dump(
            {
                "augment": {"size": 32, "copies": 3},
                "members": {"tiny": member},
                "train": {"members": ["tiny"]},
                "machine": {"processes": 2},
                "specialize": {"base": ["tiny"], "network": {"size": 32, "network": "test_convnext"}},
            }
        )
    )
    return tmp_path


def test_accelerate_launch_without_gpus_starts_as_many_as_it_was_told():
    """Its one child reads its command line; here a parent with the same words stands in for it, and the launch is only
    printed.
    """
    child = (
        "import competition.compute.launcher as launcher\nlauncher._launch, launcher._check_gpus = print, print\n"
        "print(launcher.run_together(1, 'module', 'tiny', 0))"
    )
    parent = f"import subprocess, sys; sys.exit(subprocess.run([sys.executable, '-c', {child!r}]).returncode)"
    environment = os.environ | {"PYTHONPATH": str(ROOT), "ACCELERATE_MIXED_PRECISION": "no", "MASTER_ADDR": "127.0.0.1"}
    for words, expected in (
        (["--num_processes", "3"], "3\n3 module ['tiny', '0']\nTrue\n"),
        (["--num-processes=2"], "2\n2 module ['tiny', '0']\nTrue\n"),
        ([], "accelerate launch --multi_gpu"),
        (["--num_processes", "2", "--num_machines", "2"], "accelerate launch --multi_gpu"),
    ):
        done = subprocess.run([sys.executable, "-c", parent, *words], env=environment, capture_output=True, text=True)
        assert done.stdout == expected if done.returncode == 0 else expected in done.stderr, done


def launched(project):
    """What a process of the next launch does: the command itself, in the project's folder; returns what it printed."""
    os.chdir(project)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        train.main("tiny", 0)
    return printed.getvalue()


def test_a_killed_process_ends_the_launch_and_the_next_launch_goes_on(project):
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "OMP_NUM_THREADS": "1"}
    launch = subprocess.Popen(
        [sys.executable, "-m", "pipelines.train", "tiny", "0"],
        cwd=project,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    lines = []
    for line in launch.stdout:
        lines.append(line)
        if line.startswith("epoch   1 "):
            workers = {
                worker.environ()["RANK"]: worker
                for worker in psutil.Process(launch.pid).children(recursive=True)
                if "RANK" in worker.environ()
            }
            assert sorted(workers) == ["0", "1"]
            workers["1"].kill()
    text = "".join(lines)
    assert launch.wait() == 1 and "error: pipelines.train: process 1 of 2 was killed from outside" in text, text
    assert "Traceback" not in text
    assert all(not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE for worker in workers.values())
    before = [int(line.split()[1]) for line in lines if line.startswith("epoch ")]
    assert before[-1] < 11 and not (project / "folds/scores").exists()
    main, second = together(launched, project)
    after = [int(line.split()[1]) for line in main.splitlines() if line.startswith("epoch ")]
    # it may have been killed before printing
    assert after == list(range(after[0], 12)) and before[-1] < after[0] <= before[-1] + 2, text
    assert "processes=2" in main and not second
    assert all(
        (project / f"folds/{name}").exists()
        for name in ("weights/tiny/0.safetensors", "predictions/tiny/0.npz", "history/tiny/0.csv", "scores/tiny/0.json")
    )
