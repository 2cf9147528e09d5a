"""Threads that wait sleep while others take the cores: what is taken for a neighbour; libgomp does as it is told."""

import json
import os
import subprocess
import sys

import pytest

from competition.common.imports import ROOT
from competition.compute import waiting_threads
from competition.compute.waiting_threads import TAKEN_AWAY, Usage, watch_neighbours

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
        (2 * TAKEN_AWAY, 2.4, True),  # two seconds of two cores, of which a neighbour had 1.6
        (TAKEN_AWAY // 2, 2.4, False),  # they had nothing to compute
        (3 * TAKEN_AWAY, 3.9, False),  # of one of the lowest priority little is lost
    ],
)
def test_a_neighbour_takes_cores_away_often_and_for_long(taken_away, computed, expected):
    before = Usage(5.0, 100.0, 1000)
    assert Usage(7.0, 100.0 + computed, 1001 + taken_away).is_disturbed(before, threads=2) is expected


@pytest.mark.parametrize(("threads", "cores"), [(2, 2), (16, 16), (2, 4), (3, 16), (8, 64)])
def test_there_are_more_threads_than_cores_while_they_sleep(threads, cores):
    teams = waiting_threads._needed(threads, cores)
    assert threads + teams * (threads - 1) > cores >= threads + (teams - 1) * (threads - 1)


@pytest.mark.parametrize(
    ("variables", "threads", "watched"),
    [({}, 2, True), ({}, 1, False), ({"GOMP_SPINCOUNT": "9"}, 2, False), ({"OMP_WAIT_POLICY": "ACTIVE"}, 2, False)],
)
def test_nobody_looks_where_a_person_has_set_how_threads_wait(monkeypatch, variables, threads, watched):
    monkeypatch.setattr(os, "environ", variables)
    monkeypatch.setattr(sys, "platform", "linux")
    started = []
    monkeypatch.setattr(waiting_threads, "_watch", lambda *given: started.append(given))
    watch_neighbours(threads, 2)
    assert started == [(threads, 2)] * watched


def test_disturbed_twice_in_a_row_they_sleep_for_a_while(monkeypatch):
    looks = iter([0, 999, 0, 999, 999, 0, 999, 999])  # how often a core was taken away, look by look
    total, slept = [0], []

    class Stopped(Exception):
        pass

    def now():
        return Usage(len(slept) + now.calls * 1.0, 0.0, total[0])

    now.calls = 0

    class Pause:
        def wait(self, seconds):
            now.calls += 1
            total[0] += next(looks, None) or 0
            if now.calls > 8:
                raise Stopped

    monkeypatch.setattr(waiting_threads.Usage, "now", now)
    monkeypatch.setattr(waiting_threads.threading, "Event", Pause)
    monkeypatch.setattr(waiting_threads, "let_threads_sleep", lambda *given: slept.append(now.calls))
    with pytest.raises(Stopped):
        waiting_threads._watch(2, 2)
    assert slept == [5, 8]
