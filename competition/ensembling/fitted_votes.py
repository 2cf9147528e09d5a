"""Fitted votes: a member's, a member's with the specialist, an ensemble's; each answers any images."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from competition.data.predictions import Predictions
from competition.ensembling.specialist_votes import SPECIALIST, Asks, asked_rows, replace_hard
from competition.ensembling.voting import soft_vote

# member (or specialist) -> each fold's predictions of the same images
PerNetwork = Mapping[str, Sequence[Predictions]]


@dataclass(frozen=True, eq=False)
class Voted:
    """Answers to n images, `indices` (n,), and the probabilities of all classes, `predictions`.

    Where votes are counted, the probabilities are the voters' mean; the answer, which most of them gave, need not be
    the likeliest then.
    """

    predictions: Predictions
    indices: np.ndarray

    @classmethod
    def likeliest(cls, predictions: Predictions) -> "Voted":
        """The likeliest class is the answer, the first of equals."""
        return cls(predictions, predictions.indices)

    def __len__(self) -> int:
        return len(self.indices)

    @property
    def answers(self) -> np.ndarray:
        """(n,) str: targets."""
        return np.array(self.predictions.targets, dtype=str)[self.indices]

    @property
    def confidence(self) -> np.ndarray:
        """(n,) float32: the answers' probabilities."""
        return self.predictions.probabilities[np.arange(len(self)), self.indices]


class FittedVote(ABC):
    """Vote that answers any images, from its networks' predictions of them.

    name: as in submissions/ensembles.csv. parts: members, and `specialist` behind its base, whose networks predict.
    best: of an ensemble, the single voter that scores best, test-like out of fold; None of a single.
    """

    name: str
    parts: tuple[str, ...]
    best: str | None = None

    @abstractmethod
    def predict(self, probabilities: PerNetwork) -> Voted:
        """Return answers to these images, in the order of the first part's predictions."""

    def asked(self, probabilities: PerNetwork) -> np.ndarray | None:
        """Return (R,) positions of the images that the specialist is asked about; None without a specialist."""
        return None

    def to_json(self) -> dict[str, object]:
        """Return what was fitted, in JSON's types."""
        return {}


@dataclass(frozen=True, eq=False)
class MemberVote(FittedVote):
    """A member's soft vote over its folds."""

    name: str

    @property
    def parts(self) -> tuple[str, ...]:
        return (self.name,)

    def predict(self, probabilities: PerNetwork) -> Voted:
        return Voted.likeliest(soft_vote(probabilities[self.name]))


@dataclass(frozen=True, eq=False)
class SpecialistVote(FittedVote):
    """The base's soft vote, in which the specialist shares out the hard classes. See `replace_hard`."""

    base: str
    hard: tuple[str, ...]
    asks: Asks
    weight: float

    @property
    def name(self) -> str:
        return f"{self.base}_{SPECIALIST}"

    @property
    def parts(self) -> tuple[str, ...]:
        return self.base, SPECIALIST

    def predict(self, probabilities: PerNetwork) -> Voted:
        both = soft_vote(probabilities[self.base]), soft_vote(probabilities[SPECIALIST])
        return Voted.likeliest(replace_hard(*both, self.hard, self.asks, self.weight))

    def asked(self, probabilities: PerNetwork) -> np.ndarray:
        return asked_rows(soft_vote(probabilities[self.base]), self.hard, self.asks)

    def to_json(self) -> dict[str, object]:
        return {"base": self.base, "hard": list(self.hard), "asks": self.asks, "weight": self.weight}

    @classmethod
    def from_json(cls, saved: Mapping[str, object]) -> "SpecialistVote":
        """Return the vote whose `to_json` is `saved`."""
        return cls(saved["base"], tuple(saved["hard"]), saved["asks"], saved["weight"])
