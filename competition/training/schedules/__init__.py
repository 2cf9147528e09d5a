"""Learning-rate schedules, one a module: a subclass of `learning_rate.Schedule`, a factor on the peak rate per step."""

from competition.common.registry import Registry

SCHEDULES = Registry("schedule", __name__)
