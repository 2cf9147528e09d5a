"""Choice of a classifier of metadata: how many trees, which penalty and which of them, by folds of the training rows.

The validation images take no part in it.
"""

from collections.abc import Sequence

import numpy as np
from threadpoolctl import threadpool_limits

from competition.common.seeds import derived_seed
from competition.data.label_sets import decode
from competition.data.metadata import Metadata
from competition.folds.split import make_folds
from competition.metrics.metric import Metric
from competition.metrics.plain_score import goodness, plain_score
from competition.training.tabular import TabularMember, TabularRows, boost, regress, shares_of, sums_of
from competition.training.tabular_encoding import TabularEncoding
from competition.training.trees import as_trees

INNER_FOLDS, ROUNDS, PATIENCE = 3, 20, 2  # trees are added ROUNDS at a time, until PATIENCE times were no better
ROWS_OF_A_CLASS = 15  # on average, below which trees aren't tried by `auto`: a leaf would hold most of a class
C_RANGE = (0.01, 0.1, 1.0, 10.0, 100.0, 1000.0)  # inverse penalties, until PATIENCE of them were no better
LEAST_PROBABILITY = 1e-7
ROWS_FOR_THREADS = 20_000  # below which threads wait for one another longer than they work
CHECKED = 200  # rows of which the saved trees are held against scikit-learn's


def fit_tabular(
    rows: TabularRows, metadata: Metadata, model: str, learning_rate: float, most: int, seed: int, metric: Metric
) -> tuple[TabularMember, dict[str, object]]:
    """Return the classifier of `rows`, and what was chosen: model, trees (rounds of boosting), c.

    model: boosting, logistic, or auto for the better of these and their mean, by `metric` of folds of the rows;
    learning_rate, most: of the boosting, and its rounds at the most.
    """
    with threadpool_limits(1 if len(rows.labels) < ROWS_FOR_THREADS else None, "openmp"):
        return _fit(rows, metadata, model, learning_rate, most, seed, metric)


def _fit(
    rows: TabularRows, metadata: Metadata, model: str, learning_rate: float, most: int, seed: int, metric: Metric
) -> tuple[TabularMember, dict[str, object]]:
    encoding = TabularEncoding.of(rows.table, metadata)
    bare = TabularMember(encoding, shares_of(rows), rows.several)
    if encoding.is_empty:
        return bare, {"model": "shares"}
    search = _Search(rows, metadata, learning_rate, most, seed, metric)
    few = len(rows.labels) < ROWS_OF_A_CLASS * rows.n_classes and not rows.several
    kinds = {"auto": ("logistic",) if few else ("logistic", "boosting")}.get(model, (model,))
    found = {kind: getattr(search, kind)() for kind in kinds}
    candidates = {(kind,): probabilities for kind, (_, probabilities) in found.items()}
    if len(kinds) > 1:
        candidates[kinds] = np.mean(list(candidates.values()), axis=0)
    chosen = max(candidates, key=lambda one: search.score(candidates[one]))  # of equals the first
    facts: dict[str, object] = {"model": "+".join(chosen)}
    trees = regression = None
    if "boosting" in chosen:
        facts["trees"] = found["boosting"][0]
        sums = sums_of(boost(rows, encoding, learning_rate, seed, facts["trees"]), rows)
        trees = as_trees(sums, encoding.codes(rows.table.iloc[:CHECKED])) if sums else None
    if "logistic" in chosen:
        facts["c"] = found["logistic"][0]
        regression = regress(rows, encoding, facts["c"], metric)
    return TabularMember(encoding, bare.shares, rows.several, trees, regression), facts


class _Search:
    """Cross-validation within the training rows."""

    def __init__(
        self, rows: TabularRows, metadata: Metadata, learning_rate: float, most: int, seed: int, metric: Metric
    ):
        self.rows, self.metric, self.most = rows, metric, most
        self.learning_rate, self.seed = learning_rate, seed
        names = [str(label) for label in range(rows.n_classes)]
        ids = [str(row) for row in range(len(rows.labels))]
        count = min(INNER_FOLDS, len(set(rows.groups)))
        self.folds = make_folds(
            ids, decode(rows.labels, names), rows.groups, count, derived_seed(seed, "tabular"), several=rows.several
        )
        self.parts = []
        for fold in range(count):
            inner, outer = rows.at(np.flatnonzero(self.folds != fold)), rows.at(np.flatnonzero(self.folds == fold))
            self.parts.append((inner, outer, TabularEncoding.of(inner.table, metadata)))

    def score(self, probabilities: np.ndarray) -> float:
        """Return how good out-of-fold probabilities are, higher is better; by log loss where the metric can't say."""
        score = plain_score(self.metric, self.rows.labels, probabilities, self.rows.several)
        return goodness(score, self.metric, self.rows.labels, probabilities)

    def loss(self, probabilities: np.ndarray) -> float:
        """Return the mean log loss of out-of-fold probabilities, of several labels over these too."""
        labels = self.rows.labels
        right = (
            np.where(labels, probabilities, 1 - probabilities)
            if self.rows.several
            else probabilities[np.arange(len(labels)), labels]
        )
        return float(-np.log(np.maximum(right, LEAST_PROBABILITY)).mean())

    def logistic(self) -> tuple[float, np.ndarray]:
        """Return the best inverse penalty, of equals the lowest, and its out-of-fold probabilities."""
        best, highest, kept, waited = C_RANGE[0], -np.inf, None, 0
        for c in C_RANGE:
            found = [
                TabularMember(code, shares_of(inner), inner.several, None, regress(inner, code, c, self.metric))
                for inner, _, code in self.parts
            ]
            probabilities = self._out_of_fold(found)
            score = self.score(probabilities)
            if kept is None or score > highest:
                best, highest, kept, waited = c, score, probabilities, 0
            elif (waited := waited + 1) >= PATIENCE:
                break
        return best, kept

    def boosting(self) -> tuple[int, np.ndarray]:
        """Return the rounds with the least log loss out of fold, and their out-of-fold probabilities."""
        models = [None] * len(self.parts)
        best, least, kept, waited = ROUNDS, np.inf, None, 0
        for rounds in range(ROUNDS, self.most + 1, ROUNDS):
            found = []
            for k, (inner, _, code) in enumerate(self.parts):
                models[k] = boost(inner, code, self.learning_rate, self.seed, rounds, models[k])
                found.append(TabularMember(code, shares_of(inner), inner.several, sums_of(models[k], inner)))
            probabilities = self._out_of_fold(found)
            loss = self.loss(probabilities)
            if loss < least:
                best, least, kept, waited = rounds, loss, probabilities, 0
            elif (waited := waited + 1) >= PATIENCE:
                break
        return best, kept

    def _out_of_fold(self, members: Sequence[TabularMember]) -> np.ndarray:
        result = np.empty((len(self.folds), self.rows.n_classes), np.float32)
        for fold, (member, (_, outer, _)) in enumerate(zip(members, self.parts, strict=True)):
            result[self.folds == fold] = member.predict_proba(outer.table)
        return result
