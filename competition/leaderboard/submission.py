"""A submission's answers, and the same vote's answers out of fold."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Submission:
    """Answers that may be submitted, and the same vote's answers out of fold.

    clean, test_like: (N, ...), for the out-of-fold images; test: (T, ...), for the submission's rows: class indices,
    sets of labels, or probabilities, as `data.task` has them.
    """

    name: str
    member: str
    vote: str  # soft or hard
    clean: np.ndarray
    test_like: np.ndarray
    test: np.ndarray
