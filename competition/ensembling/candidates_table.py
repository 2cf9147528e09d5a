"""Leaderboard of all candidates, with their paired differences to the best of them."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from competition.common import paths
from competition.ensembling.candidates import Candidate
from competition.ensembling.images import Images
from competition.leaderboard.leaderboard import compare
from competition.settings.ensemble import EnsembleSettings

Seconds = tuple[float, float]  # of training, of predicting


def seconds_of_parts(leaderboard: pd.DataFrame, singles: Sequence[Candidate]) -> dict[str, Seconds]:
    """Return part of `singles` (a member, `specialist`) -> its seconds, by the leaderboard.

    Raises ValueError for a single without a row.
    """
    rows = leaderboard.set_index("submission")[["train_seconds", "predict_seconds"]]
    if missing := [single.name for single in singles if single.name not in rows.index]:
        raise ValueError(f"{paths.LEADERBOARD}: no {', '.join(missing)}; it is of another run; run `dvc repro` again")
    seconds: dict[str, Seconds] = {}
    for single in sorted(
        singles, key=lambda single: len(single.parts)
    ):  # a specialist's row holds its base's seconds too
        known = [seconds[part] for part in single.parts[:-1]]
        seconds[single.parts[-1]] = tuple(rows.loc[single.name].to_numpy() - np.sum(known, axis=0))
    return seconds


def candidates_table(
    candidates: Sequence[Candidate], images: Images, seconds: Mapping[str, Seconds], settings: EnsembleSettings
) -> pd.DataFrame:
    """Return the leaderboard of all candidates, members and ensembles alike: see `leaderboard.compare`."""
    spent = {one.name: tuple(sum(seconds[part][kind] for part in one.parts) for kind in (0, 1)) for one in candidates}
    return compare(
        [one.submission() for one in candidates],
        images.y_true,
        images.folds,
        len(images.targets),
        images.metric,
        settings,
        spent,
        {one.name: note_of(one) for one in candidates},
        images.groups,
    )


def note_of(candidate: Candidate) -> str:
    """Return what was fitted for the candidate, in a line: `lite0 0.62, features 0.38`, `C 0.01`, or who votes.

    Behind it the decision rule with its gain, where there is one.
    """
    decided = candidate.decision.note if candidate.decision else ""
    return "; ".join(filter(None, [_fitted(candidate), decided]))


def _fitted(candidate: Candidate) -> str:
    weights = candidate.fitted.get("weights", {})
    if weights:
        ordered = sorted(weights.items(), key=lambda item: -item[1])
        return ", ".join(f"{name} {weight:.2f}" for name, weight in ordered if weight > 0)
    if "c" in candidate.fitted:
        return f"C {candidate.fitted['c']:g}"
    return ", ".join(candidate.fitted.get("votes", ()))
