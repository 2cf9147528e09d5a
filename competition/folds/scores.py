"""Scores and seconds of a member's fold: folds/scores/<member>/<fold>.json."""

from collections.abc import Sequence

from competition.common import paths
from competition.common.files import read_json


def read_scores(name: str, folds: Sequence[int]) -> list[dict]:
    """Return what training wrote about `folds` of a member, or of `specialist`. Raises FileNotFoundError."""
    found = []
    for fold in folds:
        path = paths.scores(name, fold)
        if not path.is_file():
            raise FileNotFoundError(f"{path}: not found; `dvc repro` trains what is missing")
        found.append(read_json(path))
    return found


def seconds_of(scores: Sequence[dict]) -> tuple[float, float]:
    """Return (of training, of predicting): the sums over the folds."""
    return tuple(sum(score[key] for score in scores) for key in ("train_seconds", "predict_seconds"))


def hard_classes_of(scores: Sequence[dict]) -> list[str]:
    """Return the specialist's hard targets. Raises ValueError where its folds had different ones."""
    different = {tuple(score["hard_classes"]) for score in scores}
    if len(different) > 1:
        raise ValueError(
            f"{paths.SCORES}/specialist/*.json: hard classes differ: {sorted(different)}; run `dvc repro` again"
        )
    return list(different.pop())
