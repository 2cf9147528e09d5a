"""Boosted trees as arrays: taken from scikit-learn's histogram gradient boosting, and evaluated without it."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import sklearn
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.ensemble._hist_gradient_boosting.predictor import TreePredictor

NEVER = -1e4  # of a class that no training row has: its probability is 0
CODES = 255  # a category is one of so many: what scikit-learn takes
UNKNOWN = 2  # in `masks`: a category that training didn't show goes where missing ones go
AT_ONCE = 2_000_000  # positions of rows in trees


@dataclass(frozen=True)
class Trees:
    """Sums of trees.

    Trees: `roots` (T,) nodes, `outputs` (T,) to which of K sums each adds; `baseline` (K,). Nodes: `feature`,
    `threshold`, `left`, `right`, `value`, `missing_left`, `category` (M,), the last a row of `masks` (S, CODES + 1) for
    a split by category, else -1. A leaf is left and right of itself.
    """

    baseline: np.ndarray
    roots: np.ndarray
    outputs: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    right: np.ndarray
    value: np.ndarray
    missing_left: np.ndarray
    category: np.ndarray
    masks: np.ndarray

    def sums(self, rows: np.ndarray) -> np.ndarray:
        """Return (N, K) float64 of `rows` (N, F): numbers, and codes of categories; NaN: missing."""
        totals = np.tile(self.baseline, (len(rows), 1))
        step = max(1, AT_ONCE // max(1, len(self.roots)))
        for start in range(0, len(rows), step):
            part = rows[start : start + step]
            leaves = self._leaves(part)
            for output in np.unique(self.outputs):
                totals[start : start + step, output] += self.value[leaves[:, self.outputs == output]].sum(axis=1)
        return totals

    def _leaves(self, rows: np.ndarray) -> np.ndarray:
        """Return (N, T): the leaf of each row in each tree."""
        nodes = np.tile(self.roots, (len(rows), 1))
        while True:
            values = np.take_along_axis(rows, self.feature[nodes], axis=1)
            category, lost = self.category[nodes], np.isnan(values)
            side = self.masks[category, np.where(lost | (category < 0), 0, values).astype(np.int64)]
            lost |= (category >= 0) & (side == UNKNOWN)
            goes_left = np.where(category >= 0, side == 1, values <= self.threshold[nodes])
            goes_left = np.where(lost, self.missing_left[nodes], goes_left)
            following = np.where(goes_left, self.left[nodes], self.right[nodes])
            if (following == nodes).all():
                return nodes
            nodes = following

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the arrays by name."""
        return {one.name: getattr(self, one.name) for one in fields(self)}


@dataclass(frozen=True)
class Boosted:
    """A fitted booster, to which `columns` of the K its sums belong, and `known`: the codes of each category column."""

    model: HistGradientBoostingClassifier
    columns: Sequence[int]
    known: Sequence[np.ndarray]


def dense(rows: np.ndarray, known: Sequence[np.ndarray]) -> np.ndarray:
    """Return `rows` with the codes of the first columns, of which these are `known`, as 0, 1, ...; others missing."""
    result = rows.copy()
    for column, codes in enumerate(known):
        values = rows[:, column]
        places = np.minimum(np.searchsorted(codes, values), max(0, len(codes) - 1))
        found = codes[places] == values if len(codes) else np.zeros(len(rows), bool)
        result[:, column] = np.where(found, places, np.nan)
    return result


@dataclass(frozen=True)
class BoostedSums:
    """Sums of `boosted` as scikit-learn gives them; baseline: (K,) of the columns that none of them has."""

    boosted: Sequence[Boosted]
    baseline: np.ndarray

    def sums(self, rows: np.ndarray) -> np.ndarray:
        """Return (N, K) float64, as `Trees.sums` does."""
        totals = np.tile(self.baseline, (len(rows), 1))
        for one in self.boosted:
            totals[:, list(one.columns)] = one.model.decision_function(dense(rows, one.known)).reshape(len(rows), -1)
        return totals


def as_trees(source: BoostedSums, rows: np.ndarray) -> Trees:
    """Return the trees of `source`, which give the same sums of `rows` (N, F).

    Raises RuntimeError where they don't: then scikit-learn has changed inside.
    """
    trees = _trees_of(source.boosted, source.baseline)
    if not np.allclose(trees.sums(rows), source.sums(rows), rtol=1e-6, atol=1e-6):
        raise RuntimeError(
            f"scikit-learn {sklearn.__version__} keeps its boosted trees in a way that isn't known here; install 1.5 "
            "to 1.9, or take model: logistic"
        )
    return trees


def _trees_of(boosted: Sequence[Boosted], baseline: np.ndarray) -> Trees:
    baseline, roots, outputs, masks = baseline.copy(), [], [], [np.zeros(CODES + 1, np.uint8)]
    parts, size = [_NOTHING], 1
    for one in boosted:
        baseline[list(one.columns)] = one.model._baseline_prediction[0]
        for round in one.model._predictors:
            for column, tree in zip(one.columns, round, strict=True):
                parts.append(_nodes(tree, size, one.known, masks))
                roots.append(size)
                outputs.append(column)
                size += len(tree.nodes)
    columns = {name: np.concatenate([part[name] for part in parts]) for name in _NOTHING}
    return Trees(baseline, np.array(roots, np.int64), np.array(outputs, np.int64), **columns, masks=np.stack(masks))


# one leaf that no tree has, so that there are nodes
_NOTHING = {name: np.zeros(1, np.int64) for name in ("feature", "left", "right")}
_NOTHING |= {"threshold": np.zeros(1), "value": np.zeros(1), "missing_left": np.zeros(1, bool)}
_NOTHING |= {"category": np.full(1, -1)}


def _nodes(tree: TreePredictor, first: int, known: Sequence[np.ndarray], masks: list) -> dict[str, np.ndarray]:
    """Return the nodes of one tree, numbered from `first` on; `masks` grows by those of its splits by category."""
    nodes = tree.nodes
    leaf, own, category = nodes["is_leaf"] == 1, np.arange(len(nodes)), np.full(len(nodes), -1)
    for node in np.flatnonzero((nodes["is_categorical"] == 1) & ~leaf):
        category[node] = len(masks)
        bits = tree.raw_left_cat_bitsets[nodes["bitset_idx"][node]]
        masks.append(_mask(bits, known[nodes["feature_idx"][node]]))
    return {
        "feature": nodes["feature_idx"].astype(np.int64),
        "threshold": nodes["num_threshold"],
        "left": np.where(leaf, own, nodes["left"]) + first,
        "right": np.where(leaf, own, nodes["right"]) + first,
        "value": np.where(leaf, nodes["value"], 0.0),
        "missing_left": nodes["missing_go_to_left"] == 1,
        "category": category,
    }


def _mask(bits: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return (CODES + 1,) uint8 by code: 1 left, 0 right, UNKNOWN; bits: (8,) uint32 by place among the known codes."""
    mask = np.full(CODES + 1, UNKNOWN, np.uint8)
    places = np.arange(len(known))
    mask[known.astype(np.int64)] = (bits[places // 32] >> (places % 32).astype(np.uint32)) & 1
    return mask
