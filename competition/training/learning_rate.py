"""Learning rates of an optimizer's groups: each group's peak rate, times a schedule's factor."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from itertools import accumulate

import torch

from competition.settings.finetuned import FinetunedSettings
from competition.training.schedules import SCHEDULES


class Schedule(ABC):
    """Factor on the peak learning rate at each step; see `training.schedules`.

    settings: the member's; epoch_ends: the steps done at the end of each epoch, the last of which is `steps`.
    falls_to_nothing: whether the last epochs have hardly any rate left: what stops before them has not learnt to the
    end, so none stops early unless it is told to.
    """

    falls_to_nothing = False

    def __init__(self, settings: FinetunedSettings, epoch_ends: Sequence[int]):
        self.settings, self.epoch_ends, self.steps = settings, epoch_ends, epoch_ends[-1]
        self.warmup_steps = max(1, round(self.steps * settings.warmup))

    @abstractmethod
    def factor(self, step: int) -> float:
        """Return the factor, 0..1, on the peak rate of `step`, from 0 to `steps`."""

    def warmup_factor(self, step: int) -> float:
        """Return the linear warm-up's factor at `step`: 1 once it is over."""
        return min(1.0, (step + 1) / self.warmup_steps)

    def epoch_done(self, step: int, score: float) -> None:  # noqa: B027 (most schedules don't go by it)
        """Take the `score`, higher is better, of the epoch that ended after `step` steps."""

    def state_dict(self) -> dict:
        """Return what `load_state_dict` needs to go on from here: numbers and lists of them."""
        return {}

    def load_state_dict(self, state: dict) -> None:  # noqa: B027
        """Go on where `state_dict` was taken."""


class LearningRate:
    """Learning rates of `optimizer`'s groups: each group's peak, its `lr` when this is made, times one factor.

    steps_per_epoch: the optimizer's steps in each epoch. The rate holds for the next step, also right after making
    this.
    """

    def __init__(self, optimizer: torch.optim.Optimizer, settings: FinetunedSettings, steps_per_epoch: Sequence[int]):
        self.optimizer = optimizer
        self.schedule = SCHEDULES[settings.schedule](settings, list(accumulate(steps_per_epoch)))
        self.peaks = [group["lr"] for group in optimizer.param_groups]
        self.done, self.reduction = 0, 1.0
        self._apply()

    @property
    def rate(self) -> float:
        """The learning rate of the next step, of the first group."""
        return self.optimizer.param_groups[0]["lr"]

    def step(self) -> None:
        """Go on to the next step's rate: call it after each step of the optimizer."""
        self.done += 1
        self._apply()

    def epoch_done(self, score: float) -> None:
        """Tell the schedule the `score` of an epoch, higher is better, at its end."""
        self.schedule.epoch_done(self.done, score)
        self._apply()

    def slow_down(self, factor: float) -> None:
        """Multiply all later rates by `factor`, for good: it is part of `state_dict`.

        To go back to a state and on from it more slowly, load the state first; save it again with the lower rate, or
        else a second return to it is no slower than the first.
        """
        self.reduction *= factor
        self._apply()

    def state_dict(self) -> dict:
        """Return all that `load_state_dict` needs to go on from here: numbers, and dicts and lists of them."""
        return {
            "peaks": list(self.peaks),
            "done": self.done,
            "reduction": self.reduction,
            "schedule": self.schedule.state_dict(),
        }

    def load_state_dict(self, state: dict) -> None:
        """Go on where `state_dict` was taken, and set the optimizer's rates: call it after the optimizer's own."""
        assert len(state["peaks"]) == len(self.optimizer.param_groups)
        self.peaks, self.done, self.reduction = list(state["peaks"]), state["done"], state["reduction"]
        self.schedule.load_state_dict(state["schedule"])
        self._apply()

    def _apply(self) -> None:
        factor = self.schedule.factor(min(self.done, self.schedule.steps)) * self.reduction
        for group, peak in zip(self.optimizer.param_groups, self.peaks, strict=True):
            group["lr"] = peak * factor
