"""A training that is killed (kill -9) in the middle of an epoch, or while it saves, ends in the very weights of an
unbroken one.
"""

import os
import signal
from pathlib import Path

import pytest
import torch
from makers.forked import CONTEXT
from makers.metrics import F1
from makers.packed import TARGETS, packed_competition
from makers.training import SETTINGS, same, scores_of, trained

from competition.common import files
from competition.folds.split import read_folds
from competition.training import checkpoints
from competition.training import epoch as epoch_module
from competition.training.fold_data import load_fold

pytestmark = pytest.mark.slow

STEPS = 2  # fewer than an epoch has


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kills")
    packed_competition(folder).to_csv(folder / "folds.csv", index=False)
    return folder


def load(folder: Path):
    return load_fold(
        0, read_folds(folder / "folds.csv"), TARGETS, folder / "augmented.arrow", folder / "test.arrow", F1
    )


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def after(calls: int, call, then):
    """Return `call` for the first `calls` times, and `then` from then on."""
    left = iter(range(calls))
    return lambda *arguments: call(*arguments) if next(left, None) is not None else then(*arguments)


def half_a_file(state: dict, path: Path) -> None:
    torch.save(state, path)
    os.truncate(path, path.stat().st_size // 2)
    die()


def train_and_die(folder: Path, state_file: Path, where: str, threads: int) -> None:
    """Train until `where`, in the second epoch or at its end, and be gone."""
    torch.set_num_threads(threads)
    data = load(folder)
    steps = -(-len(data.train_labels) // SETTINGS.batch_size)
    if where == "in an epoch":
        epoch_module.training_loss = after(steps + STEPS, epoch_module.training_loss, lambda *_: die())
    if where == "halfway through a file":  # saved before the first epoch and after it, and then
        checkpoints.torch = type(
            "Torch", (), {"save": staticmethod(after(2, torch.save, half_a_file)), "load": torch.load}
        )
    if where == "before a file takes its place":
        files.os.replace = after(2, os.replace, lambda *_: die())
    trained(data, SETTINGS, state_file)


@pytest.fixture(scope="module")
def unbroken(folder):
    return trained(load(folder), SETTINGS, folder / "unbroken.pt")


@pytest.mark.parametrize("where", ["in an epoch", "halfway through a file", "before a file takes its place"])
def test_a_killed_training_ends_the_same(folder, unbroken, tmp_path, where):
    state_file = tmp_path / "state.pt"
    there = (folder, state_file, where, torch.get_num_threads())  # the sums depend on how many
    process = CONTEXT.Process(target=train_and_die, args=there)
    process.start()
    process.join(timeout=120)
    assert process.exitcode == -signal.SIGKILL
    data, seen = load(folder), []
    assert len(data.train_labels) > SETTINGS.batch_size * STEPS
    again = trained(data, SETTINGS, state_file, seen.append)
    assert [row["epoch"] for row in seen] == [1, 2]  # one epoch was lost, and no more
    assert scores_of(again) == scores_of(unbroken) and same(again.best_weights, unbroken.best_weights)
