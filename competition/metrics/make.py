"""The metric of a task."""

from competition.metrics.metric import Metric
from competition.metrics.scores import METRICS
from competition.settings.task import TaskSettings


def make_metric(task: TaskSettings) -> Metric:
    """Return the metric that `task` names."""
    return METRICS[task.metric_name]()
