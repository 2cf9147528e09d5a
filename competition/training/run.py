"""Training run between two epochs, saved and resumed: of several processes, the main one writes and all read."""

from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from torch import nn

from competition.compute.distributed import processes
from competition.settings.finetuned import FinetunedSettings
from competition.training.checkpoints import load_state, save_state
from competition.training.learning_rate import LearningRate
from competition.training.recovery import Batching, Rollbacks
from competition.training.weight_averaging import MovingAverage

State = dict[str, torch.Tensor]


@dataclass
class TrainingResult:
    """History, a row per epoch, and the best epoch's weights; of an unfinished run, those so far.

    runners_up: the next best epochs' weights, for a soup; souped: how many epochs `best_weights` are the mean of.
    """

    history: list[dict]
    best_epoch: int = -1
    best_score: float = -float("inf")
    best_weights: State | None = None
    runners_up: list[dict] = field(default_factory=list)  # {"epoch": int, "score": float, "weights": State}, best first
    souped: int = 1

    def stale(self, patience: int) -> bool:
        """Return whether the last `patience` epochs were no better than the best before."""
        return len(self.history) - 1 - self.best_epoch >= patience

    def replace(self, epoch: int, score: float, weights: State) -> None:
        """Keep the weights of `epoch` in place of those before, whatever its score."""
        kept = {key: value.detach().clone() for key, value in weights.items()}
        self.best_epoch, self.best_score, self.best_weights = epoch, score, kept

    def add(self, epoch: int, score: float, weights: State, keep: int) -> None:
        """Add `epoch` with its score; keep the weights of the best `keep` epochs, of equals the earlier."""
        found = [
            {"epoch": epoch, "score": score, "weights": {key: value.detach().clone() for key, value in weights.items()}}
        ]
        if self.best_weights is not None:
            found += [
                {"epoch": self.best_epoch, "score": self.best_score, "weights": self.best_weights},
                *self.runners_up,
            ]
        found.sort(key=lambda one: (-one["score"], one["epoch"]))
        best, self.runners_up = found[0], found[1:keep]
        self.best_epoch, self.best_score, self.best_weights = best["epoch"], best["score"], best["weights"]


@dataclass
class Run:
    """A training run between two epochs; `save` and `resume` keep it whole."""

    network: nn.Module
    optimizer: torch.optim.Optimizer
    learning_rate: LearningRate
    average: MovingAverage | None
    batching: Batching
    rollbacks: Rollbacks
    result: TrainingResult
    scaler: torch.amp.GradScaler  # of the loss, for float16; off for all else
    finished: bool = False

    def goes_on(self, settings: FinetunedSettings) -> bool:
        """Return whether another epoch is to be trained."""
        shown = len(self.result.history)
        return not self.finished and shown < settings.epochs and not self.result.stale(settings.epochs_without_gain)

    def scored(self) -> State:
        """Return the weights that are scored and kept: the moving average's where there is one."""
        return self.average.weights() if self.average else self.network.state_dict()

    def average_statistics(self) -> None:
        """Average batch-norm's statistics over the processes, of the network and of its moving average."""
        statistics = {name: value for name, value in self.network.named_buffers() if value.is_floating_point()}
        processes().average(list(statistics.values()))
        if self.average and processes().count > 1:
            state = self.average.state_dict()
            processes().average([state["weights"][name] for name in statistics if name in state["weights"]])
            self.average.load_state_dict(state)

    def save(self, path: Path) -> None:
        """Write all that `resume` needs to go on."""
        _write(
            path,
            {
                "network": self.network.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "learning_rate": self.learning_rate.state_dict(),
                "average": self.average.state_dict() if self.average else None,
                "batching": asdict(self.batching),
                "rollbacks": self.rollbacks.count,
                "scaler": self.scaler.state_dict(),
                "result": vars(self.result),
            },
        )

    def finish(self, path: Path) -> None:
        """Write the result alone, without the optimizer: training is over, but predictions may be wanted yet."""
        self.finished = True
        self.result.runners_up = []
        _write(path, {"result": vars(self.result)})

    def resume(self, path: Path) -> bool:
        """Load the state in `path`; return whether there was any.

        Raises ValueError where the processes find different states.
        """
        state = load_state(path)
        _check_same(path, 0 if state is None else 1 + len(state["result"]["history"]))
        if state is None:
            return False
        self.result = TrainingResult(**state["result"])
        self.finished = "optimizer" not in state
        if not self.finished:
            self.network.load_state_dict(state["network"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.learning_rate.load_state_dict(state["learning_rate"])
            self.scaler.load_state_dict(state["scaler"])
            if self.average:
                self.average.load_state_dict(state["average"])
            self.batching, self.rollbacks.count = Batching(**state["batching"]), state["rollbacks"]
        return True

    def step_back(self, path: Path, settings: FinetunedSettings, epoch: int, loss: float) -> None:
        """Return to the last state in `path` with half its learning rate. Raises Diverged after three times."""
        rate = self.learning_rate.rate
        self.rollbacks.add(epoch, loss, rate)
        count = self.rollbacks.count
        self.resume(path)
        self.rollbacks.count = count
        self.learning_rate.slow_down(0.5)
        self.save(path)
        processes().print(
            f"epoch {epoch}: the loss is {loss}; back to the last good state, learning rate "
            f"{self.learning_rate.rate:.2e} instead of {rate:.2e} ({count} of {self.rollbacks.most} times)"
        )


def saved_history(path: Path) -> list[dict]:
    """Return the history of the run whose state is in `path`; [] without one."""
    state = load_state(path)
    return state["result"]["history"] if state else []


def _write(path: Path, state: dict) -> None:
    group = processes()
    group.wait()  # until all have read what was there before
    if group.main:
        save_state(path, state)
    group.wait()


def _check_same(path: Path, found: int) -> None:
    group = processes()
    if group.sum(found) != [group.count * found]:
        here = f"one after {found - 1} epochs" if found else "none"
        raise ValueError(
            f"{path}: expected the same state in all {group.count} processes, found {here} in process {group.index} "
            "and another elsewhere; nodes have to share the project's folder"
        )
