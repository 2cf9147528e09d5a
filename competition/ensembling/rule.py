"""Base class of ensemble rules; each rule is a module of competition/ensembling/rules."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from competition.ensembling.candidates import Candidate
from competition.ensembling.fitted_votes import FittedVote
from competition.ensembling.stacked_predictions import StackedPredictions


@dataclass(frozen=True, eq=False)
class RuleInputs:
    """Inputs of a rule: members' stacked predictions, and the singles (a member each, and with the specialist).

    top: `ensemble.top`; external: name -> (rows,) class indices for the submission's rows, made elsewhere.
    """

    stacked: StackedPredictions
    singles: Sequence[Candidate]
    top: int = 3
    external: Mapping[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class SavedVotes:
    """What a rule needs to load a fitted vote: the stacked members, their temperatures (M,), and the singles' votes."""

    members: tuple[str, ...]
    temperatures: np.ndarray
    targets: tuple[str, ...]
    singles: Mapping[str, FittedVote]


class EnsembleRule(ABC):
    """Ensemble rule: makes a candidate for final.csv, and loads what it fitted.

    level: of simplicity: 0 a single member, 1 fits nothing but ranks and temperatures, 2 fits weights. precedence: of
    candidates of one level that cost and score alike the lowest is chosen. takes_external: whether submissions made
    elsewhere vote in it.
    """

    level: ClassVar[int]
    precedence: ClassVar[int] = 100
    takes_external: ClassVar[bool] = False

    @classmethod
    def is_affordable(cls, n_images: int, n_members: int, n_classes: int) -> bool:
        """Return whether fitting it takes seconds rather than minutes."""
        return True

    @classmethod
    @abstractmethod
    def candidate(cls, name: str, inputs: RuleInputs) -> Candidate:
        """The ensemble called `name`: out of fold by nested CV, on the test set by the rule fitted on all of it."""

    @classmethod
    @abstractmethod
    def load(cls, saved: Mapping[str, object], votes: SavedVotes) -> FittedVote:
        """The fitted vote that `FittedVote.to_json` gave. Raises KeyError, TypeError, ValueError for anything else."""


@dataclass(frozen=True, eq=False)
class Vote:
    """Answers (n,), class indices, and their probabilities (n, C) float64: None where votes are counted."""

    answers: np.ndarray
    probabilities: np.ndarray | None = None


def by_probability(probabilities: np.ndarray) -> Vote:
    """Return the vote for the most probable class, of equals the first; probabilities: (n, C)."""
    return Vote(probabilities.argmax(axis=1), probabilities)
