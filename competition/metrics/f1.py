"""Macro F1 by its old names, until competition.ensembling asks the metric."""

from competition.metrics.bootstrap import interval  # noqa: F401
from competition.metrics.per_class import confusion_matrix, per_class_f1  # noqa: F401
from competition.metrics.scores import METRICS

macro_f1 = METRICS["f1_macro"]()
bootstrap_scores, bootstrap_interval = macro_f1.bootstrap, macro_f1.with_interval
