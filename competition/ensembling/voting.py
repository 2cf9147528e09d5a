"""Soft votes, hard votes, a vote with the specialist, and how often test-time augmentation sees each view."""

from collections.abc import Sequence

import numpy as np

from competition.data.predictions import Predictions, check_same_targets, concatenate
from competition.ensembling.specialist_choice import Choice
from competition.ensembling.specialist_votes import SPECIALIST, Asks, asked_rows, replace_hard
from competition.folds.predictions import OOF_VIEWS, out_of_fold
from competition.leaderboard.submission import Submission


def soft_vote(voters: Sequence[Predictions], weights: Sequence[float] | None = None) -> Predictions:
    """The weighted mean of the voters' probabilities; rows aligned by ID, in the first voter's order.

    weights: one per voter, none below 0, not all 0; equal when None.
    Raises ValueError when voters differ in IDs or targets.
    """
    check_same_targets(voters)
    weights = np.ones(len(voters)) if weights is None else np.asarray(weights, dtype=np.float64)
    if weights.shape != (len(voters),) or not np.isfinite(weights).all() or (weights < 0).any() or not weights.any():
        raise ValueError(f"weights: expected {len(voters)}, none below 0, not all 0; found {weights.tolist()}")
    first = voters[0]
    total = np.zeros(first.probabilities.shape)
    for voter, weight in zip(voters, weights, strict=True):
        if len(voter) != len(first):
            raise ValueError(f"voters differ in their IDs: one has {len(first)} of them, another {len(voter)}")
        total += weight * voter.select(first.ids.tolist()).probabilities
    return Predictions(first.ids, total / total.sum(axis=1, keepdims=True), first.targets)


def hard_vote(votes: np.ndarray, n_classes: int) -> np.ndarray:
    """(N,) int64 class indices with the most votes; votes: (V, N) class indices, the best-ranked voter first.

    Of classes with equally many votes, the one that the best-ranked voter among theirs named wins: two voters who
    differ give the better-ranked one's answer. Raises ValueError for other shapes and indices.
    """
    votes = np.asarray(votes)
    if votes.ndim != 2 or not len(votes) or votes.dtype.kind not in "iu":
        raise ValueError(
            f"votes: expected (V, N) class indices with V >= 1, found shape {votes.shape} of {votes.dtype}"
        )
    if votes.size and (votes.min() < 0 or votes.max() >= n_classes):
        raise ValueError(f"votes: expected indices 0 to {n_classes - 1}, found {votes.min()} to {votes.max()}")
    votes = votes.astype(np.int64)
    support = np.stack([(votes == voter).sum(axis=0) for voter in votes])  # (V, N): votes for what this voter named
    winner = support.argmax(axis=0)  # the first, so the best-ranked, voter for a class with the most votes
    return votes[winner, np.arange(votes.shape[1])]


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
    clean, test_like = (out_of_fold(per_fold, view, oof_ids).answers for view in ("clean", "test_like"))
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
    choice: Choice | None = None,
    folds: np.ndarray | None = None,
) -> Submission:
    """The base's soft vote with the specialist's word on the hard targets, `<base>_specialist`. See `vote_member`.

    choice: how much its word counts; None: it replaces the base's. With a choice, `folds` (N,) are those of `oof_ids`:
    out of fold, each is answered as the other folds choose.
    """
    oof = {
        view: (out_of_fold(per_fold, view, oof_ids), concatenate([fold[view] for fold in specialist]))
        for view in OOF_VIEWS
    }
    test = (soft_vote([fold["test"] for fold in per_fold]), soft_vote([fold["test"] for fold in specialist]))
    if choice is None:
        clean, test_like, tested = (
            replace_hard(*pair, hard).answers for pair in (oof["clean"], oof["test_like"], test)
        )
    else:
        clean, test_like = (choice.oof_answers(*oof[view], folds) for view in OOF_VIEWS)
        tested = choice.answers(*test)
    return Submission(
        f"{base}_{SPECIALIST}", base, "soft", clean, test_like, _in_order(test_ids, test[0].ids, tested, fallback)
    )


def asked(
    base: Sequence[dict[str, Predictions]], fold: int, hard: Sequence[str], asks: Asks = "answer"
) -> dict[str, np.ndarray]:
    """Return, for each part of a fold's predictions, the positions of the images that the specialist is asked about.

    base: each fold's predictions; the validation images (clean, test_like) are those of `fold`; the test images and the
    holdout are answered by all folds' soft vote, since that is the answer that the specialist may change. hard:
    targets; asks: see `asked_rows`.
    """
    views = {
        name: own if name in OOF_VIEWS else soft_vote([parts[name] for parts in base])
        for name, own in base[fold].items()
    }
    return {view: asked_rows(part, hard, asks) for view, part in views.items()}


def unanswered(test_ids: Sequence[str], predictions: Predictions) -> list[str]:
    """The submission's IDs that have no prediction, in its order."""
    known = set(predictions.ids.tolist())
    return [id_ for id_ in test_ids if id_ not in known]


def _in_order(test_ids: Sequence[str], ids: np.ndarray, answers: np.ndarray, fallback: str) -> np.ndarray:
    id2answer = dict(zip(ids.tolist(), answers.tolist(), strict=True))
    return np.array([id2answer.get(id_, fallback) for id_ in test_ids], dtype=str)
