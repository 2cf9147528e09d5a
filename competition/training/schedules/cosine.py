"""Cosine annealing, after warm-up."""

import math

from competition.training.learning_rate import Schedule
from competition.training.schedules import SCHEDULES


@SCHEDULES.register
class Cosine(Schedule):
    """Linear warm-up over `warmup` of the steps, then half a cosine to 0."""

    falls_to_nothing = True

    def factor(self, step: int) -> float:
        if step < self.warmup_steps:
            return self.warmup_factor(step)
        return 0.5 * (1 + math.cos(math.pi * (step - self.warmup_steps) / max(1, self.steps - self.warmup_steps)))
