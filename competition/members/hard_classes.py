"""A network for the hard classes only: which they are."""

import numpy as np

from competition.metrics.per_class import confusion_matrix


def hard_classes(
    y_true: np.ndarray, predicted: np.ndarray, n_classes: int, most: int, learnable: np.ndarray | None = None
) -> list[int]:
    """Return 2 to `most` class indices, ascending, that are confused with one another most, out of fold.

    y_true, predicted: (N,) class indices. The pair with the highest mutual confusion (as shares of each class's images)
    begins; the class that is confused most with those already chosen joins, as long as its confusion with them is at
    least half of the first pair's. Ties go to the lower index. learnable: (n_classes,) bool, which may be chosen, if
    that leaves two: a class whose images are all in one fold is always answered wrongly, and no specialist would learn
    it either.
    """
    counts = confusion_matrix(y_true, predicted, n_classes).astype(np.float64)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    mutual = shares + shares.T
    np.fill_diagonal(mutual, -1)  # below every pair's, so that two classes are found even where none are confused
    if learnable is not None and learnable.sum() >= 2:
        mutual[~learnable], mutual[:, ~learnable] = -1, -1
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
