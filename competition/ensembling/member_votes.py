"""Votes of the members, soft and hard over folds, and with the specialist where it helps."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from competition.data.predictions import Predictions, concatenate
from competition.ensembling.member_submissions import vote_member, vote_specialist
from competition.ensembling.specialist_choice import SpecialistChoice, choose
from competition.ensembling.specialist_votes import SPECIALIST
from competition.ensembling.voting import unanswered
from competition.folds.predictions import most_frequent, out_of_fold, read_fold
from competition.leaderboard.submission import Submission
from competition.metrics.metric import Metric
from competition.settings.params import Settings

PerFold = list[dict[str, Predictions]]


@dataclass(frozen=True, eq=False)
class MemberVotes:
    """Members' submissions, and what was decided about the specialist.

    submissions: each member's soft and hard vote, and the specialist's. choice: the specialist's weight, None without
    one. fallback: answers the test images `unanswered`, which nobody could read.
    """

    submissions: list[Submission]
    choice: SpecialistChoice | None
    fallback: str
    unanswered: list[str]


def vote_members(
    settings: Settings,
    folds: pd.DataFrame,
    test_ids: Sequence[str],
    targets: Sequence[str],
    hard: Sequence[str],
    metric: Metric,
) -> MemberVotes:
    """Return all members' votes, from folds/predictions/.

    folds: ID, target, fold; hard: the specialist's targets, () without one. Raises FileNotFoundError for a member that
    wasn't trained, ValueError for predictions of other images.
    """
    seen = folds[folds["fold"] >= 0].reset_index(drop=True)
    names = [*settings.train.members, *([SPECIALIST] if hard else [])]
    predictions = {name: [read_fold(name, k, folds, targets) for k in settings.split.folds] for name in names}
    fallback = most_frequent(seen["target"], targets)
    where = seen["ID"].tolist(), test_ids, fallback
    submissions = [one for name in settings.train.members for one in vote_member(name, predictions[name], *where)]
    choice, base = None, settings.specialize.base_member
    if hard:
        choice = choose_specialist(settings, predictions[base], predictions[SPECIALIST], hard, seen, metric)
        if choice.mode != "out":
            both = predictions[base], predictions[SPECIALIST]
            submissions.append(vote_specialist(base, *both, hard, *where, choice, seen["fold"].to_numpy()))
    first = predictions[settings.train.members[0]][0]["test"]
    return MemberVotes(submissions, choice, fallback, unanswered(test_ids, first))


def choose_specialist(
    settings: Settings, base: PerFold, specialist: PerFold, hard: Sequence[str], seen: pd.DataFrame, metric: Metric
) -> SpecialistChoice:
    """Return the specialist's weight that `specialize.mode` and the test-like out-of-fold predictions choose."""
    return choose(
        out_of_fold(base, "test_like", seen["ID"].tolist()),
        concatenate([fold["test_like"] for fold in specialist]),
        seen["target"].tolist(),
        seen["fold"].to_numpy(),
        hard,
        metric,
        settings.specialize.asks,
        settings.specialize.mode,
        settings.ensemble,
    )
