"""Every candidate of `ensemble` as a vote on any images: by the very rules that were cast on the test set.

A `Combination` is all that `predict` needs to know of a vote: whom it asks, what it makes of what they say, and what it
answered out of fold, which says how far it can be believed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from competition.data.predictions import Predictions
from competition.ensembling.candidates import Candidate
from competition.ensembling.hard_top import HARD_TOP, cast_hard_top, chosen_without
from competition.ensembling.nested import WAYS, cast_nested, fit_on_all, parts_of, vote_in_blocks
from competition.ensembling.rules import best_first
from competition.ensembling.specialist_choice import Choice
from competition.ensembling.specialist_votes import SPECIALIST, asked_rows, replace_hard
from competition.ensembling.stacked_predictions import Panel
from competition.ensembling.voting import hard_vote, soft_vote

Said = Mapping[str, Sequence[Predictions]]  # member (or specialist) -> what each fold's network says of the same images
Asked = Callable[[Said], np.ndarray]


@dataclass(frozen=True, eq=False)
class Voted:
    """A vote's answers to n images, `indices` (n,), and the probabilities of all classes, `predictions`.

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


@dataclass(frozen=True, eq=False)
class Combination:
    """A vote that can be cast on any images.

    name: as in submissions/ensembles.csv. parts: members, and `specialist` behind its base, whose networks are asked.
    cast: what they say -> the answers to these images, in the order of the first. oof: (N,) the same vote test-like,
    out of fold, nested. asked: what the members say -> (R,) positions of the images that the specialist is asked about;
    None without one. best: of an ensemble, the single voter that scores best, test-like out of fold.
    """

    name: str
    parts: tuple[str, ...]
    cast: Callable[[Said], Voted]
    oof: Voted
    asked: Asked | None = None
    best: "Combination | None" = None


def combine_single(candidate: Candidate, panel: Panel, choice: Choice | None) -> Combination:
    """A member's soft vote over its folds, or the specialist's word in it; see `member_candidate`,
    `specialist_candidate`.
    """
    oof = Voted(_of_panel(candidate.probabilities, panel), candidate.oof["test_like"])
    base = candidate.parts[0]
    if len(candidate.parts) == 1:
        return Combination(candidate.name, candidate.parts, lambda said: Voted.likeliest(soft_vote(said[base])), oof)

    def heard(said: Said) -> Voted:
        both = soft_vote(said[base]), soft_vote(said[SPECIALIST])
        return Voted.likeliest(replace_hard(*both, choice.hard, choice.asks, choice.weight))

    def asked(said: Said) -> np.ndarray:
        return asked_rows(soft_vote(said[base]), choice.hard, choice.asks)

    return Combination(candidate.name, candidate.parts, heard, oof, asked)


def combine_ensemble(
    way: str, panel: Panel, singles: Sequence[Candidate], choice: Choice | None, top: int
) -> Combination:
    """The ensemble `way`, one of ENSEMBLES; `singles`: all that hard_top may choose its `top` voters among."""
    combined = {single.name: combine_single(single, panel, choice) for single in singles}
    return combine_top(panel, singles, combined, top) if way == HARD_TOP else combine_rule(way, panel, combined)


def combine_rule(way: str, panel: Panel, singles: Mapping[str, Combination]) -> Combination:
    """An ensemble of WAYS; singles: every member's vote by its name."""
    rule, temperatures = fit_on_all(WAYS[way], panel), panel.temperatures[0]
    parts, images, clear = parts_of(rule, panel), panel.images, panel.oof["test_like"]
    answers, probabilities = cast_nested(WAYS[way], panel)
    oof = Voted(_of_panel(_mean(clear) if probabilities is None else probabilities, panel), answers["test_like"])

    def cast(said: Said) -> Voted:
        raw = _raw(said, panel.members, len(images.targets))
        vote = vote_in_blocks(rule, raw, temperatures)
        of_all = _mean(raw) if vote.probabilities is None else vote.probabilities
        return Voted(Predictions(said[parts[0]][0].ids, of_all, images.targets), vote.answers)

    ranked = best_first(clear[:, 0].argmax(axis=2), images.true, len(images.targets)).tolist()
    best = next(panel.members[m] for m in ranked if panel.members[m] in parts)
    return Combination(way, parts, cast, oof, best=singles[best])


def combine_top(
    panel: Panel, candidates: Sequence[Candidate], singles: Mapping[str, Combination], top: int
) -> Combination:
    """The hard vote of the `top` best of `candidates`, whose votes are `singles`; see `cast_hard_top`."""
    asked_of = (candidates, panel.images.true, panel.images.folds, len(panel.images.targets), top)
    candidate = cast_hard_top(*asked_of)
    voters = [singles[name] for name in candidate.fitted["votes"]]
    probabilities = np.empty((len(panel.images.true), len(panel.images.targets)))
    for fold, chosen in chosen_without(*asked_of).items():
        here = panel.images.folds == fold
        probabilities[here] = np.mean(
            [candidates[index].probabilities[here] for index in chosen], axis=0, dtype=np.float64
        )

    def cast(said: Said) -> Voted:
        votes = [voter.cast(said) for voter in voters]
        return Voted(
            soft_vote([vote.predictions for vote in votes]),
            hard_vote(np.stack([vote.indices for vote in votes]), asked_of[3]),
        )

    asked = next((voter.asked for voter in voters if voter.asked), None)
    oof = Voted(_of_panel(probabilities, panel), candidate.oof["test_like"])
    return Combination(HARD_TOP, candidate.parts, cast, oof, asked, voters[0])


def _of_panel(probabilities: np.ndarray, panel: Panel) -> Predictions:
    return Predictions(panel.images.seen["ID"].to_numpy(), probabilities, panel.images.targets)


def _raw(said: Said, members: Sequence[str], classes: int) -> np.ndarray:
    """(M, K, n, C) float32, as a Panel's test; a member that wasn't asked, since its weight is 0, says nothing of any
    class.
    """
    networks, images = next((len(found), len(found[0])) for found in said.values())
    silent = [np.full((images, classes), 1 / classes, dtype=np.float32)] * networks
    return np.stack([[part.probabilities for part in said[name]] if name in said else silent for name in members])


def _mean(raw: np.ndarray) -> np.ndarray:
    """(n, C) float64: the mean of what all networks of all members (M, K, n, C) say."""
    return raw.mean(axis=(0, 1), dtype=np.float64)
