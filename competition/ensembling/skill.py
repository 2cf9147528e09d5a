"""Which members vote in ensembles: those that are clearly better than chance.

Guards, such as grey pixels alone, are there to be seen on the leaderboard: in a vote they are noise, and an equal vote
gives them as much weight as a network.
"""

from collections.abc import Collection, Sequence

import numpy as np

from competition.ensembling.candidates import Candidate
from competition.ensembling.specialist_votes import SPECIALIST
from competition.ensembling.stacked_predictions import StackedPredictions

LEAST = 0.5  # of the way from chance to the best member's score, that a voter has made


def with_skill(
    stacked: StackedPredictions, singles: Sequence[Candidate]
) -> tuple[StackedPredictions, list[Candidate], list[str]]:
    """Return the members and the singles that vote, and the names of the members that don't, by test-like scores.

    All of them vote where the best is no better than chance.
    """
    images, metric = stacked.images, stacked.images.metric
    chance = metric.chance(len(images.targets), images.task.several)
    scores = np.array([images.score(answers) for answers in stacked.voters(stacked.oof["test_like"]).answers(metric)])
    skill = metric.sign * (scores - chance)
    able = _clear(skill)
    members = {*np.array(stacked.members)[able].tolist(), SPECIALIST}
    left_out = [name for name in stacked.members if name not in members]
    return stacked.only(able), [one for one in singles if members.issuperset(one.parts)], left_out


def able_members(stacked: StackedPredictions, but: Collection[str] = ()) -> list[int]:
    """Return the places of the members, other than `but`, whose test-like accuracy is clearly better than chance; all
    but these where none is. Of one label an image.
    """
    images = stacked.images
    found = [place for place, name in enumerate(stacked.members) if name not in but]
    skill = (stacked.oof["test_like"][found, 0].argmax(axis=2) == images.y_true).mean(axis=1) - 1 / len(images.targets)
    return np.array(found, int)[_clear(skill)].tolist()


def _clear(skill: np.ndarray) -> np.ndarray:
    """Return (M,) whether each score above chance is clearly so; True for all where none is above."""
    return (skill >= LEAST * skill.max()) | (skill.max() <= 0)
