"""Base class of ensemble rules; each rule is a module of competition/ensembling/rules."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from competition.data.task import Task
from competition.ensembling.candidates import Candidate
from competition.ensembling.decision import Decision
from competition.ensembling.fitted_votes import FittedVote
from competition.ensembling.stacked_predictions import StackedPredictions
from competition.metrics.metric import Metric
from competition.settings.ensemble import EnsembleSettings


@dataclass(frozen=True, eq=False)
class RuleInputs:
    """Inputs of a rule: members' stacked predictions, and the singles (a member each, and with the specialist).

    external: name -> (rows, ...) answers to the submission's rows, made elsewhere.
    """

    stacked: StackedPredictions
    singles: Sequence[Candidate]
    settings: EnsembleSettings = EnsembleSettings()
    external: Mapping[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class SavedVotes:
    """What a rule needs to load a fitted vote: the stacked members, their temperatures (M,), and the singles' votes.

    decisions: name of a vote -> what makes answers of its probabilities, of those that don't count votes.
    """

    members: tuple[str, ...]
    temperatures: np.ndarray
    task: Task
    singles: Mapping[str, FittedVote]
    decisions: Mapping[str, Decision]


class EnsembleRule(ABC):
    """Ensemble rule: makes a candidate for final.csv, and loads what it fitted.

    level: of simplicity: 0 fits nothing but ranks and temperatures, as a single member; 1 fits weights. precedence: of
    candidates of one level that cost and score alike the lowest is chosen. takes_external: whether submissions made
    elsewhere vote in it.
    """

    level: ClassVar[int]
    precedence: ClassVar[int] = 100
    takes_external: ClassVar[bool] = False

    @classmethod
    def suits(cls, task: Task, metric: Metric) -> bool:
        """Return whether it can answer `task`: counted votes need answers that are labels."""
        return True

    @classmethod
    def is_affordable(cls, n_images: int, n_members: int, n_classes: int) -> bool:
        """Return whether fitting it takes seconds rather than minutes."""
        return True

    @classmethod
    @abstractmethod
    def candidate(cls, name: str, inputs: RuleInputs) -> Candidate:
        """The ensemble called `name`: out of fold by nested CV, on the test set by the rule fitted on all of it."""

    @classmethod
    def fit_vote(cls, name: str, inputs: RuleInputs) -> FittedVote:
        """The vote of `candidate`, fitted on all of the images."""
        return cls.candidate(name, inputs).vote

    @classmethod
    @abstractmethod
    def load(cls, saved: Mapping[str, object], votes: SavedVotes) -> FittedVote:
        """The fitted vote that `FittedVote.to_json` gave. Raises KeyError, TypeError, ValueError for anything else."""


@dataclass(frozen=True, eq=False)
class Vote:
    """What a rule makes of n images: probabilities (n, C) float64, or, where votes are counted, answers (n, ...).

    A rule that gives both knows better than any decision rule what to answer.
    """

    answers: np.ndarray | None = None
    probabilities: np.ndarray | None = None


def by_probability(probabilities: np.ndarray) -> Vote:
    """Return the vote whose answers are made of `probabilities` (n, C) by a decision rule."""
    return Vote(None, probabilities)
