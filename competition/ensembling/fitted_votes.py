"""Fitted votes: a member's, a member's with the specialist, an ensemble's; each answers any images."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from competition.data.label_sets import likeliest_labels
from competition.data.predictions import Predictions
from competition.ensembling.decision import Decision
from competition.ensembling.specialist_votes import SPECIALIST, Asks, asked_rows, replace_hard
from competition.ensembling.voting import soft_vote

# member (or specialist) -> each fold's predictions of the same images
PerNetwork = Mapping[str, Sequence[Predictions]]


@dataclass(frozen=True, eq=False)
class Voted:
    """Answers to n images, (n, ...), as the metric takes them, and the probabilities of all classes, `predictions`.

    Where votes are counted, the probabilities are the voters' mean; the answer, which most of them gave, need not be
    the likeliest then.
    """

    predictions: Predictions
    answers: np.ndarray

    def __len__(self) -> int:
        return len(self.answers)

    @property
    def labels(self) -> np.ndarray:
        """(n,) class indices, or (n, C) of 0 and 1: what the answers amount to."""
        if self.answers.dtype.kind in "iu":
            return self.answers
        return likeliest_labels(self.answers, not self.predictions.exclusive)

    @property
    def confidence(self) -> np.ndarray:
        """(n,) float32: see `confidence_of`."""
        return confidence_of(self.predictions.probabilities, self.labels)


class FittedVote(ABC):
    """Vote that answers any images, from its networks' predictions of them.

    name: as in submissions/ensembles.csv. parts: members, and `specialist` behind its base, whose networks predict.
    best: of an ensemble, the single voter that scores best, test-like out of fold; None of a single. decision: makes
    answers of probabilities; None where votes are counted.
    """

    name: str
    parts: tuple[str, ...]
    best: str | None = None
    decision: Decision | None = None

    @abstractmethod
    def predict(self, probabilities: PerNetwork) -> Voted:
        """Return answers to these images, in the order of the first part's predictions."""

    def asked(self, probabilities: PerNetwork) -> np.ndarray | None:
        """Return (R,) positions of the images that the specialist is asked about; None without a specialist."""
        return None

    def to_json(self) -> dict[str, object]:
        """Return what was fitted, in JSON's types."""
        return {}


def confidence_of(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return (n,) float32: the probabilities (n, C) of the `labels` (n,); of several (n, C), the least sure one's."""
    if labels.ndim == 1:
        return np.asarray(probabilities, dtype=np.float32)[np.arange(len(labels)), labels]
    return np.where(labels == 1, probabilities, 1 - probabilities).min(axis=1).astype(np.float32)


@dataclass(frozen=True, eq=False)
class MemberVote(FittedVote):
    """A member's soft vote over its folds."""

    name: str
    decision: Decision | None = None

    @property
    def parts(self) -> tuple[str, ...]:
        return (self.name,)

    def predict(self, probabilities: PerNetwork) -> Voted:
        soft = soft_vote(probabilities[self.name])
        return Voted(soft, self.decision.answers(soft.probabilities))


@dataclass(frozen=True, eq=False)
class SpecialistVote(FittedVote):
    """The base's soft vote, in which the specialist shares out the hard classes. See `replace_hard`."""

    base: str
    hard: tuple[str, ...]
    asks: Asks
    weight: float
    decision: Decision | None = None

    @property
    def name(self) -> str:
        return f"{self.base}_{SPECIALIST}"

    @property
    def parts(self) -> tuple[str, ...]:
        return self.base, SPECIALIST

    def predict(self, probabilities: PerNetwork) -> Voted:
        both = soft_vote(probabilities[self.base]), soft_vote(probabilities[SPECIALIST])
        blended = replace_hard(*both, self.hard, self.asks, self.weight)
        return Voted(blended, self.decision.answers(blended.probabilities))

    def asked(self, probabilities: PerNetwork) -> np.ndarray:
        return asked_rows(soft_vote(probabilities[self.base]), self.hard, self.asks)

    def to_json(self) -> dict[str, object]:
        return {"base": self.base, "hard": list(self.hard), "asks": self.asks, "weight": self.weight}

    @classmethod
    def from_json(cls, saved: Mapping[str, object], decision: Decision) -> "SpecialistVote":
        """Return the vote whose `to_json` is `saved`."""
        return cls(saved["base"], tuple(saved["hard"]), saved["asks"], saved["weight"], decision)
