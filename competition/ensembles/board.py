"""The ensembles' rows, as the leaderboard has them, with their paired differences to the best candidate."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from competition.ensembles.candidates import Candidate
from competition.ensembles.choice import Standing
from competition.ensembles.panel import Images
from competition.leaderboard import DECIMALS, leaderboard_row, rank
from competition.settings import EnsembleSettings

Seconds = tuple[float, float]  # of training, of predicting


def seconds_of_parts(board: pd.DataFrame, singles: Sequence[Candidate]) -> dict[str, Seconds]:
    """Part of `singles` (a member, `specialist`) -> its seconds, out of the leaderboard. Raises ValueError for a single without a row."""
    rows = board.set_index("submission")[["train_seconds", "predict_seconds"]]
    if missing := [single.name for single in singles if single.name not in rows.index]:
        raise ValueError(f"submissions/leaderboard.csv: no {', '.join(missing)}; it is of another run, vote again")
    seconds: dict[str, Seconds] = {}
    for single in sorted(singles, key=lambda single: len(single.parts)):  # a specialist's row holds its base's seconds too
        known = [seconds[part] for part in single.parts[:-1]]
        seconds[single.parts[-1]] = tuple(rows.loc[single.name].to_numpy() - np.sum(known, axis=0))
    return seconds


def ensembles_board(ensembles: Sequence[Candidate], standings: Sequence[Standing], images: Images, seconds: Mapping[str, Seconds],
                    settings: EnsembleSettings) -> pd.DataFrame:
    """The leaderboard's columns and, before the seconds, the `Standing` to the best of all candidates; best first."""
    of_name = {standing.name: standing for standing in standings}
    rows = []
    for ensemble in ensembles:
        spent = tuple(sum(seconds[part][kind] for part in ensemble.parts) for kind in (0, 1))
        row = leaderboard_row(ensemble.submission(images.targets), images.seen["target"].to_numpy(), images.folds, images.targets,
                              settings, spent, note_of(ensemble))
        last = {key: row.pop(key) for key in ("train_seconds", "predict_seconds", "note")}
        rows.append(row | standing_columns(of_name[ensemble.name]) | last)
    return rank(rows)


def standing_columns(standing: Standing) -> dict[str, object]:
    """A standing as columns of a table."""
    return {"difference": round(standing.difference, DECIMALS), "difference_low": round(standing.low, DECIMALS),
            "difference_high": round(standing.high, DECIMALS), "standard_error": round(standing.standard_error, DECIMALS),
            "told_apart": standing.told_apart}


def note_of(candidate: Candidate) -> str:
    """What was fitted for the candidate, in a line: `lite0 0.62, features 0.38`, `C 0.01`, or whose votes are counted."""
    weights = candidate.fitted.get("weights", {})
    if weights:
        ordered = sorted(weights.items(), key=lambda item: -item[1])
        return ", ".join(f"{name} {weight:.2f}" for name, weight in ordered if weight > 0)
    if "c" in candidate.fitted:
        return f"C {candidate.fitted['c']:g}"
    return ", ".join(candidate.fitted.get("votes", ()))
