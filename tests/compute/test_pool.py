"""Work dealt to processes and to a Dask cluster: all of it, a bounded window at a time, and failures in words."""

import os
import subprocess
import sys
import time
import warnings

import psutil
import pytest
from makers.packed import local_cluster

from competition.common.imports import ROOT
from competition.common.registry import load_plugin
from competition.compute import pool as workers
from competition.compute.pool import deal
from competition.settings.machine import MachineSettings


@pytest.fixture(scope="module")
def cluster():
    with local_cluster(n_workers=1, threads_per_worker=3) as cluster:
        yield cluster


@pytest.fixture(params=["here", "processes", "dask"])
def machine(request):
    if request.param == "dask":
        return MachineSettings(scheduler=request.getfixturevalue("cluster").scheduler_address)
    return MachineSettings(workers=1 if request.param == "here" else 2)


def square(n, offset):
    return n * n + offset


def slowly(n):
    began = time.monotonic()
    time.sleep(0.05)
    return began, time.monotonic()


def known_kinds(n):
    from competition.members.kinds import KINDS

    return KINDS.names()


def grow(n):
    """Keep 200 MB more, so that loky puts another worker in this one's place."""
    sys.modules[f"kept{n}"] = bytearray(b"x" * 200_000_000)
    time.sleep(0.6)
    return os.getpid()


def fail(n):
    raise FileNotFoundError(f"no file {n}")


@pytest.mark.parametrize("tasks", [0, 1, 30])
def test_every_task_is_done_once(machine, tasks):
    found = list(deal(square, ((n, 5) for n in range(tasks)), machine))
    assert sorted(found) == [n * n + 5 for n in range(tasks)]


def test_tasks_are_taken_only_as_workers_get_free(machine):
    taken = []

    def tasks():
        for n in range(1000):
            taken.append(n)
            yield (n,)

    results = deal(slowly, tasks(), machine)
    next(results)
    assert len(taken) <= 10
    results.close()


def test_a_worker_that_grew_is_replaced_without_a_word():
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        found = list(deal(grow, ((n,) for n in range(12)), MachineSettings(workers=2)))
    workers.release()
    assert len(found) == 12 and len(set(found)) > 2
    assert not said


DEALER = """
import sys, time
from pathlib import Path
from competition.compute.pool import deal
from competition.settings.machine import MachineSettings

def work(n):
    Path(sys.argv[1], str(n)).touch()
    time.sleep(1)

list(deal(work, ((n,) for n in range(9)), MachineSettings(workers=2)))
"""


def test_what_waits_for_a_killed_commands_workers_is_not_begun(tmp_path):
    (tmp_path / "begun").mkdir()
    (tmp_path / "dealer.py").write_text(DEALER)
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = subprocess.Popen([sys.executable, tmp_path / "dealer.py", tmp_path / "begun"], env=environment)
    while len(begun := list((tmp_path / "begun").iterdir())) < 2:
        assert command.poll() is None
        time.sleep(0.02)
    workers = psutil.Process(command.pid).children(recursive=True)
    command.kill()
    command.wait()
    time.sleep(2)
    assert len(list((tmp_path / "begun").iterdir())) == len(begun)
    for worker in workers:  # idle, they would stay for minutes
        worker.kill()


@pytest.mark.slow
def test_an_error_comes_back_as_it_was(machine):
    with pytest.raises(FileNotFoundError, match="no file 3"):
        list(deal(fail, [(3,)], machine))


def test_a_worker_with_several_threads_does_one_thing_at_a_time(cluster):
    spans = sorted(deal(slowly, ((n,) for n in range(6)), MachineSettings(scheduler=cluster.scheduler_address)))
    assert all(end <= begin for (_, end), (begin, _) in zip(spans, spans[1:], strict=False))


def test_a_worker_with_other_code_is_refused(cluster, monkeypatch):
    monkeypatch.setattr(workers, "package_digest", lambda: "other")
    with pytest.raises(
        ValueError, match=r"machine\.scheduler: the worker on .* runs other code than this; install the same"
    ):
        list(deal(square, [(1, 2)], MachineSettings(scheduler=cluster.scheduler_address)))


def test_without_the_package_it_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ModuleNotFoundError, match=r'needs the package distributed: pip install -e "\.\[cluster\]"'):
        list(deal(square, [(1, 2)], MachineSettings(scheduler="tcp://127.0.0.1:8786")))
    assert list(deal(square, [(1, 2)], MachineSettings(workers=1))) == [3]


def test_a_scheduler_that_does_not_answer_is_named(monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr(workers, "TIMEOUT", 0.5)
    with pytest.raises(
        ConnectionError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:1; start one .* or take machine"
    ):
        list(deal(square, [(1, 2)], MachineSettings(scheduler="tcp://127.0.0.1:1")))


@pytest.mark.parametrize("address", ["nonsense", "foo://host:1"])
def test_an_address_that_is_none_is_refused(address):
    pytest.importorskip("distributed")
    with pytest.raises(ValueError, match=r"machine\.scheduler: .*; expected an address like tcp://host:8786"):
        list(deal(square, [(1, 2)], MachineSettings(scheduler=address)))


def test_a_scheduler_without_workers_is_named(monkeypatch):
    monkeypatch.setattr(workers, "TIMEOUT", 0.5)
    with local_cluster(n_workers=0) as empty, pytest.raises(ConnectionError, match="has no worker; start one"):
        list(deal(square, [(1, 2)], MachineSettings(scheduler=empty.scheduler_address)))


@pytest.mark.slow
def test_a_scheduler_that_goes_away_is_named(monkeypatch):
    monkeypatch.setattr(workers, "TIMEOUT", 1.0)
    cluster = local_cluster(n_workers=1)
    results = deal(slowly, ((n,) for n in range(1000)), MachineSettings(scheduler=cluster.scheduler_address))
    next(results)
    cluster.close()
    with pytest.raises(ConnectionError, match="machine.scheduler: tcp://.* no longer answers"):
        list(results)


@pytest.mark.slow
def test_workers_know_what_this_process_has_from_plugins(machine):
    load_plugin(ROOT / "tests/plugins/dummy_member.py")
    assert all("dummy_member" in names for names in deal(known_kinds, ((n,) for n in range(4)), machine))
