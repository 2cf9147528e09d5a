"""Votes of the members, soft and hard over folds, and with the specialist where it helps."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd

from competition.data.predictions import Predictions, concatenate
from competition.ensembling.candidates import Candidate, member_candidate, specialist_candidate
from competition.ensembling.images import Images
from competition.ensembling.member_submissions import hard_submission
from competition.ensembling.specialist_choice import SpecialistChoice, choose
from competition.ensembling.specialist_votes import SPECIALIST
from competition.ensembling.voting import unanswered
from competition.folds.predictions import out_of_fold, read_networks
from competition.leaderboard.submission import Submission
from competition.metrics.metric import Metric
from competition.settings.params import Settings

PerFold = list[dict[str, Predictions]]


@dataclass(frozen=True, eq=False)
class MemberVotes:
    """Members' submissions, and what was decided about the specialist.

    submissions: each member's soft vote, its hard vote where labels are the answer, and the specialist's; singles: the
    soft ones as candidates. choice: the specialist's weight, None without one. unanswered: test images that nobody
    could read.
    """

    submissions: list[Submission]
    singles: list[Candidate]
    choice: SpecialistChoice | None
    unanswered: list[str]


def vote_members(settings: Settings, folds: pd.DataFrame, images: Images, hard: Sequence[str]) -> MemberVotes:
    """Return all members' votes, from folds/predictions/.

    folds: ID, target, fold, also of the holdout; hard: the specialist's targets, () without one. Raises
    FileNotFoundError for a member that wasn't trained, ValueError for predictions of other images.
    """
    names = [*settings.voters, *([SPECIALIST] if hard else [])]
    predictions = {name: read_networks(name, settings.networks_of(name), folds, images.targets) for name in names}
    singles, submissions = [], []
    for name in settings.voters:
        singles.append(member_candidate(name, predictions[name], images, settings.ensemble))
        submissions.append(singles[-1].submission())
        if images.task.answers_are_labels:
            submissions.append(hard_submission(singles[-1], predictions[name], images))
    choice, base = None, settings.specialize.base_member
    if hard:
        both = predictions[base], predictions[SPECIALIST]
        choice = choose_specialist(settings, *both, hard, images.seen, images.metric)
        if choice.mode != "out":
            singles.append(specialist_candidate(base, *both, choice, images, settings.ensemble))
            submissions.append(replace(singles[-1].submission(), member=base))
    first = predictions[settings.train.members[0]][0]["test"]
    return MemberVotes(submissions, singles, choice, unanswered(images.test_ids, first))


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
        seen["group"].tolist(),
    )
