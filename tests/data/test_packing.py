"""Made in parts: the same bytes whoever worked when, on which machine, and whatever was killed meanwhile."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psutil
import pytest
from makers.packed import local_cluster
from makers.packing import JOBS, built, make

from competition.data.image_store import ImageStore
from competition.data.images import decode_jpeg
from competition.data.packing import _make_part, build
from competition.settings.machine import MachineSettings


@pytest.fixture(scope="module")
def cluster():
    with local_cluster() as cluster:
        yield cluster


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    return built(tmp_path_factory.mktemp("reference"))


def test_facts_come_back_in_the_jobs_order(reference):
    assert reference[0] == make(JOBS)[1]


@pytest.mark.parametrize(("workers", "jobs"), [(2, JOBS), (1, list(JOBS)), (0, JOBS)])
def test_the_bytes_depend_on_no_worker(tmp_path, reference, workers, jobs):
    assert built(tmp_path, workers, jobs) == reference
    assert os.listdir(tmp_path) == ["x.arrow"]  # the state is gone


def test_a_finished_part_is_not_made_again(tmp_path, reference):
    asked = []

    def stop_at_12(jobs):
        if 12 in jobs:
            raise RuntimeError("stopped")
        asked.extend(jobs)
        return make(jobs)

    def go_on(jobs):
        asked.extend(jobs)
        return make(jobs)

    with pytest.raises(RuntimeError, match="stopped"):
        built(tmp_path, make=stop_at_12)
    assert asked == list(range(12)) and not (tmp_path / "x.arrow").exists()
    assert built(tmp_path, make=go_on) == reference
    assert sorted(asked) == list(JOBS)


def test_random_access_across_the_parts(tmp_path, reference):
    (tmp_path / "x.arrow").write_bytes(reference[1])
    store, expected = ImageStore(tmp_path / "x.arrow"), make(JOBS)[0]
    assert len(store) == len(expected)
    order = np.random.default_rng(0).permutation(len(expected)).tolist() * 2
    for n in [*range(len(expected)), *order]:
        assert store.encoded(n).tobytes() == expected[n]["image"]
        assert (store.image(np.int64(n)) == decode_jpeg(np.frombuffer(expected[n]["image"], np.uint8))).all()
    for name in ("id", "copy", "height"):
        assert list(store.column(name)) == [line[name] for line in expected]


@pytest.mark.slow
def test_a_dask_cluster_gives_the_same_bytes(tmp_path, reference, cluster, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the workers stand elsewhere
    assert built(Path("."), MachineSettings(scheduler=cluster.scheduler_address)) == reference
    assert os.listdir(tmp_path) == ["x.arrow"]


@pytest.mark.slow
def test_a_dask_cluster_goes_on_where_processes_stopped(tmp_path, reference, cluster):
    def stop_at_12(jobs):
        if 12 in jobs:
            raise RuntimeError("stopped")
        return make(jobs)

    with pytest.raises(RuntimeError, match="stopped"):
        built(tmp_path, make=stop_at_12)
    with pytest.raises(RuntimeError, match="stopped"):
        # an error comes back as it is
        built(tmp_path, MachineSettings(scheduler=cluster.scheduler_address), make=stop_at_12)
    assert not (tmp_path / "x.arrow").exists() and (tmp_path / "state" / "00000008.arrow").exists()
    assert built(tmp_path, MachineSettings(scheduler=cluster.scheduler_address)) == reference


def test_a_worker_that_does_not_share_the_folder_says_so(tmp_path):
    with pytest.raises(
        FileNotFoundError, match=r"elsewhere: not found by a worker; the workers of machine\.scheduler have to share"
    ):
        _make_part(tmp_path / "elsewhere/0.arrow", [1], make, 1)
    assert not list(tmp_path.iterdir())


def test_the_progress_counts_what_the_jobs_make(tmp_path, monkeypatch):
    shown = []

    @contextmanager
    def kept(total, title, unit, done):
        shown.append((total, title, unit, done))
        yield SimpleNamespace(update=shown.append)

    monkeypatch.setattr("competition.data.packing.progress", kept)

    def stop_at_8(jobs):
        if 8 in jobs:
            raise RuntimeError("stopped")
        return make(jobs)

    per_job = np.arange(10) + 1  # parts of 4 jobs make 1 + 2 + 3 + 4 = 10, 5 + 6 + 7 + 8 = 26 and 9 + 10 = 19

    def pack(make):
        build(
            tmp_path / "x.arrow",
            range(10),
            make,
            tmp_path / "state",
            part_size=4,
            machine=MachineSettings(workers=1),
            title="squares",
            per_job=per_job,
            unit="view",
        )

    with pytest.raises(RuntimeError, match="stopped"):
        pack(stop_at_8)
    pack(make)
    assert shown == [(55, "squares", "view", 0), 10, 26, (55, "squares", "view", 36), 19]


MEMORY = """
import resource, sys
from pathlib import Path
import numpy as np
from competition.data.packing import build
from competition.settings.machine import MachineSettings

def make(jobs):
    return [{"id": str(job), "image": bytes(20_000)} for job in jobs], []

def pack(images):
    machine = MachineSettings(workers=1)
    build("x.arrow", range(images), make, Path("state"), part_size=100, machine=machine, title="memory")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

print(pack(500), pack(int(sys.argv[1])))
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_images(tmp_path):
    path = str(Path(__file__).resolve().parents[2])
    printed = subprocess.run(
        [sys.executable, "-c", MEMORY, "10000"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    few, many = (int(kilobytes) / 1024 for kilobytes in printed.split())
    assert many - few < 40, f"{few:.0f} MB at 500 images, {many:.0f} MB at 10,000, which are 200 MB"


KILLED = """
import os, signal, sys, time
from pathlib import Path
from makers.packing import JOBS, make
from competition.data.packing import build
from competition.settings.machine import MachineSettings

def slow(jobs):
    time.sleep(0.15)
    return make(jobs)

machine = MachineSettings(workers=int(sys.argv[1]))
build("x.arrow", JOBS, slow, Path("state"), part_size=4, machine=machine, title="slow")
"""


def killed(folder, workers):
    """Kill a build in `folder` when two of its six parts are there; return the parts' times and the processes it
    leaves.
    """
    here = Path(__file__).resolve().parent
    path = os.pathsep.join([str(here.parents[1]), str(here.parent)])
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(workers)],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": path},
        stderr=subprocess.DEVNULL,
    )
    state, deadline = folder / "state", time.monotonic() + 60
    while not (state.is_dir() and len(list(state.glob("[0-9]*.arrow"))) >= 2):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)
    left = psutil.Process(process.pid).children(recursive=True)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -9 and not (folder / "x.arrow").exists()
    return {path.name: path.stat().st_mtime_ns for path in state.glob("[0-9]*.arrow")}, left


@pytest.mark.slow
def test_killed_and_run_again_it_gives_the_same_bytes(tmp_path, reference):
    (done, _), kept = killed(tmp_path, workers=1), []
    assert 2 <= len(done) < 6

    def make_and_look(jobs):
        kept.append({name: (tmp_path / "state" / name).stat().st_mtime_ns for name in done})
        return make(jobs)

    assert built(tmp_path, make=make_and_look) == reference
    assert len(kept) == 6 - len(done) and all(times == done for times in kept)


@pytest.mark.slow
def test_processes_that_outlive_a_killed_run_do_no_harm(tmp_path, reference):
    _, left = killed(tmp_path, workers=2)
    assert len(left) >= 2 and built(tmp_path) == reference
    for process in left:  # they would end by themselves, five minutes later
        with suppress(psutil.NoSuchProcess):
            process.kill()


def test_an_error_leaves_what_stood_there(tmp_path):
    (tmp_path / "x.arrow").write_bytes(b"old")

    def fail(jobs):
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        built(tmp_path, make=fail)
    assert (tmp_path / "x.arrow").read_bytes() == b"old"


@pytest.mark.parametrize("jobs", [[], [0], [0, 5, 10, 15, 20, 0, 5]])
def test_no_rows_at_all(tmp_path, jobs):
    facts, _ = built(tmp_path, jobs=jobs)
    store = ImageStore(tmp_path / "x.arrow")
    assert len(facts) == len(jobs) and len(store) == 0
    assert store.column("id") == [] and len(store.column("copy")) == 0


def test_parts_without_rows_between_others(tmp_path):
    jobs = [0, 5, 1, 2, 10, 15, 3, 4]
    built(tmp_path, jobs=jobs, part_size=2)
    store = ImageStore(tmp_path / "x.arrow")
    assert store.column("id") == ["001", "002", "003", "003", "004"]
    assert [int(store.image(n)[0, 0, 0]) for n in range(5)] == [37, 74, 111, 111, 148]


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from makers.packing import built
from pipelines._main import run

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000))  # a part fits, the whole doesn't: as on a disk that is full
sys.argv = sys.argv[:1]
run(lambda: built(Path(FOLDER)))
"""


@pytest.mark.slow
def test_a_full_disk_ends_in_one_message_and_loses_nothing(tmp_path, reference):
    pytest.importorskip("resource")
    script = tmp_path / "fill.py"
    script.write_text(FULL_DISK.replace("FOLDER", repr(str(tmp_path))))
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    ended = subprocess.run(
        [sys.executable, script, tmp_path, Path(__file__).parents[1]], capture_output=True, text=True, env=environment
    )
    assert ended.returncode == 1 and "error: " in ended.stderr and "Traceback" not in ended.stderr
    assert "File too large" in ended.stderr and "run the command again" in ended.stderr
    assert not (tmp_path / "x.arrow").exists() and not list(tmp_path.glob(".*.tmp"))
    assert list((tmp_path / "state").iterdir())  # what was finished is taken up again
    assert built(tmp_path) == reference
