"""A training that is killed (kill -9) within its second epoch ends as an unbroken one does.

Torch is asked for deterministic algorithms; where some operation has none, two unbroken trainings differ too, and the
one taken up again may differ as much.
"""

import math
import os
import signal
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from gpu.scale import SCALES, Check, largest_difference

from competition.models.networks import create_network
from competition.training import epoch as epoch_module
from competition.training.fit import fit
from competition.training.run import TrainingResult, saved_history

MOST = 4  # times as much as two unbroken trainings differ


def run(check: Check) -> dict:
    """Return how far the weights are apart: of two unbroken trainings, and of one that was killed."""
    found = {}
    for precision in check.precisions:
        with TemporaryDirectory() as folder:
            found[precision] = _killed(check, precision, Path(folder))
    return found | check.left_out


def _killed(check: Check, precision: str, folder: Path) -> dict:
    unbroken, again = (_train(check, folder / f"{n}.pt", precision) for n in range(2))
    state, scale = folder / "killed.pt", next(name for name, scale in SCALES.items() if scale == check.scale)
    process = get_context("spawn").Process(
        target=train_and_die, args=(str(check.folder), scale, str(state), precision, torch.get_num_threads())
    )
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL, f"{precision}: exit code {process.exitcode} instead of kill -9"
    kept = len(saved_history(state))
    assert kept == 1, f"{precision}: {kept} epochs kept of the killed training, expected 1"
    resumed = _train(check, state, precision)
    noise, difference = (largest_difference(unbroken.best_weights, one.best_weights) for one in (again, resumed))
    facts = {"unbroken_twice": noise, "killed_and_resumed": difference, "same_bytes": difference == 0}
    assert difference <= MOST * noise, f"{precision}: {facts}"
    return facts


def train_and_die(folder: str, scale: str, state: str, precision: str, threads: int) -> None:
    """Train until the second epoch, and be gone. threads: a CPU's sums depend on how many."""
    torch.set_num_threads(threads)
    check = Check(Path(folder), SCALES[scale])
    usual, steps = (
        epoch_module.training_loss,
        math.ceil(len(check.fold().train_labels) / check.member("lite0").batch_size),
    )
    left = iter(range(steps + 1))

    def loss(*arguments):
        if next(left, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)
        return usual(*arguments)

    epoch_module.training_loss = loss
    _train(check, Path(state), precision)


def _train(check: Check, state: Path, precision: str) -> TrainingResult:
    settings = check.member("lite0", precision=precision)
    network, normalise = create_network(settings, len(check.targets), settings.seed)
    with _deterministic(check.device.type == "cuda"):
        return fit(network, normalise, check.fold(), settings, state, targets=check.targets)


class _deterministic:
    """Context in which torch takes deterministic algorithms where it has them; nothing on a CPU."""

    def __init__(self, asked: bool):
        self.asked = asked
        if asked:
            os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # read where cuBLAS is first used

    def __enter__(self) -> None:
        if self.asked:
            torch.use_deterministic_algorithms(True, warn_only=True)

    def __exit__(self, *error: object) -> None:
        if self.asked:
            torch.use_deterministic_algorithms(False)
