"""Specialist on the hard classes: which images it is asked about, and the base's predictions blended with its own."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from competition.data.predictions import OUT_OF_FOLD, Predictions
from competition.ensembling.voting import soft_vote

SPECIALIST = "specialist"  # what its folders are called, and what `<base>_specialist` ends in

Asks = Literal["answer", "top2"]


def asked_rows(predictions: Predictions, hard: Sequence[str], asks: Asks = "answer") -> np.ndarray:
    """Return (R,) positions, ascending, of the images that a specialist for the targets `hard` is asked about.

    answer: whose most probable target is hard; top2: of whose two most probable targets one is, and isn't impossible.
    Of equally probable targets the first counts.
    """
    columns = [predictions.targets.index(target) for target in hard]
    likeliest = np.argsort(-predictions.probabilities, axis=1, kind="stable")[:, : 1 if asks == "answer" else 2]
    possible = np.take_along_axis(predictions.probabilities, likeliest, axis=1) > 0
    return np.flatnonzero((np.isin(likeliest, columns) & possible).any(axis=1))


def asked(
    base: Sequence[dict[str, Predictions]], fold: int, hard: Sequence[str], asks: Asks = "answer"
) -> dict[str, np.ndarray]:
    """Return, for each part of a fold's predictions, the positions of the images that the specialist is asked about.

    base: each network's predictions, the folds' first; the validation images (clean, test_like, severe) are those of
    `fold`; the test images and the holdout are answered by all networks' soft vote, since that is the answer that the
    specialist may change. hard: targets; asks: see `asked_rows`.
    """
    parts = {
        name: own if name in OUT_OF_FOLD else soft_vote([predictions[name] for predictions in base])
        for name, own in base[fold].items()
    }
    return {name: asked_rows(part, hard, asks) for name, part in parts.items()}


def replace_hard(
    base: Predictions, specialist: Predictions, hard: Sequence[str], asks: Asks = "answer", weight: float = 1.0
) -> Predictions:
    """`base`, with the specialist's shares of the hard classes in each row of `asked_rows`; other rows untouched.

    In such a row the hard targets' total stays the base's. It is shared out among them as the specialist does, or, at a
    `weight` below 1, as a mean of the specialist's (weight) and the base's shares (1 - weight). Where the base's answer
    is hard and an easy target would then come out on top, the easy ones are shrunk until it doesn't: the answer stays
    hard. Where the base's answer is easy (top2), the answer becomes a hard one if its share is now the largest.
    specialist: covers at least those rows, and the hard targets among its own. Raises ValueError otherwise.
    """
    absent = [target for target in hard if target not in base.targets or target not in specialist.targets]
    if absent or len(set(hard)) < len(hard):
        raise ValueError(
            f"hard targets {list(hard)}: expected each once, known to base and specialist; unknown: {absent}"
        )
    if asks not in ("answer", "top2") or not 0 <= weight <= 1:
        raise ValueError(f"asks: {asks!r}, weight: {weight}; expected answer or top2, and a weight from 0 to 1")
    rows = asked_rows(base, hard, asks)
    if not len(rows) or weight == 0:
        return base
    columns = [base.targets.index(target) for target in hard]
    among_hard = specialist.select(base.ids[rows].tolist()).probabilities.astype(np.float64)
    among_hard = among_hard[:, [specialist.targets.index(target) for target in hard]]
    probabilities = base.probabilities.astype(np.float64)
    probabilities[rows] = _share_out(
        probabilities[rows], columns, among_hard, weight, np.isin(base.indices[rows], columns)
    )
    return base.like(probabilities)


def _share_out(
    probabilities: np.ndarray, columns: list[int], among_hard: np.ndarray, weight: float, stays: np.ndarray
) -> np.ndarray:
    """(R, C), rows sum to 1: `probabilities` with its `columns` shared out by `weight` as `among_hard` (R, H) has them.

    stays: (R,) bool, whether one of `columns` has to stay on top.
    """
    own = probabilities[:, columns]
    total = own.sum(axis=1, keepdims=True)
    silent = among_hard.sum(axis=1) <= 0  # a specialist that gives the hard targets nothing is not followed
    among_hard = np.where(silent[:, None], own, among_hard)
    hard = (1 - weight) * own + weight * total * among_hard / among_hard.sum(axis=1, keepdims=True)
    result = probabilities.copy()
    result[:, columns] = 0
    highest_easy = np.maximum(result.max(axis=1), np.finfo(np.float64).tiny)
    shrunk = np.minimum(1, 0.999 * hard.max(axis=1) / highest_easy)
    result *= np.where(stays, shrunk, 1)[:, None]
    result[:, columns] = hard
    return result / result.sum(axis=1, keepdims=True)
