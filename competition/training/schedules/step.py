"""Step decay, after warm-up."""

from bisect import bisect_right

from competition.training.learning_rate import Schedule
from competition.training.schedules import SCHEDULES


@SCHEDULES.register
class Step(Schedule):
    """Times `step_factor` every `step_epochs` epochs, counted from the first; warm-up before."""

    def factor(self, step: int) -> float:
        falls = bisect_right(self.epoch_ends, step) // self.settings.step_epochs
        return self.warmup_factor(step) * self.settings.step_factor**falls
