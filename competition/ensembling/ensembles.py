"""Ensembles as candidates: one for each rule of RULES that can be afforded."""

from collections.abc import Sequence

from competition.ensembling.candidates import Candidate
from competition.ensembling.rule import RuleInputs
from competition.ensembling.rules import RULES


def ensemble_candidates(inputs: RuleInputs) -> tuple[list[Candidate], list[str]]:
    """Return every ensemble as a candidate, simplest rule first; and the rules left out, which would take minutes."""
    images = inputs.stacked.images
    suited = {name: rule for name, rule in RULES.items() if rule.suits(images.task, images.metric)}
    size = len(images.y_true), len(inputs.stacked.members), len(images.targets)
    rules = sorted(suited.items(), key=lambda item: (item[1].level, item[1].precedence, item[0]))
    left_out = [name for name, rule in rules if not rule.is_affordable(*size)]
    return [rule.candidate(name, inputs) for name, rule in rules if name not in left_out], left_out


def with_external_votes(candidates: Sequence[Candidate]) -> list[str]:
    """Return the candidates in which submissions made elsewhere may vote."""
    return [one.name for one in candidates if one.takes_external]
