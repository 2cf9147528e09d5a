"""Locks on a project's folder, between real processes: who excludes whom, and that a killed one leaves nothing."""

import os
import signal
import subprocess
import sys
import time

import pytest

from competition.common.imports import ROOT
from competition.common.locks import HELD, Busy, Use, hold

pytest.importorskip("fcntl", reason="no flock on this system")

HOLD = """
import sys, time
from competition.common.locks import Use, hold
with hold(Use(sys.argv[1]), sys.argv[2]):
    print("held", flush=True)
    time.sleep(60)
"""
# (who is at work, who comes second): whether the second is refused; worked out by hand from what they write
REFUSED = {
    ("pack", "pack"), ("pack", "read"), ("pack", "train"), ("pack", "tune"),
    ("read", "pack"), ("train", "pack"), ("tune", "pack"), ("train", "tune"), ("tune", "train"),
}  # fmt: skip


@pytest.fixture
def started(tmp_path):
    """Start a process that holds a lock in tmp_path: started(use, command)."""
    processes = []

    def start(use, command):
        process = subprocess.Popen(
            [sys.executable, "-c", HOLD, use, command],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        assert process.stdout.readline() == "held\n"
        return process

    yield start
    for process in processes:
        process.kill()
        process.wait()


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(HELD, raising=False)
    monkeypatch.setattr("competition.common.locks.PATIENCE", 0.1)


@pytest.mark.parametrize("first", [use.value for use in Use])
def test_who_writes_what_others_read_is_alone(started, first):
    process = started(first, "pipelines.first x")
    for second in Use:
        if (first, second.value) in REFUSED:
            with pytest.raises(Busy, match=rf"`pipelines\.first x` \(process {process.pid} on .*wait until it has"):
                with hold(second, "pipelines.second"):
                    pass
        else:
            with hold(second, "pipelines.second"):
                pass


@pytest.mark.parametrize("use", [Use.PACK, Use.READ, Use.TRAIN])
def test_the_same_command_is_refused_and_another_fold_is_not(started, use):
    started(use.value, "pipelines.train lite0 0")
    with pytest.raises(Busy, match="lite0 0"), hold(use, "pipelines.train lite0 0"):
        pass
    if use is not Use.PACK:
        with hold(use, "pipelines.train lite0 1"), pytest.raises(KeyError):
            raise KeyError  # an error lets it go as well
        with hold(use, "pipelines.train lite0 1"):
            pass


def test_any_number_of_workers_tune_together(started):
    started("tune", "pipelines.tune")
    started("tune", "pipelines.tune")
    with hold(Use.TUNE, "pipelines.tune"):
        pass


@pytest.mark.parametrize("use", [use.value for use in Use])
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_process_leaves_no_lock(started, use, end):
    process = started(use, "pipelines.first x")
    process.send_signal(end)
    process.wait()
    with hold(Use.PACK, "pipelines.first x"):
        pass


def test_a_killed_dvc_leaves_its_stage_and_the_stages_lock(started, tmp_path):
    """The stage is dvc's child; the lock is the child's."""
    parent = (
        "import subprocess, sys; child = subprocess.Popen([sys.executable, '-c', sys.argv[1], 'train', 'lite0 0']);"
        "print(child.pid, flush=True); child.wait()"
    )
    dvc = subprocess.Popen(
        [sys.executable, "-c", parent, HOLD],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    orphan = int(dvc.stdout.readline())
    try:
        assert dvc.stdout.readline() == "held\n"
        dvc.kill()
        dvc.wait()
        with pytest.raises(Busy, match=rf"process {orphan} "), hold(Use.TRAIN, "lite0 0"):
            pass
    finally:
        os.kill(orphan, signal.SIGKILL)
    for _ in range(100):  # the kernel needs a moment
        try:
            with hold(Use.TRAIN, "lite0 0"):
                return
        except Busy:
            time.sleep(0.05)
    pytest.fail("still locked")


def test_a_process_started_by_the_command_works_under_its_lock(tmp_path):
    with hold(Use.TRAIN, "pipelines.train lite0 0"):
        assert os.environ[HELD] == "pipelines.train lite0 0"
        with hold(Use.TRAIN, "pipelines.train lite0 0"):  # as its processes do
            pass
        assert HELD in os.environ
    assert HELD not in os.environ


@pytest.mark.parametrize("folder", ["/proc/self/locks", "a file"])
def test_without_a_place_for_locks_there_are_none(tmp_path, folder):
    (tmp_path / "a file").touch()
    with hold(Use.PACK, "x", tmp_path / folder), hold(Use.READ, "y", tmp_path / folder):
        pass
