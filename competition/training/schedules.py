"""Learning-rate schedules, as factors on each parameter group's peak rate, and the picture size of an epoch."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

import torch

from competition.settings.finetuned import FinetunedSettings

_ONE_CYCLE_UP, _ONE_CYCLE_FIRST, _ONE_CYCLE_LAST = 0.25, 1 / 25, 1 / 25 / 1e4  # share of the steps; factors on the peak


class Schedule:
    """The learning rates of an optimizer's groups: each group's peak rate, its `lr` when this is made, times one
    factor.

    steps_per_epoch: the optimizer's steps in each epoch. The rate holds for the next step, also right after making
    this.

    - cosine: linear warm-up, then half a cosine to 0, see `warmup_cosine`.
    - step: after warm-up, times `step_factor` every `step_epochs` epochs, counted from the first.
    - plateau: after warm-up, times `step_factor` when more than `plateau_patience` epochs in a row had no better score,
      as torch's ReduceLROnPlateau; epochs that end within warm-up aren't counted.
    - one_cycle: up from a 25th by half a cosine, over `warmup` of the steps but at least a quarter, then down to
      nearly 0; the rise is the warm-up. torch's OneCycleLR without its cycle of momentum (Smith, https://arxiv.org/abs/1708.07120).
    - constant: after warm-up, the peak.
    """

    def __init__(self, optimizer: torch.optim.Optimizer, settings: FinetunedSettings, steps_per_epoch: Sequence[int]):
        self.optimizer, self.settings = optimizer, settings
        self.ends = list(accumulate(steps_per_epoch))
        self.peaks = [group["lr"] for group in optimizer.param_groups]
        self.done, self.reduction = 0, 1.0
        self.fallen, self.best, self.bad_epochs = 1.0, -math.inf, 0
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
        """Tell the `score` of an epoch, higher is better, at its end: plateau goes by it, the others don't."""
        if score > self.best:
            self.best, self.bad_epochs = score, 0
        elif self.done >= _rise(self.ends[-1], self.settings.warmup):
            self.bad_epochs += 1
        if self.settings.schedule == "plateau" and self.bad_epochs > self.settings.plateau_patience:
            self.fallen, self.bad_epochs = self.fallen * self.settings.step_factor, 0
        self._apply()

    def slow_down(self, factor: float) -> None:
        """Multiply all later rates by `factor`, for good: it is part of `state_dict`.

        To go back to a state and on from it more slowly, load the state first; save it again with the lower rate, or
        else a second return to it is no slower than the first.
        """
        self.reduction *= factor
        self._apply()

    def state_dict(self) -> dict:
        """Return all that `load_state_dict` needs to go on from here: numbers and lists of them."""
        return {
            "peaks": list(self.peaks),
            "done": self.done,
            "reduction": self.reduction,
            "fallen": self.fallen,
            "best": self.best,
            "bad_epochs": self.bad_epochs,
        }

    def load_state_dict(self, state: dict) -> None:
        """Go on where `state_dict` was taken, and set the optimizer's rates: call it after the optimizer's own."""
        assert len(state["peaks"]) == len(self.optimizer.param_groups)
        self.peaks = list(state["peaks"])
        self.done, self.reduction = state["done"], state["reduction"]
        self.fallen, self.best, self.bad_epochs = state["fallen"], state["best"], state["bad_epochs"]
        self._apply()

    def _apply(self) -> None:
        factor = self._factor() * self.reduction
        for group, peak in zip(self.optimizer.param_groups, self.peaks, strict=True):
            group["lr"] = peak * factor

    def _factor(self) -> float:
        settings, steps = self.settings, self.ends[-1]
        step = min(self.done, steps)
        if settings.schedule == "cosine":
            return warmup_cosine(step, steps, settings.warmup)
        if settings.schedule == "one_cycle":
            return one_cycle(step, steps, settings.warmup)
        risen = min(1.0, (step + 1) / _rise(steps, settings.warmup))
        if settings.schedule == "step":
            return risen * settings.step_factor ** (bisect_right(self.ends, step) // settings.step_epochs)
        return risen * self.fallen


def warmup_cosine(step: int, steps: int, warmup: float) -> float:
    """Return the factor (0..1) at `step` of `steps`: linear over the first `warmup` share, then half a cosine to 0."""
    rise = _rise(steps, warmup)
    if step < rise:
        return (step + 1) / rise
    return 0.5 * (1 + math.cos(math.pi * (step - rise) / max(1, steps - rise)))


def one_cycle(step: int, steps: int, warmup: float) -> float:
    """Return the factor (0..1) at `step` of `steps` of torch's OneCycleLR, which rises over max(`warmup`, 1/4) of
    them.
    """
    top, last = max(0.0, max(warmup, _ONE_CYCLE_UP) * steps - 1), steps - 1
    if step < top:
        return _half_cosine(_ONE_CYCLE_FIRST, 1.0, step / top)
    return _half_cosine(1.0, _ONE_CYCLE_LAST, min(1.0, (step - top) / (last - top))) if last > top else 1.0


def size_at(epoch: int, epochs: int, first_size: int | None, size: int) -> int:
    """Return the pixels of `epoch`: from `first_size` up in steps of 32 to `size`, which the last third is trained at.

    Small pictures first cost a fraction and teach most of it (Howard's progressive resizing, as in EfficientNetV2,
    https://arxiv.org/abs/2104.00298).
    """
    if first_size is None:
        return size
    steps = -(-(size - first_size) // 32)
    reached = min(steps, int(epoch / max(1, epochs * 2 / 3) * (steps + 1)))
    return size if reached == steps else first_size + 32 * reached


def _rise(steps: int, warmup: float) -> int:
    return max(1, round(steps * warmup))


def _half_cosine(first: float, last: float, share: float) -> float:
    return last + (first - last) / 2 * (1 + math.cos(math.pi * share))
