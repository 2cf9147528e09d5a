"""The hard vote of the top submissions: always made, and the only one that votes from elsewhere may join."""

from collections.abc import Mapping, Sequence

import numpy as np

from competition.ensembling.candidates import Answers, Candidate
from competition.ensembling.voting import hard_vote
from competition.folds.predictions import OOF_VIEWS
from competition.metrics.f1 import macro_f1

HARD_TOP = "hard_top"


def cast_hard_top(
    singles: Sequence[Candidate],
    true: np.ndarray,
    folds: np.ndarray,
    n_classes: int,
    top: int,
    external: Mapping[str, np.ndarray] | None = None,
) -> Candidate:
    """The hard vote of the `top` best of `singles` by test-like macro F1, the best-ranked breaking ties.

    true, folds: (N,). Out of fold, each fold is answered by those that score best on the other folds. external: name ->
    (rows,) answers to the test set, not validated: they vote on it after all others, and nowhere else.
    """
    oof = {view: np.empty(len(true), dtype=np.int64) for view in OOF_VIEWS}
    for fold, chosen in chosen_without(singles, true, folds, n_classes, top).items():
        here = folds == fold
        for view in OOF_VIEWS:
            oof[view][here] = hard_vote(np.stack([singles[index].oof[view][here] for index in chosen]), n_classes)
    chosen = [
        singles[index] for index in best_of([s.oof for s in singles], [s.name for s in singles], true, n_classes, top)
    ]
    votes = [*(single.test for single in chosen), *(external or {}).values()]
    holdout = {
        view: hard_vote(np.stack([single.holdout[view] for single in chosen]), n_classes) for view in chosen[0].holdout
    }
    parts = tuple(dict.fromkeys(part for single in chosen for part in single.parts))
    return Candidate(
        HARD_TOP,
        HARD_TOP,
        parts,
        oof,
        hard_vote(np.stack(votes), n_classes),
        holdout,
        None,
        {"votes": [single.name for single in chosen]},
    )


def chosen_without(
    singles: Sequence[Candidate], true: np.ndarray, folds: np.ndarray, n_classes: int, top: int
) -> dict[int, list[int]]:
    """Fold -> positions of the `top` best of `singles` by the other folds' images, which vote on this fold's. See
    `best_of`.
    """
    chosen, names = {}, [single.name for single in singles]
    for fold in np.unique(folds).tolist():
        others = folds != fold
        answers = [{view: part[others] for view, part in single.oof_without(fold).items()} for single in singles]
        chosen[fold] = best_of(answers, names, true[others], n_classes, top)
    return chosen


def best_of(answers: Sequence[Answers], names: Sequence[str], true: np.ndarray, n_classes: int, top: int) -> list[int]:
    """Positions of the `top` best by test-like macro F1, best first, of equals by name; of those that answer alike only
    the first.

    Two submissions that answer alike are one opinion: together they would outvote everyone else.
    """
    order = sorted(
        range(len(names)), key=lambda index: (-macro_f1(true, answers[index]["test_like"], n_classes), names[index])
    )
    chosen: list[int] = []
    for index in order:
        if not any(all((answers[index][view] == answers[other][view]).all() for view in OOF_VIEWS) for other in chosen):
            chosen.append(index)
    return chosen[:top]
