"""Decision about probabilities: the rule that makes answers of them, chosen out of fold, with what it gained.

Every rule that the metric names (`Metric.decisions`) is fitted for each slice of the images on the other slices and
scored on all of them (nested CV). The one-standard-error rule chooses; the simplest are the plain answers (the
likeliest class, or the probabilities as they are; see `Metric.base_decision`), so that a rule which gains nothing
beyond noise is left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from competition.data.predictions import CONDITIONS
from competition.ensembling.decision_rule import DecisionRule
from competition.ensembling.decisions import DECISIONS
from competition.ensembling.images import Images
from competition.ensembling.one_standard_error import paired_bootstrap, simplest
from competition.metrics.metric import Metric
from competition.settings.ensemble import EnsembleSettings

PLAIN, AUTO = "plain", "auto"


@dataclass(frozen=True, eq=False)
class Decision:
    """Decision rule, fitted on all out-of-fold images; `rule` None for the plain answers.

    gain: in score, nested with the choice, over the metric's base decision, positive where it is better; noise: its
    standard error.
    """

    metric: Metric
    several: bool
    name: str = PLAIN
    rule: DecisionRule | None = None
    gain: float = 0.0
    noise: float = 0.0

    def answers(self, probabilities: np.ndarray) -> np.ndarray:
        """Return what the metric takes, (n, ...), of probabilities (n, C)."""
        if self.rule is None:
            return self.metric.plain(probabilities, self.several)
        return self.rule.answers(probabilities)

    def to_json(self) -> dict[str, object]:
        """Return the decision in JSON's types."""
        fitted = {} if self.rule is None else self.rule.to_json()
        return {
            "rule": self.name,
            "fitted": fitted,
            "gain": round(self.gain, 6),
            "standard_error": round(self.noise, 6),
        }

    @classmethod
    def from_json(cls, saved: Mapping, metric: Metric, several: bool) -> "Decision":
        """Return the decision whose `to_json` is `saved`."""
        rule = None if saved["rule"] == PLAIN else DECISIONS[saved["rule"]].from_json(saved["fitted"])
        return cls(metric, several, saved["rule"], rule, saved["gain"], saved["standard_error"])

    @property
    def note(self) -> str:
        """What was decided, in a line; "" for the base decision."""
        return "" if self.name == self.metric.base_decision else f"{self.name} {self.metric.sign * self.gain:+.4f}"


def base_decision(metric: Metric, probabilities: np.ndarray, y_true: np.ndarray) -> Decision:
    """Return the metric's base decision: what is chosen before a rule is decided has to be scored by it, not as it is.

    A sure mistake that the answer will never be that sure of would decide all, else; see `Metric.base_decision`.
    """
    name = metric.base_decision
    rule = None if name == PLAIN else DECISIONS[name].fit(probabilities, y_true, metric)
    return Decision(metric, y_true.ndim == 2, name, rule)


Probabilities = Mapping[str, np.ndarray]  # "clean" and "test_like" -> (N, C)
Answers = dict[str, np.ndarray]  # "clean" and "test_like" -> (N, ...), what the metric takes


def decide_answers(
    probabilities: Probabilities, images: Images, settings: EnsembleSettings
) -> tuple[Decision, Answers]:
    """Return the decision for out-of-fold `probabilities`, and their answers: each slice's as the others decide.

    Where `task.decision` names a rule, that one is taken.
    """
    metric, asked = images.metric, images.task.settings.decision
    base = metric.base_decision if asked == AUTO else PLAIN
    names = {AUTO: metric.decisions(images.task.several), PLAIN: ()}.get(asked, (asked,))
    rules = {base: _fitted(base, probabilities, images)}
    rules |= {
        name: rule
        for name in names
        if name != base
        and (rule := _fitted(name, probabilities, images))
        and (name == asked or _is_promising(rule, rules[base], probabilities["test_like"], images, settings))
    }
    nested = {name: _nested(name, probabilities, images) for name in rules}
    everything = np.ones(len(images.y_true), bool)
    chosen = asked if asked in rules else _chosen(nested, everything, images, settings)
    answers = nested[chosen]
    if asked == AUTO and chosen != base:
        answers = _nested_choice(nested, images, settings)
    gain, noise = _gain(nested[base]["test_like"], answers["test_like"], images, settings) if chosen != base else (0, 0)
    return Decision(metric, images.task.several, chosen, rules[chosen], gain, noise), answers


def _fitted(name: str, probabilities: Probabilities, images: Images) -> DecisionRule | None:
    """Return the rule fitted on all images; None for the plain answers."""
    if name == PLAIN:
        return None
    return DECISIONS[name].fit(probabilities["test_like"], images.y_true, images.metric)


def _is_promising(
    rule: DecisionRule, base: DecisionRule | None, probabilities: np.ndarray, images: Images, settings: EnsembleSettings
) -> bool:
    """Return whether a rule is better than `base`, beyond noise, on the very images that it was fitted on.

    There it looks better than it is: one that gains nothing needs no nested CV.
    """
    before = images.plain(probabilities) if base is None else base.answers(probabilities)
    pair = {"base": {"test_like": before}, "rule": {"test_like": rule.answers(probabilities)}}
    return _chosen(pair, np.ones(len(before), bool), images, settings) == "rule"


def _nested(name: str, probabilities: Probabilities, images: Images) -> Answers:
    """Return each slice's answers by the rule fitted on the other slices."""
    if name == PLAIN:
        return {condition: images.plain(probabilities[condition]) for condition in CONDITIONS}
    answers = {condition: images.task.empty(len(images.y_true)) for condition in CONDITIONS}
    for part in np.unique(images.slices):
        here = images.slices == part
        rule = DECISIONS[name].fit(probabilities["test_like"][~here], images.y_true[~here], images.metric)
        for condition in CONDITIONS:
            answers[condition][here] = rule.answers(probabilities[condition][here])
    return answers


def _chosen(nested: Mapping[str, Answers], rows: np.ndarray, images: Images, settings: EnsembleSettings) -> str:
    """Return the name of the simplest, the first, within one standard error of the best on `rows` (N,) bool."""
    if len(nested) == 1:
        return next(iter(nested))
    tried = [answers["test_like"][rows] for answers in nested.values()]
    n_classes, groups = len(images.targets), images.groups[rows]
    compared = paired_bootstrap(tried, list(nested), images.y_true[rows], n_classes, images.metric, settings, groups)
    return simplest(compared, range(len(nested))).name


def _nested_choice(nested: Mapping[str, Answers], images: Images, settings: EnsembleSettings) -> Answers:
    """Return each slice's answers by the rule that the other slices choose."""
    answers = {condition: images.task.empty(len(images.y_true)) for condition in CONDITIONS}
    for part in np.unique(images.slices):
        here = images.slices == part
        name = _chosen(nested, ~here, images, settings)
        for condition in CONDITIONS:
            answers[condition][here] = nested[name][condition][here]
    return answers


def _gain(before: np.ndarray, after: np.ndarray, images: Images, settings: EnsembleSettings) -> tuple[float, float]:
    """Return how much better `after` scores than `before`, and the standard error of it."""
    compared = paired_bootstrap(
        [before, after], ["before", "after"], images.y_true, len(images.targets), images.metric, settings, images.groups
    )
    difference = compared[1].score - compared[0].score
    return images.metric.sign * difference, max(one.standard_error for one in compared)
