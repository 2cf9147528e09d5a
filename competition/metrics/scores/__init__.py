"""Registry of metrics: one file each, chosen by `task.metric`. A new one is a `Metric` in a new file here."""

from competition.common.registry import Registry

METRICS = Registry("metric", __name__)
