"""Decay on a plateau of the score, after warm-up."""

import math

from competition.training.learning_rate import Schedule
from competition.training.schedules import SCHEDULES


@SCHEDULES.register
class Plateau(Schedule):
    """Times `step_factor` when more than `plateau_patience` epochs in a row had no better score.

    As torch's ReduceLROnPlateau; epochs that end within warm-up aren't counted.
    """

    def __init__(self, *arguments: object):
        super().__init__(*arguments)
        self.decay, self.best, self.bad_epochs = 1.0, -math.inf, 0

    def factor(self, step: int) -> float:
        return self.warmup_factor(step) * self.decay

    def epoch_done(self, step: int, score: float) -> None:
        if score > self.best:
            self.best, self.bad_epochs = score, 0
        elif step >= self.warmup_steps:
            self.bad_epochs += 1
        if self.bad_epochs > self.settings.plateau_patience:
            self.decay, self.bad_epochs = self.decay * self.settings.step_factor, 0

    def state_dict(self) -> dict:
        return {"decay": self.decay, "best": self.best, "bad_epochs": self.bad_epochs}

    def load_state_dict(self, state: dict) -> None:
        self.decay, self.best, self.bad_epochs = state["decay"], state["best"], state["bad_epochs"]
