"""A network for the hard classes only: which they are, and which images it is asked about."""

import numpy as np

from competition.metrics import confusion_matrix
from competition.predictions import Predictions
from competition.specialist_votes import Asks, asked_rows
from competition.voting import OOF_VIEWS, soft_vote


def hard_classes(true: np.ndarray, predicted: np.ndarray, n_classes: int, most: int) -> list[int]:
    """Return 2 to `most` class indices, ascending, that are confused with one another most, out of fold.

    true, predicted: (N,) class indices. The pair with the highest mutual confusion (as shares of each class's images)
    begins; the class that is confused most with those already chosen joins, as long as its confusion with them is at least half of
    the first pair's. Ties go to the lower index.
    """
    counts = confusion_matrix(true, predicted, n_classes).astype(np.float64)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    mutual = shares + shares.T
    np.fill_diagonal(mutual, -1)  # below every pair's, so that two classes are found even where none are confused
    first, second = np.unravel_index(mutual.argmax(), mutual.shape)
    chosen, threshold = [int(first), int(second)], mutual[first, second] / 2
    while len(chosen) < min(most, n_classes):
        confusion = mutual[:, chosen].sum(axis=1)
        confusion[chosen] = -1
        candidate = int(confusion.argmax())
        if confusion[candidate] < threshold or confusion[candidate] <= 0:
            break
        chosen.append(candidate)
    return sorted(chosen)


def asked(base: list[dict[str, Predictions]], fold: int, hard: list[int], asks: Asks = "answer") -> dict[str, np.ndarray]:
    """Return, for each part of a fold's predictions, the positions of the images that the specialist is asked about.

    base: each fold's predictions; the validation images (clean, test_like) are those of `fold`; the test images and the holdout are
    answered by all folds' soft vote, since that is the answer that the specialist may change. hard: class indices; asks: see `asked_rows`.
    """
    views = {name: own if name in OOF_VIEWS else soft_vote([parts[name] for parts in base]) for name, own in base[fold].items()}
    return {view: asked_rows(part, [part.targets[index] for index in hard], asks) for view, part in views.items()}
