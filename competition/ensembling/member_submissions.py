"""Submissions of a member: its soft and its hard vote over folds, and the vote with the specialist."""

from collections.abc import Sequence

import numpy as np

from competition.data.predictions import CONDITIONS, Predictions, concatenate
from competition.ensembling.specialist_choice import SpecialistChoice
from competition.ensembling.specialist_votes import SPECIALIST, replace_hard
from competition.ensembling.voting import hard_vote, soft_vote
from competition.folds.predictions import out_of_fold
from competition.leaderboard.submission import Submission


def vote_member(
    member: str,
    per_fold: Sequence[dict[str, Predictions]],
    oof_ids: Sequence[str],
    test_ids: Sequence[str],
    fallback: str,
) -> list[Submission]:
    """A member's soft vote over its folds, `<member>`, and its hard vote, `<member>_hard`.

    per_fold: each fold's `clean`, `test_like` (its own validation images) and `test` (all). Out of fold an image has
    one voter, so both votes answer alike there. A test image nobody could read is answered with `fallback`.
    """
    test = soft_vote([fold["test"] for fold in per_fold])
    voters = np.stack([fold["test"].select(test.ids.tolist()).indices for fold in per_fold])
    counted = np.array(test.targets)[hard_vote(voters, len(test.targets))]
    clean, test_like = (out_of_fold(per_fold, condition, oof_ids).answers for condition in CONDITIONS)
    return [
        Submission(name, member, vote, clean, test_like, _in_order(test_ids, test.ids, answers, fallback))
        for name, vote, answers in ((member, "soft", test.answers), (f"{member}_hard", "hard", counted))
    ]


def vote_specialist(
    base: str,
    per_fold: Sequence[dict[str, Predictions]],
    specialist: Sequence[dict[str, Predictions]],
    hard: Sequence[str],
    oof_ids: Sequence[str],
    test_ids: Sequence[str],
    fallback: str,
    choice: SpecialistChoice | None = None,
    folds: np.ndarray | None = None,
) -> Submission:
    """Return the base's soft vote with the specialist's on the hard targets, `<base>_specialist`. See `vote_member`.

    choice: its weight; None: it replaces the base's. With a choice, `folds` (N,) are those of `oof_ids`:
    out of fold, each is answered as the other folds choose.
    """
    oof = {
        condition: (out_of_fold(per_fold, condition, oof_ids), concatenate([fold[condition] for fold in specialist]))
        for condition in CONDITIONS
    }
    test = (soft_vote([fold["test"] for fold in per_fold]), soft_vote([fold["test"] for fold in specialist]))
    if choice is None:
        clean, test_like, tested = (
            replace_hard(*pair, hard).answers for pair in (oof["clean"], oof["test_like"], test)
        )
    else:
        clean, test_like = (choice.oof_answers(*oof[condition], folds) for condition in CONDITIONS)
        tested = choice.answers(*test)
    return Submission(
        f"{base}_{SPECIALIST}", base, "soft", clean, test_like, _in_order(test_ids, test[0].ids, tested, fallback)
    )


def _in_order(test_ids: Sequence[str], ids: np.ndarray, answers: np.ndarray, fallback: str) -> np.ndarray:
    id2answer = dict(zip(ids.tolist(), answers.tolist(), strict=True))
    return np.array([id2answer.get(id_, fallback) for id_ in test_ids], dtype=str)
