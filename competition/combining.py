"""How the predictions of several networks become one answer, and how the same vote answers out of fold.

A `Combination` is all that `predict` needs to know of a vote: whom it asks, what it makes of what they say, and its out-of-fold
predictions, which say how far it can be believed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from competition.predictions import Predictions, concatenate
from competition.specialist_choice import Choice
from competition.specialist_votes import asked_rows, replace_hard
from competition.voting import out_of_fold, soft_vote

SPECIALIST = "specialist"

Said = Mapping[str, Sequence[Predictions]]  # member (or specialist) -> what each fold's network says of the same images
PerFold = Sequence[Mapping[str, Predictions]]  # a member's predictions by view, one mapping for each fold
Asked = Callable[[Said], np.ndarray]


@dataclass(frozen=True, eq=False)
class Combination:
    """A vote that can be cast on any images.

    name: as on the leaderboard. parts: members, and `specialist` behind them, whose networks are asked. cast: what they say
    -> (n, C) predictions of these images, in the order of the first. oof: (N, C), the same vote test-like, out of fold.
    asked: what the members say -> (R,) positions of the images that the specialist is asked about; None without one.
    """

    name: str
    parts: tuple[str, ...]
    cast: Callable[[Said], Predictions]
    oof: Predictions
    asked: Asked | None = None


def combine_member(name: str, per_fold: PerFold, oof_ids: Sequence[str]) -> Combination:
    """A member's soft vote over its folds; see `voting.vote_member`."""
    return Combination(name, (name,), lambda said: soft_vote(said[name]), out_of_fold(per_fold, "test_like", oof_ids))


def combine_specialist(base: str, per_fold: PerFold, specialist: PerFold, choice: Choice, oof_ids: Sequence[str],
                       folds: np.ndarray) -> Combination:
    """The base's soft vote with the specialist's word; see `voting.vote_specialist`.

    Out of fold each image is answered with the weight that the folds (N,) other than its own chose.
    """

    def heard(of_base: Predictions, of_specialist: Predictions, weight: float) -> Predictions:
        return replace_hard(of_base, of_specialist, choice.hard, choice.asks, weight)

    plain = out_of_fold(per_fold, "test_like", oof_ids)
    words = concatenate([fold["test_like"] for fold in specialist])
    probabilities = plain.probabilities.copy()
    for fold, weight in choice.per_fold.items():
        here = np.asarray(folds) == fold
        probabilities[here] = heard(plain, words, weight).probabilities[here]
    return Combination(
        f"{base}_{SPECIALIST}", (base, SPECIALIST), lambda said: heard(soft_vote(said[base]), soft_vote(said[SPECIALIST]), choice.weight),
        Predictions(plain.ids, probabilities, plain.targets), lambda said: asked_rows(soft_vote(said[base]), choice.hard, choice.asks))
