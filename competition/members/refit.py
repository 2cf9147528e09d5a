"""Refit: a member trained once more on all images, for as many epochs as its folds found.

There is no image left to choose an epoch by, or to score: the schedule runs to its end, and the folds' score stands for
this network too, which has seen more.
"""

from collections.abc import Sequence
from statistics import median

from competition.common import paths
from competition.common.files import read_json
from competition.members.make import make_member
from competition.members.member import Member


def refitted(member: Member, folds: Sequence[int], seed: int) -> Member:
    """Return `member` as it is trained on all images: its epochs are the median of those that its `folds` kept.

    Raises FileNotFoundError where a fold isn't trained.
    """
    kept = [read_json(paths.scores(member.name, fold))["best_epoch"] + 1 for fold in folds]
    return make_member(member.settings.refitted(round(median(kept)), seed), member.name)
