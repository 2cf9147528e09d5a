"""Constant learning rate, after warm-up."""

from competition.training.learning_rate import Schedule
from competition.training.schedules import SCHEDULES


@SCHEDULES.register
class Constant(Schedule):
    """The peak rate, after warm-up."""

    def factor(self, step: int) -> float:
        return self.warmup_factor(step)
