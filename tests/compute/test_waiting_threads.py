"""Threads that wait sleep while others take the cores: what is taken for a neighbour; libgomp does as it is told."""

import json
import os
import subprocess
import sys
import time

import pytest

from competition.common.imports import ROOT
from competition.compute import waiting_threads
from competition.compute.waiting_threads import TAKEN_AWAY, CoreUse, watch_neighbours

WAITING = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "OMP_NUM_THREADS")
CODE = """
import json, os, time
os.sched_setaffinity(0, range(os.cpu_count()))  # the tests' own processes have one core each
import torch
from competition.compute.device import cores
from competition.compute.waiting_threads import let_threads_sleep

def waited():
    "Return the processor seconds that 400 short waits take, between steps that all threads share."
    values, before = torch.zeros(1 << 17), time.process_time()
    for _ in range(400):
        values.add_(1)
        time.sleep(0.0005)
    return time.process_time() - before

torch.set_num_threads(2)
waited()
found = [waited()]
let_threads_sleep(2, cores(), lambda: found.append((time.sleep(0.1), waited())[1]))
found.append(waited())
print(json.dumps(found))
"""

ENDING = """
import threading
import torch
from competition.compute import waiting_threads
torch.set_num_threads(2)
waiting_threads.LOOK = 0.001
waiting_threads.CoreUse.is_disturbed = lambda *given: True
waiting_threads._can_start = lambda threads: True
waiting_threads.watch_neighbours(2, 2)
while threading.active_count() < 3:
    pass
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="libgomp is Linux's OpenMP")
@pytest.mark.skipif(os.cpu_count() == 1, reason="two threads need two cores")
def test_threads_spin_sleep_while_they_are_told_to_and_spin_again():
    given = {name: value for name, value in os.environ.items() if name not in WAITING}
    done = subprocess.run(
        [sys.executable, "-c", CODE], env=given | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True
    )
    spinning, asleep, again = json.loads(done.stdout)
    assert asleep < 0.6 * min(spinning, again), done.stdout


@pytest.mark.parametrize(
    ("taken_away", "computed", "expected"),
    [
        (4 * TAKEN_AWAY, 2.4, True),  # two seconds of two cores, of which a neighbour had 1.6
        (4 * TAKEN_AWAY - 1, 2.4, False),  # they had nothing to compute
        (9 * TAKEN_AWAY, 3.9, False),  # of one of the lowest priority little is lost
    ],
)
def test_a_neighbour_takes_cores_away_often_and_for_long(taken_away, computed, expected):
    before = CoreUse(5.0, 100.0, 1000)
    assert CoreUse(7.0, 100.0 + computed, 1001 + taken_away).is_disturbed(before, threads=2) is expected


@pytest.mark.parametrize(("threads", "cores"), [(2, 2), (16, 16), (2, 4), (3, 16), (8, 64)])
def test_there_are_more_threads_than_cores_while_they_sleep(threads, cores):
    teams = waiting_threads._teams(threads, cores)
    assert threads + teams * (threads - 1) > cores >= threads + (teams - 1) * (threads - 1)


@pytest.mark.parametrize(
    ("variables", "threads", "watched"),
    [({}, 2, True), ({}, 1, False), ({"GOMP_SPINCOUNT": "9"}, 2, False), ({"OMP_WAIT_POLICY": "ACTIVE"}, 2, False)],
)
def test_nobody_looks_where_a_person_has_set_how_threads_wait(monkeypatch, variables, threads, watched):
    monkeypatch.setattr(os, "environ", variables)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(waiting_threads, "_watchers", [])
    started = []
    monkeypatch.setattr(waiting_threads, "_watch", lambda *given: started.append(given))
    for _ in range(3):
        watch_neighbours(threads, 2)
    assert started == [(threads, 2)] * watched


def test_disturbed_twice_in_a_row_they_sleep_for_a_while(monkeypatch):
    looks, slept = [0, 999, 0, 999, 999, 0, 999, 999], []  # how often a core was taken away, look by look

    class Ending:
        looked = 0

        def wait(self, seconds):
            self.looked += 1
            return self.looked > len(looks)

    ending = Ending()
    monkeypatch.setattr(waiting_threads, "_ending", ending)
    monkeypatch.setattr(CoreUse, "now", lambda: CoreUse(ending.looked, 0.0, sum(looks[: ending.looked])))
    monkeypatch.setattr(waiting_threads, "let_threads_sleep", lambda *given: slept.append(ending.looked))
    waiting_threads._watch(2, 2)
    assert slept == [5, 8]


def test_where_no_thread_can_be_started_nobody_looks_any_more(monkeypatch):
    def start(thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(waiting_threads, "LOOK", 0.001)
    monkeypatch.setattr(CoreUse, "is_disturbed", lambda *given: True)
    monkeypatch.setattr(
        waiting_threads, "let_threads_sleep", lambda *given: pytest.fail("libgomp would end the process")
    )
    assert waiting_threads._can_start(3)
    monkeypatch.setattr(waiting_threads.threading.Thread, "start", start)
    waiting_threads._watch(2, 2)


def test_the_end_waits_for_the_watcher_however_slow_the_machine_is(monkeypatch):
    slow = waiting_threads.threading.Thread(target=time.sleep, args=(0.3,), daemon=True)
    monkeypatch.setattr(waiting_threads, "LOOK", 0.001)
    monkeypatch.setattr(waiting_threads, "_ending", waiting_threads.threading.Event())
    monkeypatch.setattr(waiting_threads, "_watchers", [slow])
    slow.start()
    waiting_threads._end()
    assert not slow.is_alive()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="libgomp is Linux's OpenMP")
def test_a_process_may_end_at_any_moment():
    """Python cuts daemon threads off, and aborts where one is in C++: here a sleeper has just begun."""
    given = {name: value for name, value in os.environ.items() if name not in WAITING}
    subprocess.run([sys.executable, "-c", ENDING], env=given | {"PYTHONPATH": str(ROOT)}, check=True)
