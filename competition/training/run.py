"""All that a training run is made of between two epochs, and how it is kept: what is saved is what it takes to go on.

Where several processes train together, the main one writes and all read.
"""

from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from torch import nn

from competition.compute.distributed import processes
from competition.settings.finetuned import FinetunedSettings
from competition.training.checkpoints import load_state, save_state
from competition.training.recovery import Batching, Rollbacks
from competition.training.schedules import Schedule
from competition.training.weight_averaging import MovingAverage

State = dict[str, torch.Tensor]


@dataclass
class Progress:
    """What is known after an epoch: `history` has a row per epoch; `best_weights` are those of `best_epoch`.

    `others`: the next best epochs' weights, for a soup; `souped`: how many epochs' weights `best_weights` are the mean
    of.
    """

    history: list[dict]
    best_epoch: int = -1
    best_score: float = -float("inf")
    best_weights: State | None = None
    others: list[dict] = field(default_factory=list)  # {"epoch": int, "score": float, "weights": State}, best first
    souped: int = 1

    def stale(self, patience: int) -> bool:
        """Return whether there was no better epoch for `patience` of them."""
        return len(self.history) - 1 - self.best_epoch >= patience

    def take(self, epoch: int, score: float, weights: State, keep: int) -> None:
        """Count `epoch`, which scored `score`; remember the weights of the best `keep` epochs, the earlier of
        equals.
        """
        found = [
            {"epoch": epoch, "score": score, "weights": {key: value.detach().clone() for key, value in weights.items()}}
        ]
        if self.best_weights is not None:
            found += [{"epoch": self.best_epoch, "score": self.best_score, "weights": self.best_weights}, *self.others]
        found.sort(key=lambda one: (-one["score"], one["epoch"]))
        best, self.others = found[0], found[1:keep]
        self.best_epoch, self.best_score, self.best_weights = best["epoch"], best["score"], best["weights"]


@dataclass
class Run:
    """A training run between two epochs; `save` and `resume` keep it whole."""

    network: nn.Module
    optimizer: torch.optim.Optimizer
    schedule: Schedule
    average: MovingAverage | None
    batching: Batching
    rollbacks: Rollbacks
    progress: Progress
    scaler: torch.amp.GradScaler  # of the loss, for float16; off for all else
    finished: bool = False

    def scored(self) -> State:
        """Return the weights that are scored and kept: the moving average's where there is one."""
        return self.average.weights() if self.average else self.network.state_dict()

    def average_statistics(self) -> None:
        """Average over the processes what no gradient learns: batch-norm's statistics, of the network and of its moving
        average.
        """
        statistics = {name: value for name, value in self.network.named_buffers() if value.is_floating_point()}
        processes().average(list(statistics.values()))
        if self.average and processes().count > 1:
            state = self.average.state_dict()
            processes().average([state["weights"][name] for name in statistics if name in state["weights"]])
            self.average.load_state_dict(state)

    def save(self, path: Path) -> None:
        """Write all that it takes to go on."""
        _write(
            path,
            {
                "network": self.network.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "schedule": self.schedule.state_dict(),
                "average": self.average.state_dict() if self.average else None,
                "batching": asdict(self.batching),
                "rollbacks": self.rollbacks.count,
                "scaler": self.scaler.state_dict(),
                "progress": vars(self.progress),
            },
        )

    def finish(self, path: Path) -> None:
        """Write what is left when training is over: the optimizer has done its work; other predictions may be wanted
        yet.
        """
        self.finished = True
        self.progress.others = []
        _write(path, {"progress": vars(self.progress)})

    def resume(self, path: Path) -> bool:
        """Take up what `path` holds; return whether there was anything.

        Raises ValueError where some processes find another state than others.
        """
        state = load_state(path)
        _check_same(path, 0 if state is None else 1 + len(state["progress"]["history"]))
        if state is None:
            return False
        self.progress = Progress(**state["progress"])
        self.finished = "optimizer" not in state
        if not self.finished:
            self.network.load_state_dict(state["network"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.schedule.load_state_dict(state["schedule"])
            self.scaler.load_state_dict(state["scaler"])
            if self.average:
                self.average.load_state_dict(state["average"])
            self.batching, self.rollbacks.count = Batching(**state["batching"]), state["rollbacks"]
        return True

    def step_back(self, path: Path, settings: FinetunedSettings, epoch: int, loss: float) -> None:
        """Return to the last state in `path` with half its learning rate; raise ValueError if that was done three times
        before.
        """
        rate = self.schedule.rate
        self.rollbacks.another(epoch, loss, rate)
        count = self.rollbacks.count
        self.resume(path)
        self.rollbacks.count = count
        self.schedule.slow_down(0.5)
        self.save(path)
        processes().say(
            f"epoch {epoch}: the loss is {loss}; back to the last good state, learning rate {self.schedule.rate:.2e} "
            f"instead of {rate:.2e} ({count} of {self.rollbacks.most} times)"
        )


def _write(path: Path, state: dict) -> None:
    crew = processes()
    crew.wait()  # until all have read what was there before
    if crew.main:
        save_state(path, state)
    crew.wait()


def _check_same(path: Path, found: int) -> None:
    crew = processes()
    if crew.sums(found) != [crew.count * found]:
        here = f"one after {found - 1} epochs" if found else "none"
        raise ValueError(
            f"{path}: expected the same state in all {crew.count} processes, found {here} in process {crew.index} "
            "and another "
            "elsewhere; nodes have to share the project's folder"
        )
