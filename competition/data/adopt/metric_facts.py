"""What has to be known of a metric when a competition is adopted, and which metrics fit what was found."""

import re
from dataclasses import dataclass
from pathlib import Path

from competition.common.registry import load_plugin, registry_of

METRICS = "competition.metrics.scores"
OF_NUMBERS = ("rmse", "rmsle", "mse", "mae", "mape", "r2", "smape", "mean_squared_error", "mean_absolute_error")


@dataclass(frozen=True)
class MetricFacts:
    """A metric's name, what it takes and which labels it can score."""

    name: str  # as params.yaml has it
    takes: str  # labels, probabilities or ranks
    kinds: tuple[str, ...]  # of task.labels

    @property
    def most(self) -> int | None:
        """How many of the likeliest labels count, where the name says it: map_at_5, top_5_accuracy."""
        found = re.search(r"(?:_at_|top_)(\d+)", self.name)
        return int(found[1]) if found else None

    @property
    def of_sets(self) -> bool:
        """Whether it compares the sets of labels of each row."""
        return self.name.endswith("_samples") or self.kinds == ("multi",)

    @property
    def graded(self) -> bool:
        """Whether it is made for grades."""
        return self.kinds == ("ordinal",)


def metric_facts(name: str) -> MetricFacts:
    """Return what is known of a metric: a registry's name, or a Python file.

    Raises ValueError that lists the names, FileNotFoundError for a Python file that isn't there.
    """
    if name.lower() in OF_NUMBERS:
        raise ValueError(
            f"--metric {name}: scores predicted numbers; Foldvote classifies images, it does no regression; its "
            f"metrics are {', '.join(registry_of(METRICS).names())}"
        )
    key = name
    if name.endswith(".py"):
        if not Path(name).is_file():
            raise FileNotFoundError(
                f"--metric {name}: no such file; name the metric's Python file, or one of "
                f"{', '.join(registry_of(METRICS).names())}"
            )
        load_plugin(name)
        key = re.split(r"[/\\]", name)[-1].removesuffix(".py")
        if key not in registry_of(METRICS).names():
            raise ValueError(f"--metric {name}: registers no metric; its class begins with @METRICS.register")
    try:
        metric = registry_of(METRICS)[key]
    except ValueError as error:
        raise ValueError(f"--metric {name}: {error}") from None
    return MetricFacts(name, metric.takes, tuple(metric.kinds))


def metrics_that_fit(kind: str, takes: tuple[str, ...]) -> list[str]:
    """Return the metrics that score labels of `kind` and take one of `takes`, those of the first first."""
    found = {name: metric.takes for name, metric in registry_of(METRICS).items() if kind in metric.kinds}
    return sorted((name for name, what in found.items() if what in takes), key=lambda name: takes.index(found[name]))


def all_metrics() -> tuple[str, ...]:
    """Return the names of all metrics."""
    return registry_of(METRICS).names()
