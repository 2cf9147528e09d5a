"""Base class of rules that combine members' predictions: fitted out of fold, nested CV for their score."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np

from competition.data.predictions import Predictions
from competition.ensembling.candidates import Candidate, own_probability
from competition.ensembling.fitted_votes import FittedVote, PerNetwork, Voted
from competition.ensembling.nested import best_first, fit_on_all, nested_cv, vote_in_blocks
from competition.ensembling.rule import EnsembleRule, RuleInputs, SavedVotes, Vote
from competition.ensembling.stacked_predictions import StackedPredictions, Voters
from competition.metrics.metric import Metric


class MemberRule(EnsembleRule):
    """Rule fitted on the members' out-of-fold predictions. A subclass is a frozen dataclass of arrays and numbers.

    weights: (M,) of the members, 0 for one that isn't needed.
    """

    weights: np.ndarray

    @classmethod
    @abstractmethod
    def fit(cls, voters: Voters, y_true: np.ndarray, folds: np.ndarray, metric: Metric) -> Self:
        """The rule fitted on n images: y_true (n,) class indices, folds (n,) fold numbers; metric: to choose by."""

    @abstractmethod
    def vote(self, voters: Voters) -> Vote:
        """Return answers to the images of `voters`."""

    def facts(self, members: Sequence[str]) -> dict[str, object]:
        """Return what was fitted, for people: the weights where they differ."""
        weights = {name: round(weight, 6) for name, weight in zip(members, self.weights.tolist(), strict=True)}
        return {"weights": weights} if len(set(weights.values())) > 1 else {}

    def to_json(self) -> dict[str, object]:
        """Return all fields in JSON's types, arrays as lists."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        return {name: value.tolist() if hasattr(value, "tolist") else value for name, value in values.items()}

    @classmethod
    def from_json(cls, saved: Mapping[str, object]) -> Self:
        """Return the rule whose `to_json` is `saved`."""
        return cls(**{name: np.array(value) if isinstance(value, list) else value for name, value in saved.items()})

    @classmethod
    def candidate(cls, name: str, inputs: RuleInputs) -> Candidate:
        """See `EnsembleRule.candidate`: temperatures, ranks, weights are fitted for each slice on the other slices."""
        stacked = inputs.stacked
        temperatures, rule = stacked.temperatures[0], fit_on_all(cls.fit, stacked)
        oof, probabilities = nested_cv(cls.fit, stacked)
        holdout = {
            condition: vote_in_blocks(rule.vote, raw, temperatures).answers
            for condition, raw in stacked.holdout.items()
        }
        test = stacked.in_submission(vote_in_blocks(rule.vote, stacked.test, temperatures).answers)
        parts = tuple(member for member, weight in zip(stacked.members, rule.weights, strict=True) if weight > 0)
        of_all = mean_of_all(stacked.oof["test_like"]) if probabilities is None else probabilities
        vote = MemberRuleVote(
            name, parts, rule, stacked.members, temperatures, stacked.images.targets, best_member(parts, stacked)
        )
        confidence = own_probability(of_all, oof["test_like"])
        return Candidate(
            name, parts, oof, test, holdout, probabilities, rule.facts(stacked.members), {}, cls, vote, confidence
        )

    @classmethod
    def load(cls, saved: Mapping[str, object], votes: SavedVotes) -> FittedVote:
        """See `EnsembleRule.load`."""
        name, parts = saved["name"], tuple(saved["parts"])
        rule = cls.from_json(saved["fitted"])
        if len(rule.weights) != len(votes.members):
            raise ValueError(f"{name}: {len(rule.weights)} weights of {len(votes.members)} members")
        return MemberRuleVote(name, parts, rule, votes.members, votes.temperatures, votes.targets, saved["best"])


@dataclass(frozen=True, eq=False)
class MemberRuleVote(FittedVote):
    """A rule's vote on any images. members: (M,) as it was fitted; temperatures: (M,); targets: (C,)."""

    name: str
    parts: tuple[str, ...]
    rule: MemberRule
    members: tuple[str, ...]
    temperatures: np.ndarray
    targets: tuple[str, ...]
    best: str | None

    def predict(self, probabilities: PerNetwork) -> Voted:
        raw = self._stacked(probabilities)
        vote = vote_in_blocks(self.rule.vote, raw, self.temperatures)
        of_all = mean_of_all(raw) if vote.probabilities is None else vote.probabilities
        return Voted(Predictions(probabilities[self.parts[0]][0].ids, of_all, self.targets), vote.answers)

    def to_json(self) -> dict[str, object]:
        return self.rule.to_json()

    def _stacked(self, probabilities: PerNetwork) -> np.ndarray:
        """Return (M, K, n, C) float32; a member of weight 0, which made no predictions, is even on all classes."""
        first = probabilities[self.parts[0]]
        even = np.full((len(first[0]), len(self.targets)), 1 / len(self.targets), dtype=np.float32)
        return np.stack(
            [
                [part.probabilities for part in probabilities[name]] if name in probabilities else [even] * len(first)
                for name in self.members
            ]
        )


def mean_of_all(raw: np.ndarray) -> np.ndarray:
    """Return (n, C) float64: the mean of the probabilities (M, K, n, C) of all networks of all members."""
    return raw.mean(axis=(0, 1), dtype=np.float64)


def best_member(parts: Sequence[str], stacked: StackedPredictions) -> str:
    """Return the one of `parts` that scores best, test-like out of fold."""
    answers = stacked.oof["test_like"][:, 0].argmax(axis=2)
    ranked = best_first(answers, stacked.images.y_true, len(stacked.images.targets), stacked.images.metric).tolist()
    return next(stacked.members[m] for m in ranked if stacked.members[m] in parts)
