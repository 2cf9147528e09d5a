"""Confident learning: which labels are probably wrong, given out-of-fold probabilities.

Northcutt, Jiang and Chuang, Confident Learning: Estimating Uncertainty in Dataset Labels, JAIR 70, 2021; here by the
library cleanlab. It estimates how many images that are labelled as one class belong to another, and flags as many:
those for which the other class is most probable beside their own ("prune by noise rate").
"""

import warnings

import numpy as np
from cleanlab.filter import find_label_issues


def flagged(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Return (F,) rows whose label is probably wrong; labels: (N,) class indices, probabilities: (N, C).

    A class's only image is never flagged.
    """
    with warnings.catch_warnings():
        # of a class with one image: the docstring says so
        warnings.filterwarnings("ignore", "May not flag all label issues")
        return np.flatnonzero(find_label_issues(labels, probabilities, filter_by="prune_by_noise_rate", n_jobs=1))
