"""Linear decay to 0: `plugins: [tests/plugins/dummy_schedule.py]`, `schedule: dummy_schedule`."""

from competition.training.learning_rate import Schedule
from competition.training.schedules import SCHEDULES


@SCHEDULES.register
class Linear(Schedule):
    """Down to 0 in a line, without a warm-up."""

    def factor(self, step: int) -> float:
        return 1 - step / self.steps
