"""What a candidate's networks say: each fold's alone, out of fold and of the test images, and all of them together.

Out of fold an image is answered by one network of each member, on the test set by all. So a fold's networks alone are
what the out-of-fold score is of, and what they say of the test images can be held against what they say out of fold.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from competition.data.predictions import SEVERE, Predictions
from competition.ensembling.candidates import Candidate
from competition.ensembling.fitted_votes import FittedVote, MemberVote, SpecialistVote, Voted
from competition.ensembling.specialist_votes import SPECIALIST
from competition.ensembling.stacked_predictions import StackedPredictions
from competition.ensembling.voting import soft_vote
from competition.metrics.metric import Metric


@dataclass(frozen=True, eq=False)
class NetworkVotes:
    """A vote's answers by the networks of one fold each: out of fold, and of the test images; and by all networks.

    out_of_fold: of the N out-of-fold images, test-like, each by its fold's networks; clean, severe: of the same images
    as they are, and damaged once more. alone: (K,) of the T test images, by fold.
    """

    out_of_fold: Voted
    clean: Voted
    severe: Voted
    alone: tuple[Voted, ...]
    together: Voted


def votes_of_networks(
    chosen: Candidate, stacked: StackedPredictions, n_folds: int, learnt_from: Mapping[str, str]
) -> NetworkVotes:
    """Return what the networks of `chosen` say. n_folds: K, the first of the networks of every member.

    learnt_from: member that was adapted to the test images -> the member that it was before, which is asked instead. So
    is the base in the place of a specialist, which answers few images.
    """
    images = stacked.images
    vote = _without_specialist(chosen.vote, images.metric)
    asked = {part: stacked.members.index(learnt_from.get(part, part)) for part in vote.parts}
    test_ids = [images.test_ids[row] for row in stacked.test_rows]

    def voted(raw: np.ndarray, ids: Sequence[str], networks: slice) -> Voted:
        made = {
            part: [Predictions(ids, one, images.targets, not images.task.several) for one in raw[member, networks]]
            for part, member in asked.items()
        }
        return vote.predict(made)

    ids = images.seen["ID"].tolist()
    if vote is chosen.vote and chosen.probabilities is not None and not adapted(chosen, learnt_from):
        # what was fitted knows these images: nested is what it says of others
        found = Predictions(ids, chosen.probabilities, images.targets, not images.task.several)
        out_of_fold = Voted(found, chosen.oof["test_like"])
    else:
        out_of_fold = voted(stacked.oof["test_like"], ids, slice(None))
    return NetworkVotes(
        out_of_fold,
        *(voted(stacked.oof[view], ids, slice(None)) for view in ("clean", SEVERE)),
        tuple(voted(stacked.test, test_ids, slice(number, number + 1)) for number in range(n_folds)),
        voted(stacked.test, test_ids, slice(None)),
    )


def adapted(candidate: Candidate, learnt_from: Mapping[str, str]) -> bool:
    """Return whether a network that was adapted votes in it. learnt_from: see `votes_of_networks`."""
    return not learnt_from.keys().isdisjoint(candidate.parts)


@dataclass(frozen=True, eq=False)
class _Even(FittedVote):
    """The mean of the members' soft votes."""

    parts: tuple[str, ...]
    metric: Metric

    def predict(self, probabilities: Mapping[str, Sequence[Predictions]]) -> Voted:
        mean = soft_vote([soft_vote(probabilities[part]) for part in self.parts])
        return Voted(mean, self.metric.plain(mean.probabilities, not mean.exclusive))


def _without_specialist(vote: FittedVote, metric: Metric) -> FittedVote:
    """Return `vote`; of one that asks the specialist, what comes nearest to it among votes that don't."""
    if SPECIALIST not in vote.parts:
        return vote
    if isinstance(vote, SpecialistVote):
        return MemberVote(vote.base, vote.decision)
    return _Even(tuple(part for part in vote.parts if part != SPECIALIST), metric)
