"""Submissions of a member: its soft and its hard vote over folds."""

import numpy as np

from competition.ensembling.candidates import Candidate
from competition.ensembling.images import Images
from competition.ensembling.stacked_predictions import PerFold
from competition.ensembling.voting import hard_vote, soft_vote
from competition.leaderboard.submission import Submission


def hard_submission(single: Candidate, per_fold: PerFold, images: Images) -> Submission:
    """Return the hard vote over a member's folds, `<member>_hard`; labels have to be the answer.

    per_fold: each fold's predictions, `test` among them. Out of fold an image has one voter, so both votes answer alike
    there.
    """
    ids = soft_vote([fold["test"] for fold in per_fold]).ids.tolist()
    voters = [single.decision.answers(fold["test"].select(ids).probabilities) for fold in per_fold]
    counted = images.in_submission(ids, hard_vote(np.stack(voters), len(images.targets)))
    return Submission(f"{single.name}_hard", single.name, "hard", single.oof["clean"], single.oof["test_like"], counted)
