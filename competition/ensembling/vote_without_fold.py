"""A vote fitted once more by the labels of some folds alone: what a network may learn that another fold scores.

Which vote it is, and of which members, is what was chosen by all labels, as the settings were; its weights, its
temperatures and the specialist's weight know none of the fold that is left out.
"""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from competition.ensembling.candidates import Candidate
from competition.ensembling.fitted_votes import FittedVote
from competition.ensembling.images import Images
from competition.ensembling.members import read_members
from competition.ensembling.rule import RuleInputs
from competition.ensembling.rules import RULES
from competition.ensembling.skill import with_skill
from competition.ensembling.specialist_choice import SpecialistChoice
from competition.settings.params import Settings


def fit_candidate(
    name: str, settings: Settings, folds: pd.DataFrame, images: Images, choice: SpecialistChoice | None
) -> tuple[Candidate, Sequence[Candidate]]:
    """Return the candidate `name`, fitted on `images` as the stage `ensemble` does; and all singles.

    folds, choice: see `read_members`. Raises ValueError for a name that no candidate has.
    """
    inputs = _inputs(settings, folds, images, choice)
    single = _single(name, inputs.singles)
    return single or RULES[name].candidate(name, _able(inputs)), inputs.singles


def vote_without(
    fold: int, name: str, settings: Settings, folds: pd.DataFrame, images: Images, choice: SpecialistChoice | None
) -> FittedVote:
    """Return the vote `name`, fitted on the images of all folds but `fold`; see `fit_candidate`."""
    others = replace(images, seen=images.seen[images.folds != fold].reset_index(drop=True))
    if choice is not None:
        choice = replace(choice, weight=choice.per_fold[fold])
    inputs = _inputs(settings, folds, others, choice)
    single = _single(name, inputs.singles)
    return single.vote if single else RULES[name].fit_vote(name, _able(inputs))


def _inputs(settings: Settings, folds: pd.DataFrame, images: Images, choice: SpecialistChoice | None) -> RuleInputs:
    return RuleInputs(*read_members(settings.voters, choice, settings, folds, images), settings.ensemble)


def _single(name: str, singles: Sequence[Candidate]) -> Candidate | None:
    return next((one for one in singles if one.name == name), None)


def _able(inputs: RuleInputs) -> RuleInputs:
    stacked, singles, _ = with_skill(inputs.stacked, inputs.singles)
    return replace(inputs, stacked=stacked, singles=singles)
