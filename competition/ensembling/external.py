"""Submissions made elsewhere, submissions/external/: they may vote on the test set, and aren't validated."""

import numpy as np

from competition.common import paths
from competition.common.errors import ContractError
from competition.data.competition import Competition
from competition.data.submission import check_submission, read_answers


def read_external(name: str, competition: Competition) -> np.ndarray:
    """Return (rows, ...) answers of an external submission, in the sample submission's order.

    Raises ContractError where it isn't valid.
    """
    path = paths.EXTERNAL / f"{name}.csv"
    if problems := check_submission(path, competition):
        raise ContractError(problems)
    return read_answers(path, competition)
