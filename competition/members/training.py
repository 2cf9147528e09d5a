"""Training of one member on one fold, with what it predicts and how that scores."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

import numpy as np
import torch

from competition.common import paths
from competition.data.predictions import Predictions
from competition.members.fold_predictions import Positions, predict_fold, score_fold
from competition.members.make import make_member
from competition.members.member import Fit, Fitted, Tensors
from competition.settings.member import MemberSettings
from competition.training.fold_data import FoldData


@dataclass(frozen=True)
class TrainedMember:
    """Trained member of a fold: weights, a history row per epoch, predictions "clean", "test_like", "test".

    With a holdout also "holdout_clean" and "holdout_test_like", which `scores` says nothing about. facts: what else its
    scores/*.json says.
    """

    weights: dict[str, torch.Tensor]
    history: list[dict]
    predictions: dict[str, Predictions]
    scores: dict[str, float | None]  # the metric's, by condition
    best_epoch: int
    train_seconds: float
    predict_seconds: float
    facts: dict[str, object] = field(default_factory=dict)

    @property
    def figures(self) -> dict[str, object]:
        """Figures of a log line, rounded: best epoch, seconds, scores."""
        seconds = {name: round(getattr(self, name), 1) for name in ("train_seconds", "predict_seconds")}
        scores = {condition: round(value, 4) for condition, value in self.scores.items() if value is not None}
        return {"best_epoch": self.best_epoch, **seconds, **scores}


def train_member(
    settings: MemberSettings,
    data: FoldData,
    targets: tuple[str, ...],
    orientation_weights: np.ndarray,
    state_file: Path,
    report: Callable[[dict], None] = lambda row: None,
    *,
    cache: Path = paths.CACHE,
    start: Tensors | None = None,
    predict_from: FoldData | None = None,
    only: Positions | None = None,
) -> TrainedMember:
    """Train on `data`, whose labels count `targets`, and predict its validation images, its holdout and the test set.

    predict_from, only: the fold whose images are predicted instead, and which positions of each set; see Fit for the
    rest. Where several processes train together, all return the same, but for the seconds.
    """
    began = perf_counter()
    fitted = make_member(settings).fit(data, Fit(targets, orientation_weights, state_file, report, cache, start))
    seconds = perf_counter() - began
    return predicted(fitted, seconds, data, targets, orientation_weights, predict_from=predict_from, only=only)


def predicted(
    fitted: Fitted,
    seconds: float,
    data: FoldData,
    targets: tuple[str, ...],
    orientation_weights: np.ndarray,
    *,
    predict_from: FoldData | None = None,
    only: Positions | None = None,
) -> TrainedMember:
    """Return what `fitted`, which took `seconds` to train, predicts and how that scores; see `train_member`."""
    began = perf_counter()
    predictions = predict_fold(fitted, predict_from or data, targets, orientation_weights, only)
    scores = score_fold(predictions, data)
    history = fitted.history or [{"epoch": 0, **scores, **fitted.facts, "seconds": seconds}]
    return TrainedMember(
        fitted.tensors(),
        history,
        predictions,
        scores,
        fitted.best_epoch,
        sum(row["seconds"] for row in history) or seconds,
        perf_counter() - began,
        fitted.score_facts,
    )
