"""Fitting of a classifier of metadata on a fold, and its predictions by image ID."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from competition.common import paths
from competition.members.member import Fit, Fitted, PackedImages, Tensors, Tick
from competition.models.trained import ADVICE, read_trained
from competition.settings.member import MemberSettings
from competition.training.fold_data import FoldData
from competition.training.tabular import TabularMember, TabularRows
from competition.training.tabular_choice import fit_tabular


@dataclass(eq=False)
class FittedTabular(Fitted):
    """A fitted classifier of metadata; see Fitted. table_of: from images and rows (N,) to their metadata."""

    classifier: TabularMember
    table_of: Callable[[PackedImages, np.ndarray], pd.DataFrame]
    facts: dict[str, object] = field(default_factory=dict)

    def predict_proba(
        self,
        images: PackedImages,
        rows: np.ndarray,
        orientation_weights: np.ndarray | None,
        tick: Tick = lambda images: None,
    ) -> np.ndarray:
        tick(len(rows))
        return self.classifier.predict_proba(self.table_of(images, rows))

    def tensors(self) -> Tensors:
        return self.classifier.tensors()


def fit_metadata(settings: MemberSettings, data: FoldData, fit: Fit) -> FittedTabular:
    """Return the classifier fitted on the metadata of the fold's training images, one row each.

    Raises ValueError where there are no metadata.
    """
    metadata = data.metadata
    if metadata is None or not (metadata.numbers or metadata.categories):
        raise ValueError(
            "kind tabular: train.csv and test.csv have no columns in common beside ID, target, group, box and fold, or "
            "task.metadata leaves all of them out; take this member out of train.members"
        )
    ids = {id(data.store): data.store.column("source_id"), id(data.test_store): data.test_store.column("source_id")}
    parts = {id(data.store): "train", id(data.test_store): "test"}

    def table_of(images: PackedImages, rows: np.ndarray) -> pd.DataFrame:
        return metadata.of(parts[id(images)], [ids[id(images)][row] for row in rows])

    table = table_of(data.store, np.array([rows[0] for rows in data.train_rows]))
    groups = data.train_groups or tuple(map(str, range(len(table))))
    rows = TabularRows(table, data.train_labels, groups, len(fit.targets))
    found, facts = fit_tabular(
        rows, metadata, settings.model, settings.learning_rate, settings.rounds, settings.seed, data.metric
    )
    return FittedTabular(found, table_of, facts)


def load_metadata_member(name: str, fold: int | str, targets: tuple[str, ...], several: bool) -> FittedTabular:
    """Return the classifier that training saved for member `name`, fold `fold`: for images of which nothing is known.

    Raises FileNotFoundError for a fold that wasn't trained, ValueError for weights of another kind or other classes.
    """
    try:
        found = TabularMember.from_tensors(read_trained(name, fold), several)
    except KeyError as error:
        raise ValueError(f"{paths.weights(name, fold)}: no tensor {error}; {ADVICE}") from error
    if len(found.shares) != len(targets):
        raise ValueError(f"{paths.weights(name, fold)}: {len(found.shares)} classes, expected {len(targets)}; {ADVICE}")
    return FittedTabular(found, lambda images, rows: found.encoding.unknown(len(rows)))
