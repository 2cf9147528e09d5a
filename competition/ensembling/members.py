"""Members' predictions from folds/predictions/: stacked for the ensembles, and each member's own vote."""

from collections.abc import Sequence

import pandas as pd

from competition.ensembling.candidates import Candidate, member_candidate, specialist_candidate
from competition.ensembling.images import Images
from competition.ensembling.specialist_choice import SpecialistChoice
from competition.ensembling.specialist_votes import SPECIALIST
from competition.ensembling.stacked_predictions import StackedPredictions, stack_predictions
from competition.folds.predictions import read_networks
from competition.settings.params import Settings


def read_members(
    names: Sequence[str], choice: SpecialistChoice | None, settings: Settings, folds: pd.DataFrame, images: Images
) -> tuple[StackedPredictions, list[Candidate]]:
    """Return the predictions of members `names`; and the singles: these members and, with a `choice`, the specialist.

    folds: ID, target, fold, also of the holdout; with a choice, specialize.base is one of `names`. Raises
    FileNotFoundError for a member that wasn't trained, ValueError for predictions of other images.
    """

    def read(name: str) -> list[dict]:
        return read_networks(name, settings.networks_of(name), folds, images.targets)

    per_member = {name: read(name) for name in names}
    stacked = stack_predictions(per_member, images)
    singles = [member_candidate(name, per_member[name], images, settings.ensemble) for name in stacked.members]
    if choice is not None:
        base = settings.specialize.base_member
        voters = per_member[base], read(SPECIALIST)
        singles.append(specialist_candidate(base, *voters, choice, images, settings.ensemble))
    return stacked, singles
