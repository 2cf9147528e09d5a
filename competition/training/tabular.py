"""Classifier of metadata: boosted trees, a logistic regression, or the mean of both."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from scipy.special import expit, softmax
from sklearn.ensemble import HistGradientBoostingClassifier

from competition.metrics.metric import Metric
from competition.training.logistic import LogisticMember, base_rate_logits, fit_logistic, varying_labels
from competition.training.tabular_encoding import TabularEncoding
from competition.training.trees import NEVER, Boosted, BoostedSums, Trees, dense

ONE_VIEW = np.ones(1)


@dataclass(frozen=True)
class TabularRows:
    """Training rows: their metadata, encoded `labels` of `n_classes`, and `groups` (N,), which are not divided."""

    table: pd.DataFrame
    labels: np.ndarray
    groups: Sequence[str]
    n_classes: int

    @property
    def several(self) -> bool:
        return self.labels.ndim == 2

    def at(self, rows: np.ndarray) -> "TabularRows":
        """Return the rows `rows`."""
        return TabularRows(self.table.iloc[rows], self.labels[rows], [self.groups[row] for row in rows], self.n_classes)


@dataclass(frozen=True)
class TabularMember:
    """Fitted classifier of metadata: `trees`, `regression`, or both; `shares` (C,) answer where there is neither."""

    encoding: TabularEncoding
    shares: np.ndarray
    several: bool
    trees: Trees | BoostedSums | None = None
    regression: LogisticMember | None = None

    def predict_proba(self, table: pd.DataFrame) -> np.ndarray:
        """Return probabilities (N, C), float32, of rows of metadata."""
        found = []
        if self.trees:
            sums = self.trees.sums(self.encoding.codes(table))
            found.append(expit(sums) if self.several else softmax(sums, axis=1))
        if self.regression:
            found.append(self.regression.predict_proba(self.encoding.design(table)[None], ONE_VIEW))
        return np.mean(found or [np.tile(self.shares, (len(table), 1))], axis=0).astype(np.float32)

    def tensors(self) -> dict[str, torch.Tensor]:
        """Return the member as tensors, for safetensors; `from_tensors` is the inverse."""
        arrays = {"encoding": self.encoding.as_bytes(), "shares": self.shares}
        if self.trees:
            arrays |= {f"trees.{name}": value for name, value in self.trees.arrays().items()}
        found = {name: torch.from_numpy(np.array(value)) for name, value in arrays.items()}
        if self.regression:
            found |= {f"regression.{name}": value for name, value in self.regression.tensors().items()}
        return found

    @classmethod
    def from_tensors(cls, tensors: dict[str, torch.Tensor], several: bool) -> "TabularMember":
        """Return the member whose `tensors()` these are."""

        def below(prefix: str) -> dict[str, torch.Tensor]:
            return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}

        trees, regression = below("trees."), below("regression.")
        return cls(
            TabularEncoding.from_bytes(tensors["encoding"].numpy()),
            tensors["shares"].numpy(),
            several,
            Trees(**{name: value.numpy() for name, value in trees.items()}) if trees else None,
            LogisticMember.from_tensors(regression, several=several) if regression else None,
        )


def shares_of(rows: TabularRows) -> np.ndarray:
    """Return (C,): the share of each class, or label, in the rows."""
    if rows.several:
        return expit(base_rate_logits(rows.labels))
    return np.bincount(rows.labels, minlength=rows.n_classes) / len(rows.labels)


def regress(rows: TabularRows, encoding: TabularEncoding, c: float, metric: Metric) -> LogisticMember | None:
    """Return the logistic regression on `rows` with inverse penalty `c`; None where there is nothing to tell apart."""
    if encoding.is_empty or (not rows.several and len(set(rows.labels.tolist())) < 2):
        return None
    values = encoding.design(rows.table)
    return fit_logistic(
        values, rows.labels, rows.n_classes, (c,), values[None], ONE_VIEW, rows.labels, metric, rows.several
    )


def boost(
    rows: TabularRows,
    encoding: TabularEncoding,
    learning_rate: float,
    seed: int,
    rounds: int,
    begun: Sequence[Boosted] | None = None,
) -> list[Boosted]:
    """Return a booster of `rounds` rounds, or of several labels one each; begun: the same with fewer rounds."""
    if encoding.is_empty:
        return []
    codes, n_categories = encoding.codes(rows.table), len(encoding.categories)
    known = [np.unique(column[~np.isnan(column)]) for column in codes.T[:n_categories]]
    columns, result = dense(codes, known), []
    for k, (outputs, labels) in enumerate(_questions(rows)):
        model = begun[k].model if begun else _booster(learning_rate, seed, n_categories)
        model.set_params(max_iter=rounds).fit(columns, labels)
        result.append(Boosted(model, outputs, known))
    return result


def _questions(rows: TabularRows) -> list[tuple[list[int], np.ndarray]]:
    """Return what is asked of a booster each: to which columns its sums belong, and the labels (N,)."""
    if rows.several:
        return [([label], rows.labels[:, label]) for label in varying_labels(rows.labels)]
    present = np.unique(rows.labels)
    if len(present) < 2:
        return []
    return [(present[1:].tolist() if len(present) == 2 else present.tolist(), rows.labels)]


def _booster(learning_rate: float, seed: int, n_categories: int) -> HistGradientBoostingClassifier:
    return HistGradientBoostingClassifier(
        learning_rate=learning_rate,
        max_leaf_nodes=15,
        min_samples_leaf=10,
        l2_regularization=1.0,
        categorical_features=list(range(n_categories)) or None,
        early_stopping=False,
        warm_start=True,
        random_state=seed,
    )


def sums_of(boosted: Sequence[Boosted], rows: TabularRows) -> BoostedSums | None:
    """Return the sums of what `boost` made of `rows`; None where it made nothing."""
    if not boosted:
        return None
    if rows.several:
        return BoostedSums(boosted, base_rate_logits(rows.labels).astype(np.float64))
    return BoostedSums(boosted, np.where(np.isin(np.arange(rows.n_classes), rows.labels), 0.0, NEVER))
