"""Output files of a trained member under folds/, in one layout for every kind of member."""

import math
from pathlib import Path

import pandas as pd

from competition.common import paths
from competition.common.csv import write_frame
from competition.common.files import write_json
from competition.data.predictions import save_predictions
from competition.members.training import TrainedMember
from competition.training.checkpoints import save_weights


def print_epoch(row: dict, of: str = "") -> None:
    """Print an epoch as one line; of: what it begins with, where several networks are trained at a time."""
    score = f"score clean {row['clean']:.4f}  test-like {row['test_like']:.4f}  "
    print(
        f"{of}epoch {row['epoch']:>3}  loss {row['loss']:.4f}  rate {row['learning_rate']:.2e}  "
        f"{'' if math.isnan(row['clean']) else score}{row['images_per_s']:.0f} images/s",
        flush=True,
    )


def write_member(
    folder: Path, name: str, fold: int | str, kind: str, trained: TrainedMember, metric: str, **facts: object
) -> None:
    """Write weights, predictions, history and, if any, scores of a member's network below the project's `folder`.

    facts: for the scores, beside those of `trained`. In the history `kept` is 1 for the epoch whose weights these are
    (of averaged ones: the best), else 0.
    """
    save_weights(folder / paths.weights(name, fold), trained.weights, {"best_epoch": str(trained.best_epoch)})
    save_predictions(folder / paths.predictions(name, fold), trained.predictions)
    history = [row | {"kept": int(row["epoch"] == trained.best_epoch)} for row in trained.history]
    write_frame(folder / paths.history(name, fold), pd.DataFrame(history), "%.6g")
    if not trained.scores:  # trained on all images: none is left to be scored
        return
    write_json(
        folder / paths.scores(name, fold),
        {
            "member": name,
            "fold": fold,
            "kind": kind,
            "metric": metric,
            "score": trained.scores,
            "best_epoch": trained.best_epoch,
            "train_seconds": round(trained.train_seconds, 1),
            "predict_seconds": round(trained.predict_seconds, 1),
            **facts,
            **trained.facts,
        },
    )
