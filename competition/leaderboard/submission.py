"""A submission's answers, and the same vote's answers out of fold."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Submission:
    """Answers that may be submitted, and the same vote's answers out of fold.

    clean, test_like: (N,) str, for the out-of-fold images; test: (T,) str, for the submission's rows.
    """

    name: str
    member: str
    vote: str  # soft or hard
    clean: np.ndarray
    test_like: np.ndarray
    test: np.ndarray
