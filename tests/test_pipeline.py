"""The whole pipeline on a tiny competition: what it makes, what it runs again, and that kill -9 changes nothing.

Two projects with the same params: the stages of one run straight through, in this process; those of the other run by
DVC, as a person runs them, each kind of stage killed once in its middle and started again.
"""

import contextlib
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

import cv2
import numpy as np
import psutil
import pytest
import torch
from makers.arithmetic import arithmetic
from makers.commands import call as run_command  # noqa: F401
from makers.dag import run_dag
from makers.pipeline import (
    PARAMS,
    ROOT,
    TEST,
    TRAIN,
    call,
    depend_on_fewer_modules,
    environment,
    make_folder,
    make_project,
    stages_run,
    table,
)
from makers.sample import generated
from sklearn.metrics import f1_score

import pipelines.adopt
import pipelines.prepare
import pipelines.score
import pipelines.split
import pipelines.validate
from competition.data.predictions import load_predictions

STAGES = [
    "prepare",
    "split",
    "upright",
    "augment",
    *(f"train@{name}-{fold}" for name in ("lite0", "features", "grey") for fold in (0, 1)),
    "specialize@lite0-0",
    "specialize@lite0-1",
    "review@clean",
    "vote",
    "ensemble",
    "report@html",
]
COMPARED = [
    "data/*.arrow",
    "folds/*.csv",
    "folds/audit.json",
    "folds/augmented.png",
    "folds/review/label_review.png",
    "folds/predictions/*/*.npz",
    "folds/weights/*/*.safetensors",
    "submissions/members/*.csv",
    "submissions/ensembles/*.csv",
    "submissions/oof.csv",
    "submissions/per_class.csv",
    "submissions/confusion.csv",
    "submissions/ensembles_oof.csv",
    "submissions/final*",
]
TIMED = ("train_seconds", "predict_seconds")  # the leaderboard's columns that no two runs share


@dataclass(frozen=True)
class Kill:
    """`stage` is killed once a file matches `when` and `said` was printed ("" for at once); with `group`, dvc itself is
    killed too.
    """

    stage: str
    module: str
    when: str = ""
    said: str = ""
    group: bool = False


pytestmark = pytest.mark.slow

KILLS = [
    Kill("prepare", "prepare", "data/state/prepare-train-*"),
    Kill("augment", "augment", "data/state/augment-*", group=True),
    Kill("train@lite0-0", "train", said="epoch   0", group=True),
    Kill("train@features-0", "train", "data/cache/features-*.npy"),
    Kill("vote", "vote", "submissions/members/*.csv", group=True),
    Kill("ensemble", "ensemble"),
]


def files(folder: Path) -> dict[str, str]:
    """Relative path -> sha256 of everything in COMPARED."""
    paths = [path for pattern in COMPARED for path in sorted(folder.glob(pattern))]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


@contextlib.contextmanager
def on_one_core() -> Iterator[None]:
    """Keep this process, and those that it starts, to one core: what networks make depends on the number of threads."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    cores, threads = os.sched_getaffinity(0), torch.get_num_threads()
    os.sched_setaffinity(0, {min(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)
        torch.set_num_threads(threads)


@dataclass(frozen=True)
class Straight:
    folder: Path
    made: dict[str, str]


@dataclass(frozen=True)
class Killed:
    folder: Path
    outputs: list[str]  # what dvc printed in the run that each of KILLS ended, then in the last one
    made: dict[str, str]
    again: str  # what it printed in one more run
    changed: str  # in a dry one with another learning rate
    edited: str  # in a dry one after a second edit of the report


def run_killed(folder: Path) -> Killed:
    outputs = []
    for kill in KILLS:
        outputs.append(repro_until(folder, kill))
        if kill.module == "train":
            edit_report(folder)
    outputs.append(call(folder, "dvc", "repro"))
    made, again, params = files(folder), call(folder, "dvc", "repro"), folder / "params.yaml"
    assert PARAMS.count("learning_rate: 0.001") == 1
    params.write_text(PARAMS.replace("learning_rate: 0.001", "learning_rate: 0.002"))
    changed = call(folder, "dvc", "repro", "--dry")
    params.write_text(PARAMS)
    edit_report(folder)
    return Killed(folder, outputs, made, again, changed, call(folder, "dvc", "repro", "--dry"))


def edit_report(folder: Path) -> None:
    with (folder / "competition/report/page.py").open("a") as file:
        file.write("\n# edited\n")


def repro_until(folder: Path, kill: Kill) -> str:
    log = folder / "data" / f"{kill.stage}.log"
    with log.open("w") as file:
        dvc = subprocess.Popen(
            [sys.executable, "-m", "dvc", "repro"],
            cwd=folder,
            env=environment(),
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_for(lambda: f"Running stage '{kill.stage}':" in log.read_text(), dvc, log)
        stage = wait_for(lambda: running(dvc.pid, kill.module), dvc, log)
        wait_for(lambda: not kill.when or next(folder.glob(kill.when), None), dvc, log)
        wait_for(lambda: kill.said in log.read_text(), dvc, log)
        if kill.group:
            os.killpg(dvc.pid, signal.SIGKILL)
        else:
            stage.kill()
        assert dvc.wait(timeout=60) != 0, f"{kill.stage} was not killed, it had ended\n{log.read_text()}"
        psutil.wait_procs([stage], timeout=60)
    finally:
        if dvc.poll() is None:
            os.killpg(dvc.pid, signal.SIGKILL)
    assert stages_run(log.read_text())[-1] == kill.stage, log.read_text()
    return log.read_text()


def wait_for(condition: Callable, dvc: subprocess.Popen, log: Path):
    end = monotonic() + 300
    while monotonic() < end:
        if found := condition():
            return found
        assert dvc.poll() is None, f"dvc repro ended before it was to be killed\n{log.read_text()}"
        sleep(0.02)
    raise TimeoutError(log.read_text())


def running(parent: int, module: str) -> psutil.Process | None:
    """The process that runs a stage's module, among `parent`'s descendants."""
    for process in psutil.Process(parent).children(recursive=True):
        try:
            if process.cmdline()[1:3] == ["-m", f"pipelines.{module}"]:
                return process
        except psutil.Error:
            continue
    return None


@pytest.fixture(scope="module")
def sample(tmp_path_factory) -> tuple[Path, dict]:
    return generated(tmp_path_factory)


@pytest.fixture(scope="module")
def straight(tmp_path_factory, sample) -> Straight:
    folder = make_folder(tmp_path_factory.mktemp("straight"), sample[0])
    with on_one_core(), contextlib.chdir(folder):
        run_dag()
    return Straight(folder, files(folder))


@pytest.fixture(scope="module")
def killed(tmp_path_factory, sample) -> Killed:
    folder = make_project(tmp_path_factory.mktemp("killed"), sample[0])
    depend_on_fewer_modules(folder, "report")
    with on_one_core():
        return run_killed(folder)


def test_an_adopted_folder_of_classes_is_prepared_and_split(tmp_path, monkeypatch, run_command):  # noqa: F811
    generator = np.random.default_rng(0)
    for name in ("cat", "dog"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(10):
            picture = np.kron(generator.integers(0, 256, (6, 6, 3)), np.ones((10, 10, 1))).astype(np.uint8)
            cv2.imwrite(str(tmp_path / f"photos/{name}/{number}.png"), picture)
    (tmp_path / "params.yaml").write_text("split: {folds: [0, 1, 2]}\nmachine: {workers: 1}\n")
    monkeypatch.chdir(tmp_path)
    for module, arguments in ((pipelines.adopt, ["photos"]), (pipelines.prepare, []), (pipelines.split, [])):
        assert run_command(module, *arguments)[0] == 0
    folds = table(tmp_path / "folds/folds.csv")
    # 8:1:1 of 10 images: 1 per class is held out, 9 are left, 3 in each fold
    assert Counter((row["target"], row["fold"]) for row in folds) == {
        (target, fold): 3 for target in "01" for fold in "012"
    }
    assert [row["class_name"] for row in table(tmp_path / "folds/classes.csv")] == ["cat", "dog"]
    assert len(table(tmp_path / "data/solution.csv")) == 2


def test_an_unreadable_file_is_listed_and_in_no_fold(straight, sample):
    problems = table(straight.folder / "folds/problem_files.csv")
    assert [(row["ID"], row["set"]) for row in problems] == [(sample[1]["unreadable"], "train")]
    folds = table(straight.folder / "folds/folds.csv")
    everything = {row["ID"] for row in table(straight.folder / "data/raw/train.csv")}
    assert {row["ID"] for row in folds} == everything - {sample[1]["unreadable"]} and len(folds) == TRAIN - 1


def test_the_holdout_is_predicted_by_every_fold_and_stands_in_no_score(straight):
    folds = table(straight.folder / "folds/folds.csv")
    held, seen = ({row["ID"] for row in folds if (row["fold"] == "-1") == side} for side in (True, False))
    assert len(held) >= 8
    for path in straight.folder.glob("folds/predictions/*/*.npz"):
        parts = {name: set(part.ids.tolist()) for name, part in load_predictions(path).items()}
        predicted = parts["holdout_test_like"]
        assert predicted <= held if path.parent.name == "specialist" else predicted == held
        assert parts["clean"] | parts["test_like"] <= seen
    scored = {row["ID"] for row in folds if row["fold"] not in ("-1", "-2")}  # -2: the only group of its class
    assert {row["ID"] for row in table(straight.folder / "submissions/oof.csv")} == scored < seen


def test_planted_duplicates_share_a_fold(straight, sample):
    fold = {row["ID"]: row["fold"] for row in table(straight.folder / "folds/folds.csv")}
    pairs = [pair for pair in sample[1]["duplicates"] if set(pair) <= set(fold)]
    assert pairs and all(fold[one] == fold[other] for one, other in pairs)


def test_the_label_review_names_images_of_the_folds(straight):
    folds = {row["ID"]: row["target"] for row in table(straight.folder / "folds/folds.csv")}
    review = table(straight.folder / "folds/review/label_review.csv")
    assert all(folds[row["ID"]] == row["target"] != row["suggestion"] for row in review) and len(review) < len(folds)
    assert (straight.folder / "folds/review/label_review.png").is_file()


def test_the_leaderboard_has_every_submission(straight):
    leaderboard = table(straight.folder / "submissions/leaderboard.csv")
    there = {path.stem for path in (straight.folder / "submissions/members").iterdir()}
    assert (
        {row["submission"] for row in leaderboard}
        == there
        == {"lite0", "lite0_hard", "lite0_specialist", "features", "features_hard", "grey", "grey_hard"}
    )
    scores = [float(row["test_like"]) for row in leaderboard]
    assert scores == sorted(scores, reverse=True)
    oof = table(straight.folder / "submissions/oof.csv")
    for row in leaderboard:  # held against scikit-learn
        answers = [line[f"{row['submission']}.test_like"] for line in oof]
        expected = f1_score([line["target"] for line in oof], answers, average="macro", zero_division=0)
        assert float(row["test_like"]) == pytest.approx(expected, abs=1e-6)


def plain_vote(votes: list[str]) -> str:
    """The answer named most often; of several, the one named first (the best-ranked voter's)."""
    counts = Counter(votes)
    return next(vote for vote in votes if counts[vote] == max(counts.values()))


def test_the_final_submission_is_the_candidate_that_its_facts_name(straight):
    submissions = straight.folder / "submissions"
    facts = json.loads((submissions / "final.json").read_text())
    rows = table(submissions / "leaderboard.csv") + table(submissions / "ensembles.csv")
    leaderboard = {row["submission"]: row for row in rows}
    folder = "ensembles" if (submissions / f"ensembles/{facts['chosen']}.csv").is_file() else "members"
    assert (submissions / "final.csv").read_bytes() == (submissions / folder / f"{facts['chosen']}.csv").read_bytes()
    for view in ("clean", "test_like"):
        score, nested = facts["score"][view], facts["score"]["nested_choice"][view]
        assert (
            set(score) == {"value", "low", "high"} and score["low"] <= score["high"] and nested["low"] <= nested["high"]
        )
        assert score["value"] == pytest.approx(float(leaderboard[facts["chosen"]][view]), abs=1e-6)
    assert facts["lineage"]["git"] == {"commit": None, "dirty": None} and len(facts["lineage"]["data"]) == 16


def test_the_hard_vote_of_the_top_is_always_made(straight):
    submissions = straight.folder / "submissions"
    voters = next(row["note"] for row in table(submissions / "ensembles.csv") if row["submission"] == "hard_top").split(
        ", "
    )
    assert 1 <= len(voters) <= 3  # who is hardly better than chance doesn't vote
    cast = zip(*([row["target"] for row in table(submissions / f"members/{name}.csv")] for name in voters), strict=True)
    assert [row["target"] for row in table(submissions / "ensembles/hard_top.csv")] == [
        plain_vote(votes) for votes in cast
    ]


def test_validate_and_score_take_the_final_submission(straight, monkeypatch, run_command):  # noqa: F811
    monkeypatch.chdir(straight.folder)
    assert f"valid, {TEST} rows" in run_command(pipelines.validate, "submissions/final.csv")[1]
    answers = {row["ID"]: row["target"] for row in table(straight.folder / "submissions/final.csv")}
    solution = table(straight.folder / "data/solution.csv")
    printed = json.loads(run_command(pipelines.score, "submissions/final.csv", "data/solution.csv", "--json")[1])
    y_true, found = [row["target"] for row in solution], [answers[row["ID"]] for row in solution]
    assert printed["all"] == pytest.approx(f1_score(y_true, found, average="macro", zero_division=0))


def test_dvc_metrics_show(killed):
    metrics = json.loads(call(killed.folder, "dvc", "metrics", "show", "--json"))
    scores = json.loads((killed.folder / "submissions/final.json").read_text())["score"]
    expected = {name: scores[name]["value"] for name in ("clean", "test_like", "expected")}
    assert metrics[""]["data"] == {"submissions/metrics.json": {"data": expected}}


def test_a_members_learning_rate_trains_that_member_again_and_no_other(killed):
    """What follows from it, dvc.yaml says: tests/pipelines/test_deps.py."""
    made = [stage for stage in stages_run(killed.changed) if stage not in ("vote", "ensemble", "report@html")]
    assert sorted(made) == ["train@lite0-0", "train@lite0-1"]


def test_nothing_was_written_into_the_cache(killed):
    """Outs are links to the cache where the file system allows: writing into one would damage every earlier version."""
    cached = [path for path in (killed.folder / ".dvc/cache/files/md5").glob("??/*") if path.suffix != ".dir"]
    assert len(cached) > 10
    for path in cached:
        assert hashlib.md5(path.read_bytes()).hexdigest() == path.parent.name + path.name


def test_kills_change_no_byte(straight, killed):
    assert {"data/augmented.arrow", "folds/folds.csv", "submissions/final.csv"} <= set(killed.made)
    assert killed.made == straight.made
    boards = [table(folder / "submissions/leaderboard.csv") for folder in (straight.folder, killed.folder)]
    one, other = (
        [{key: value for key, value in row.items() if key not in TIMED} for row in leaderboard]
        for leaderboard in boards
    )
    assert one == other


def test_a_killed_training_goes_on_where_it_was(killed):
    assert [kill.stage for kill in KILLS][2:4] == ["train@lite0-0", "train@features-0"]
    resumed = killed.outputs[3].partition("Running stage 'train@lite0-0':")[2].partition("Running stage")[0]
    assert re.findall(r"^epoch +(\d+)", resumed, re.MULTILINE) == ["1"]


def test_an_edit_of_the_report_loses_no_epoch_and_runs_the_report_alone(killed):
    """The killed training above went on after one; a second one, after all is done, runs one stage."""
    assert "# edited" in (killed.folder / "competition/report/page.py").read_text()
    assert stages_run(killed.edited) == ["report@html"]


def test_the_bytes_are_those_of_an_earlier_commit(straight):
    """Of the commit that the digests name; what networks make depends on the processor and on torch, too.

    A change that is meant to change them takes them anew.
    """
    old = json.loads((ROOT / "tests/makers/tiny_digests.json").read_text())
    expected = old["sha256"]
    if arithmetic() != old["arithmetic"]:
        expected = {path: digest for path, digest in expected.items() if path.startswith(("data/", "folds/folds"))}
        warnings.warn("digests of weights and answers are of another processor, or torch", stacklevel=1)
    assert len(expected) >= 5 and {path: straight.made.get(path) for path in expected} == expected


def test_every_stage_runs_once_also_after_a_kill_and_then_none(killed):
    ran = Counter(stage for output in killed.outputs for stage in stages_run(output))
    twice = {kill.stage for kill in KILLS}
    assert ran == {stage: 2 if stage in twice else 1 for stage in STAGES}
    assert stages_run(killed.again) == [] and "Data and pipelines are up to date." in killed.again


def test_a_finished_run_leaves_no_temporary_file(straight, killed):
    for folder in (straight.folder, killed.folder):
        assert not [path for place in ("folds", "submissions") for path in (folder / place).rglob(".*.tmp")]


def test_an_ensemble_that_is_refused_leaves_the_final_submission(killed):
    """DVC removes what a stage makes before it runs it, unless it is told not to."""
    folder, external = killed.folder, killed.folder / "submissions/external/typo.csv"
    params, final = (folder / "params.yaml").read_text(), (folder / "submissions/final.csv").read_bytes()
    external.write_text("ID,target\n")
    try:
        (folder / "params.yaml").write_text(params.replace("ensemble: {", "ensemble: {external: [typo], "))
        done = subprocess.run(
            [sys.executable, "-m", "dvc", "repro"], cwd=folder, env=environment(), capture_output=True, text=True
        )
    finally:
        external.unlink()
        (folder / "params.yaml").write_text(params)
    assert (
        done.returncode
        and "error: submissions/external/typo.csv" in done.stderr
        and "Running stage 'ensemble'" in done.stdout
    )
    assert (folder / "submissions/final.csv").read_bytes() == final
    assert all(
        (folder / "submissions" / name).exists()
        for name in ("final.json", "metrics.json", "ensembles.csv", "ensembles/soft.csv")
    )
