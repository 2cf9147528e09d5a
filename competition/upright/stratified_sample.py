"""Stratified sample: a few hundred images in which every fold and every class is met, the rare ones too."""

from collections.abc import Sequence

import numpy as np


def stratified_sample(folds: np.ndarray, labels: Sequence[Sequence[str]], most: int) -> np.ndarray:
    """Return the places (n,), ascending, of min(N, `most`) of N images, which stand in random order.

    The first of each fold; two of each label, in two folds where it is in several, those that come first; then the
    first of the others. So it is the first `most` wherever these hold what is asked of them; where `most` doesn't hold
    all of that, labels that come late are left out. folds: (N,); labels: N, each image's own.
    """
    wanted = np.unique(folds, return_index=True)[1].tolist()
    places_of: dict[str, list[int]] = {}
    for place, own in enumerate(labels):
        for label in own:
            places_of.setdefault(label, []).append(place)
    for first, *others in places_of.values():
        wanted += [first, min(others, key=lambda place: (folds[place] == folds[first], place), default=first)]
    return np.sort(np.array(list(dict.fromkeys([*wanted, *range(len(folds))]))[:most], np.int64))
