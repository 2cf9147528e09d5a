"""One-cycle policy (Smith, https://arxiv.org/abs/1708.07120)."""

import math

from competition.training.learning_rate import Schedule
from competition.training.schedules import SCHEDULES

RISE, FIRST, LAST = 0.25, 1 / 25, 1 / 25 / 1e4  # least share of the steps; factors on the peak


@SCHEDULES.register
class OneCycle(Schedule):
    """Up from a 25th by half a cosine, over max(`warmup`, 1/4) of the steps, then down to nearly 0.

    The rise is the warm-up. torch's OneCycleLR without its cycle of momentum.
    """

    falls_to_nothing = True

    def factor(self, step: int) -> float:
        top, last = max(0.0, max(self.settings.warmup, RISE) * self.steps - 1), self.steps - 1
        if step < top:
            return _half_cosine(FIRST, 1.0, step / top)
        return _half_cosine(1.0, LAST, min(1.0, (step - top) / (last - top))) if last > top else 1.0


def _half_cosine(first: float, last: float, share: float) -> float:
    return last + (first - last) / 2 * (1 + math.cos(math.pi * share))
