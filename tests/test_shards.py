"""The packed store: what goes in comes out, whoever worked when, and whatever was killed meanwhile."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import datasets
import numpy as np
import pytest

from competition.images import decode_jpeg, encode_jpeg
from competition.shards import SCHEMA, ImageStore, build, write_rows


def square(job):
    return np.full((8, 10, 3), (job * 37) % 256, np.uint8)


def row(job):
    return {"id": f"{job:03d}", "source_id": f"s{job}", "target": "x", "view": "clean", "copy": job % 4, "height": 8, "width": 10,
            "hash": 2**63 + job, "image": encode_jpeg(square(job), 90)}  # fmt: skip


def make(jobs):
    """Every fifth job gives no row, every third two; each gives a fact."""
    rows = [row(job) | {"copy": n} for job in jobs if job % 5 for n in range(2 if job % 3 == 0 else 1)]
    return rows, [{"job": job, "problem": None if job % 5 else "Größe"} for job in jobs]


JOBS = range(23)


def built(folder, workers=1, jobs=JOBS, part_size=4, make=make):
    facts = build(folder / "x.arrow", jobs, make, folder / "state", part_size=part_size, workers=workers, title="test")
    return facts, (folder / "x.arrow").read_bytes()


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    return built(tmp_path_factory.mktemp("reference"))


def test_written_and_read_back(tmp_path):
    rows = [row(job) for job in range(5)]
    rows[2] |= {"target": None, "group": "g", "image": b""}
    write_rows(tmp_path / "x.arrow", rows)
    store = ImageStore(tmp_path / "x.arrow")
    assert len(store) == 5
    assert store.column("id") == [f"{job:03d}" for job in range(5)]
    assert store.column("target") == ["x", "x", None, "x", "x"] and store.column("group") == [None, None, "g", None, None]
    assert store.column("hash").dtype == np.uint64 and store.column("hash").tolist() == [2**63 + job for job in range(5)]
    assert store.column("copy").tolist() == [0, 1, 2, 3, 0]
    assert [store.encoded(n).tobytes() for n in range(5)] == [line["image"] for line in rows]
    assert np.abs(store.image(3).astype(int) - square(3)).max() <= 2


def test_random_access_equals_sequential(tmp_path, reference):
    (tmp_path / "x.arrow").write_bytes(reference[1])
    store = ImageStore(tmp_path / "x.arrow")
    expected = make(JOBS)[0]
    assert len(store) == len(expected)
    order = np.random.default_rng(0).permutation(len(expected)).tolist() * 2
    for n in [*range(len(expected)), *order]:
        assert store.encoded(n).tobytes() == expected[n]["image"]
        assert (store.image(np.int64(n)) == decode_jpeg(np.frombuffer(expected[n]["image"], np.uint8))).all()
    for name in ("id", "copy", "hash"):
        assert list(store.column(name)) == [line[name] for line in expected]


def test_facts_come_back_in_the_jobs_order(reference):
    assert reference[0] == make(JOBS)[1]


@pytest.mark.parametrize(("workers", "jobs"), [(2, JOBS), (1, list(JOBS))])
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


KILLED = """
import os, signal, sys, time
from pathlib import Path
from test_shards import JOBS, make
from competition.shards import build

def slow(jobs):
    time.sleep(0.15)
    return make(jobs)

build("x.arrow", JOBS, slow, Path("state"), part_size=4, workers=1, title="slow")
"""


def test_killed_and_run_again_it_gives_the_same_bytes(tmp_path, reference):
    here = Path(__file__).resolve().parent
    path = os.pathsep.join([str(here.parent), str(here)])
    process = subprocess.Popen([sys.executable, "-c", KILLED], cwd=tmp_path, env=os.environ | {"PYTHONPATH": path},
                               stderr=subprocess.DEVNULL)  # fmt: skip
    state, deadline = tmp_path / "state", time.monotonic() + 60
    while not (state.is_dir() and len(list(state.glob("[0-9]*.arrow"))) >= 2):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -9 and not (tmp_path / "x.arrow").exists()
    done = {path.name: path.stat().st_mtime_ns for path in state.glob("[0-9]*.arrow")}
    assert 2 <= len(done) < 6

    kept = []

    def make_and_look(jobs):
        kept.append({name: (state / name).stat().st_mtime_ns for name in done})
        return make(jobs)

    assert built(tmp_path, make=make_and_look) == reference
    assert len(kept) == 6 - len(done) and all(times == done for times in kept)


def test_an_error_leaves_what_stood_there(tmp_path):
    (tmp_path / "x.arrow").write_bytes(b"old")

    def fail(jobs):
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        built(tmp_path, make=fail)
    assert (tmp_path / "x.arrow").read_bytes() == b"old"


def test_datasets_reads_it(tmp_path, reference):
    (tmp_path / "x.arrow").write_bytes(reference[1])
    found, expected = datasets.Dataset.from_file(str(tmp_path / "x.arrow")), make(JOBS)[0]
    assert found.column_names == SCHEMA.names and len(found) == len(expected)
    for n in (0, 7, len(expected) - 1):
        assert found[n] == {"group": None} | expected[n]


@pytest.mark.parametrize("jobs", [[], [0], [0, 5, 10, 15, 20, 0, 5]])
def test_no_rows_at_all(tmp_path, jobs):
    facts, _ = built(tmp_path, jobs=jobs)
    store = ImageStore(tmp_path / "x.arrow")
    assert len(facts) == len(jobs) and len(store) == 0
    assert store.column("id") == [] and len(store.column("hash")) == 0


def test_parts_without_rows_between_others(tmp_path):
    jobs = [0, 5, 1, 2, 10, 15, 3, 4]
    built(tmp_path, jobs=jobs, part_size=2)
    store = ImageStore(tmp_path / "x.arrow")
    assert store.column("id") == ["001", "002", "003", "003", "004"]
    assert [int(store.image(n)[0, 0, 0]) for n in range(5)] == [37, 74, 111, 111, 148]


def test_an_empty_file_of_rows(tmp_path):
    write_rows(tmp_path / "x.arrow", [])
    assert len(ImageStore(tmp_path / "x.arrow")) == 0


def test_what_is_not_there_is_named():
    with pytest.raises(FileNotFoundError, match=r"nowhere\.arrow: not found; `dvc repro`"):
        ImageStore("nowhere.arrow")


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_shards import built
from pipelines._main import run

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000))  # a part fits, the whole doesn't: as on a disk that is full
sys.argv = sys.argv[:1]
run(lambda: built(Path(FOLDER)))
"""


def test_a_full_disk_ends_in_one_message_and_loses_nothing(tmp_path, reference):
    pytest.importorskip("resource")
    script = tmp_path / "fill.py"
    script.write_text(FULL_DISK.replace("FOLDER", repr(str(tmp_path))))
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[1])}
    ended = subprocess.run([sys.executable, script, tmp_path, Path(__file__).parent], capture_output=True, text=True, env=environment)
    assert ended.returncode == 1 and "error: " in ended.stderr and "Traceback" not in ended.stderr
    assert "File too large" in ended.stderr and "run the command again" in ended.stderr
    assert not (tmp_path / "x.arrow").exists() and not list(tmp_path.glob(".*.tmp"))
    assert list((tmp_path / "state").iterdir())  # what was finished is taken up again
    assert built(tmp_path) == reference
