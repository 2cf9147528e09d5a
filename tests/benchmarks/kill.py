"""Random kill -9 over the whole pipeline on a tiny competition: what comes out is what an undisturbed run makes.

    python tests/benchmarks/kill.py [--kills 200 --seed 0 --minutes 60]

A run is started with `dvc repro`, and after a random time the stage at work, `dvc` itself (whose stage then runs on)
or both are killed; the next run begins at once. Where that meets a stage which a killed `dvc` has left, it has to say
so, and is tried again; so is what DVC itself stumbles over while such a stage replaces a folder. Of what a killed
`dvc` has half written, dvc.lock is replaced by the copy that the stages keep, and .dvc/tmp/rwlock removed. A project
that is done is compared with one that was never disturbed (final.csv, the folds,
packed images, predictions and weights), and a new one is begun. The last line is one JSON object.
"""

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from time import monotonic, sleep

import psutil
from makers.pipeline import TEST, TRAIN, environment, make_project

from competition.common import paths
from competition.sample import generate

COMPARED = ("submissions/final.csv", "folds/folds.csv", "data/*.arrow", "folds/predictions/*/*", "folds/weights/*/*")
LEAST, MOST = 0.3, 14.0  # seconds before a kill: of dvc's start, and of several stages
REFUSED = "is at work in this folder"
TORN = "dvc.lock' validation failed"
TORN_RWLOCK = "Unable to read RWLock-file"
ONE_THREAD = {"OMP_NUM_THREADS": "1"}


def made(folder: Path) -> dict[str, str]:
    """Return relative path -> sha256 of what is compared."""
    paths = [path for pattern in COMPARED for path in sorted(folder.glob(pattern))]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def start(folder: Path) -> subprocess.Popen:
    with (folder / "log").open("w") as file:
        return subprocess.Popen(
            [sys.executable, "-m", "dvc", "repro"],
            cwd=folder,
            env=environment() | ONE_THREAD,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def is_stage(process: psutil.Process) -> bool:
    try:
        return process.cmdline()[1:2] == ["-m"] and process.cmdline()[2].startswith("pipelines.")
    except (psutil.Error, IndexError):
        return False


def is_orphan(process: psutil.Process, folder: Path) -> bool:
    """Return whether it is a stage that a killed `dvc` has left in `folder`."""
    try:
        return is_stage(process) and process.cwd() == str(folder.resolve())
    except psutil.Error:
        return False


def kill(dvc: subprocess.Popen, whom: str) -> str:
    """Kill dvc's stage, dvc alone or all with it; return who it was."""
    stages = [process for process in psutil.Process(dvc.pid).children(recursive=True) if is_stage(process)]
    if whom == "stage" and stages:
        stages[0].kill()
    elif whom == "both":
        os.killpg(dvc.pid, signal.SIGKILL)
    else:
        whom = "dvc"
        dvc.kill()
    dvc.wait()
    return whom if stages else f"{whom}, no stage at work"


def disturb(folder: Path, draw: random.Random, kills: int, end: float, counts: Counter) -> int:
    """Run the project until it is done, killed at most `kills` times; return how many times it was."""
    done = 0
    while True:
        left = any(is_orphan(process, folder) for process in psutil.process_iter())
        dvc, wait = start(folder), draw.uniform(LEAST, MOST)
        try:
            dvc.wait(wait if done < kills and monotonic() < end else 600)
        except subprocess.TimeoutExpired:
            counts[kill(dvc, draw.choice(["stage", "dvc", "both"]))] += 1
            done += 1
            continue
        if dvc.returncode == 0:
            return done
        text = (folder / "log").read_text()
        if TORN in text:
            shutil.copy(folder / paths.KEPT_DVC_LOCK, folder / paths.DVC_LOCK)
            counts["dvc.lock torn"] += 1
            continue
        if TORN_RWLOCK in text:
            (folder / ".dvc/tmp/rwlock").unlink()
            counts[".dvc/tmp/rwlock torn"] += 1
            continue
        if REFUSED not in text and not left:
            raise RuntimeError(f"dvc repro failed by itself, after {done} kills:\n{text}")
        counts["refused beside an orphan" if REFUSED in text else "DVC's own error beside an orphan"] += 1
        sleep(1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=60, help="no kill after these")
    given = parser.parse_args()
    began, draw, counts = monotonic(), random.Random(given.seed), Counter()
    total, projects, different = 0, 0, []
    if hasattr(os, "sched_setaffinity"):  # what networks make depends on the number of threads
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory() as name:
        sample = Path(name, "sample/data")
        generate(sample / "raw", sample / "solution.csv", TRAIN, TEST, seed=0, workers=1)
        folder = make_project(Path(name, "undisturbed"), sample)
        disturb(folder, draw, 0, 0, counts)
        expected = made(folder)
        while total < given.kills and monotonic() - began < 60 * given.minutes:
            folder = make_project(Path(name, f"killed{projects}"), sample)
            total += disturb(folder, draw, given.kills - total, began + 60 * given.minutes, counts)
            projects += 1
            found = made(folder)
            different += [path for path in {**expected, **found} if expected.get(path) != found.get(path)]
            print(f"{total} kills, {projects} projects, {dict(counts)}, different: {different}", flush=True)
    minutes = round((monotonic() - began) / 60, 1)
    facts = {"kills": total, "projects": projects, "files": len(expected), "different": different, "minutes": minutes}
    print(json.dumps(facts | {"of": dict(sorted(counts.items()))}))
    sys.exit(bool(different))


if __name__ == "__main__":
    main()
