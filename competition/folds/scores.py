"""Scores and seconds of a member's fold: folds/scores/<member>/<fold>.json."""

import json
from collections.abc import Sequence
from pathlib import Path


def read_scores(name: str, folds: Sequence[int], root: Path | str = "folds/scores") -> list[dict]:
    """What training wrote about each of `folds` of member `name`, or of `specialist`. Raises FileNotFoundError."""
    found = []
    for fold in folds:
        path = Path(root) / name / f"{fold}.json"
        if not path.is_file():
            raise FileNotFoundError(f"{path}: not found; `dvc repro` trains what is missing")
        found.append(json.loads(path.read_text(encoding="utf-8")))
    return found


def seconds_of(scores: Sequence[dict]) -> tuple[float, float]:
    """(of training, of predicting): the sums over the folds."""
    return tuple(sum(score[key] for score in scores) for key in ("train_seconds", "predict_seconds"))


def hard_classes_of(scores: Sequence[dict]) -> list[str]:
    """The specialist's hard targets. Raises ValueError where its folds had different ones."""
    different = {tuple(score["hard_classes"]) for score in scores}
    if len(different) > 1:
        raise ValueError(
            f"folds/scores/specialist/*.json: hard classes differ: {sorted(different)}; run `dvc repro` again"
        )
    return list(different.pop())
