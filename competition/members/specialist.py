"""Specialist: a network for the classes that its base confuses most, trained and asked about these alone."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from competition.common import paths
from competition.data.predictions import Predictions, concatenate
from competition.ensembling.specialist_votes import SPECIALIST, asked
from competition.folds.split import HOLDOUT
from competition.inference.tta import orientation_weights
from competition.members.hard_classes import hard_classes
from competition.members.named import member_named
from competition.members.resume_key import state_file
from competition.members.training import TrainedMember, train_member
from competition.models.trained import read_trained
from competition.settings.params import Settings
from competition.settings.specialize import SpecializeSettings
from competition.training.fold_data import FoldData

FoldPredictions = dict[str, Predictions]


def find_hard_classes(
    settings: SpecializeSettings, base: Sequence[FoldPredictions], folds: pd.DataFrame, targets: tuple[str, ...]
) -> list[int]:
    """Return the class indices, ascending, that settings name, or those that `base` confuses most, test-like.

    base: the base member's predictions by network; folds: ID, target, fold. Raises ValueError for names of no classes.
    """
    if settings.hard_classes != "auto":
        unknown = [target for target in settings.hard_classes if target not in targets]
        if unknown or len(set(settings.hard_classes)) < 2:
            raise ValueError(
                f"specialize.hard_classes: expected at least two of {list(targets)}, found "
                f"{list(settings.hard_classes)}"
            )
        return sorted({targets.index(target) for target in settings.hard_classes})
    oof = concatenate([parts["test_like"] for parts in base if "test_like" in parts])
    y_true = folds.set_index("ID").target.loc[list(oof.ids)].map(targets.index)
    seen = folds[folds["fold"] != HOLDOUT]  # images that no fold scores are one more fold: every network learns them
    folds_of_class = seen.groupby("target")["fold"].nunique().reindex(targets, fill_value=0)
    return hard_classes(
        y_true.to_numpy(np.int64), oof.indices, len(targets), settings.most, folds_of_class.to_numpy() > 1
    )


def check_learnable(data: FoldData, hard: list[int], targets: tuple[str, ...], fold: int) -> None:
    """Raise ValueError where the fold has training images of fewer than two of the `hard` classes."""
    if len(found := set(data.only(hard).train_labels.tolist())) < 2:
        raise ValueError(
            f"specialize: of the hard classes {', '.join(targets[index] for index in hard)} fold {fold} has training "
            f"images of {len(found)}, expected 2 or more; name others as specialize.hard_classes, or take classes with "
            "few groups of images out of it"
        )


def train_specialist(
    settings: Settings,
    base: Sequence[FoldPredictions],
    hard: list[int],
    data: FoldData,
    targets: tuple[str, ...],
    fold: int,
    inputs: Sequence[Path],
    report: Callable[[dict], None],
) -> TrainedMember:
    """Return the specialist trained on the fold's images of the `hard` classes.

    It predicts the images that `base` answers with a hard class. inputs: the files that it learns from.
    """
    specialize, names = settings.specialize, tuple(targets[index] for index in hard)
    from_base = specialize.start == "base"
    member = member_named(SPECIALIST, settings)
    begun_with = [paths.weights(specialize.base_member, fold)] if from_base else []
    state = state_file(f"specialize-{fold}", member, *inputs, fold, hard, targets, data.metric.source, *begun_with)
    return train_member(
        member.settings,
        data.only(hard),
        names,
        orientation_weights(settings.tta.passes, settings.tta.seed),
        state,
        report,
        start=read_trained(specialize.base_member, fold) if from_base else None,
        predict_from=data,
        only=asked(base, fold, names, specialize.asks),
    )
