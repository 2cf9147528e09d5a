"""Registry of decision rules: how probabilities become the answers that the metric takes. Each is a file here."""

from competition.common.registry import Registry

DECISIONS = Registry("decision rule", __name__)
