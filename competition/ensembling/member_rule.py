"""Base class of rules that combine members' predictions: fitted out of fold, nested CV for their score."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from competition.data.task import Task
from competition.ensembling.candidates import Candidate
from competition.ensembling.decision import Decision, decide_answers
from competition.ensembling.fitted_votes import FittedVote, PerNetwork, Voted, confidence_of
from competition.ensembling.nested import best_first, fit_on_all, nested_cv, vote_in_blocks
from competition.ensembling.rule import EnsembleRule, RuleInputs, SavedVotes, Vote
from competition.ensembling.saved import Saved
from competition.ensembling.stacked_predictions import StackedPredictions, Voters
from competition.ensembling.voting import in_step
from competition.metrics.metric import Metric


class MemberRule(Saved, EnsembleRule):
    """Rule fitted on the members' out-of-fold predictions. A subclass is a frozen dataclass of arrays and numbers.

    weights: (M,) of the members, 0 for one that isn't needed.
    """

    weights: np.ndarray

    @classmethod
    @abstractmethod
    def fit(cls, voters: Voters, y_true: np.ndarray, folds: np.ndarray, metric: Metric) -> Self:
        """The rule fitted on n images: y_true (n, ...) labels, folds (n,) fold numbers; metric: to choose by."""

    @abstractmethod
    def vote(self, voters: Voters) -> Vote:
        """Return probabilities, or counted answers, of the images of `voters`."""

    def facts(self, members: Sequence[str]) -> dict[str, object]:
        """Return what was fitted, for people: the weights where they differ."""
        weights = {name: round(weight, 6) for name, weight in zip(members, self.weights.tolist(), strict=True)}
        return {"weights": weights} if len(set(weights.values())) > 1 else {}

    @classmethod
    def candidate(cls, name: str, inputs: RuleInputs) -> Candidate:
        """See `EnsembleRule.candidate`: temperatures, ranks, weights are fitted for each slice on the other slices."""
        stacked, images = inputs.stacked, inputs.stacked.images
        rule = fit_on_all(cls.fit, stacked)
        oof, probabilities = nested_cv(cls.fit, stacked)
        decision = None
        if oof is None:
            decision, oof = decide_answers(probabilities, images, inputs.settings)

        def answers(raw: np.ndarray) -> np.ndarray:
            return answers_of(vote_in_blocks(rule.vote, stacked.voters(raw)), decision)

        parts = tuple(member for member, weight in zip(stacked.members, rule.weights, strict=True) if weight > 0)
        test_like = None if probabilities is None else probabilities["test_like"]
        of_all = mean_of_all(stacked.oof["test_like"]) if test_like is None else test_like
        return Candidate(
            name,
            parts,
            oof,
            stacked.in_submission(answers(stacked.test)),
            {condition: answers(raw) for condition, raw in stacked.holdout.items()},
            test_like,
            decision,
            rule.facts(stacked.members),
            rule=cls,
            vote=MemberRuleVote(
                name,
                parts,
                rule,
                stacked.members,
                stacked.temperatures[0],
                images.task,
                best_member(parts, stacked),
                decision,
            ),
            confidence=confidence_of(of_all, images.task.labels_of(oof["test_like"])),
            mean=of_all,
        )

    @classmethod
    def load(cls, saved: Mapping[str, object], votes: SavedVotes) -> FittedVote:
        """See `EnsembleRule.load`."""
        name, parts = saved["name"], tuple(saved["parts"])
        rule = cls.from_json(saved["fitted"])
        if len(rule.weights) != len(votes.members):
            raise ValueError(f"{name}: {len(rule.weights)} weights of {len(votes.members)} members")
        decision = votes.decisions.get(name)
        return MemberRuleVote(name, parts, rule, votes.members, votes.temperatures, votes.task, saved["best"], decision)


@dataclass(frozen=True, eq=False)
class MemberRuleVote(FittedVote):
    """A rule's vote on any images. members: (M,) as it was fitted; temperatures: (M,)."""

    name: str
    parts: tuple[str, ...]
    rule: MemberRule
    members: tuple[str, ...]
    temperatures: np.ndarray
    task: Task
    best: str | None
    decision: Decision | None

    def predict(self, probabilities: PerNetwork) -> Voted:
        raw = self._stacked(probabilities)
        vote = vote_in_blocks(self.rule.vote, Voters(raw, self.temperatures, self.task.several))
        of_all = mean_of_all(raw) if vote.probabilities is None else vote.probabilities
        return Voted(probabilities[self.parts[0]][0].like(of_all), answers_of(vote, self.decision))

    def to_json(self) -> dict[str, object]:
        return self.rule.to_json()

    def _stacked(self, probabilities: PerNetwork) -> np.ndarray:
        """Return (M, K, n, C) float32; a member of weight 0, which made no predictions, is even on all classes."""
        first, n_classes = probabilities[self.parts[0]], self.task.n_classes
        even = np.full((1, len(first[0]), n_classes), 0.5 if self.task.several else 1 / n_classes, dtype=np.float32)
        return in_step(
            [
                np.stack([part.probabilities for part in probabilities[name]]) if name in probabilities else even
                for name in self.members
            ]
        )


def answers_of(vote: Vote, decision: Decision | None) -> np.ndarray:
    """Return the answers (n, ...) of a vote: those that were counted, or `decision`'s about its probabilities."""
    return decision.answers(vote.probabilities) if vote.answers is None else vote.answers


def mean_of_all(raw: np.ndarray) -> np.ndarray:
    """Return (n, C) float64: the mean of the probabilities (M, K, n, C) of all networks of all members."""
    return raw.mean(axis=(0, 1), dtype=np.float64)


def best_member(parts: Sequence[str], stacked: StackedPredictions) -> str:
    """Return the one of `parts` that scores best, test-like out of fold."""
    images = stacked.images
    answers = stacked.voters(stacked.oof["test_like"]).answers(images.metric)
    ranked = best_first(answers, images.y_true, len(images.targets), images.metric).tolist()
    return next(stacked.members[m] for m in ranked if stacked.members[m] in parts)
