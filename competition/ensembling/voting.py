"""Soft vote and hard vote."""

from collections.abc import Sequence

import numpy as np

from competition.data.predictions import Predictions, check_same_targets


def soft_vote(voters: Sequence[Predictions], weights: Sequence[float] | None = None) -> Predictions:
    """Return the weighted mean of the voters' probabilities; rows aligned by ID, in the first voter's order.

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
    return first.like(total / (total.sum(axis=1, keepdims=True) if first.exclusive else weights.sum()))


def in_step(members: Sequence[np.ndarray]) -> np.ndarray:
    """Return (M, K, n, C) of members' predictions, each (K of its own, n, C): K is the largest.

    In the places that a member with fewer networks leaves stands the mean of its own, so that its soft vote is the
    same.
    """
    most = max(map(len, members))
    return np.stack([[*own, *[np.mean(own, axis=0, dtype=np.float64)] * (most - len(own))] for own in members]).astype(
        members[0].dtype
    )


def hard_vote(votes: np.ndarray, n_classes: int) -> np.ndarray:
    """Return (N,) int64 class indices with the most votes; votes: (V, N) class indices, the best-ranked voter first.

    Of classes with equally many votes, the one that the best-ranked voter among theirs named wins: two voters who
    differ give the better-ranked one's answer. Of several labels an image, votes (V, N, C) of 0 and 1, each label is
    voted on by itself: (N, C) uint8. Raises ValueError for other shapes and indices.
    """
    votes = np.asarray(votes)
    if votes.ndim == 3:
        return hard_vote(votes.reshape(len(votes), -1), 2).reshape(votes.shape[1:]).astype(np.uint8)
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


def unanswered(test_ids: Sequence[str], predictions: Predictions) -> list[str]:
    """Return the submission's IDs that have no prediction, in its order."""
    known = set(predictions.ids.tolist())
    return [id_ for id_ in test_ids if id_ not in known]
