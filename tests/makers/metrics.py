"""Macro F1, the metric of the tests that need one."""

from competition.metrics.scores import METRICS

F1 = METRICS["f1_macro"]()
