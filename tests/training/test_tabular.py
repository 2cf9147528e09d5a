"""Classifiers of metadata: trees against scikit-learn's own, what is chosen, and what is left when nothing is known."""

import numpy as np
import pandas as pd
import pytest
from makers.metrics import F1
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import log_loss

from competition.data.metadata import as_metadata
from competition.metrics.scores import METRICS
from competition.training.tabular import TabularMember, TabularRows, boost, sums_of
from competition.training.tabular_choice import fit_tabular
from competition.training.tabular_encoding import TabularEncoding
from competition.training.trees import as_trees

LOG_LOSS = METRICS["log_loss"]()


def made_up(n=300, seed=0, gaps=0.1):
    """Two numbers with gaps, a category of five with gaps, one of 300, a constant; signal in all but the last two."""
    generator = np.random.default_rng(seed)
    age, size = generator.normal(50, 15, n), generator.normal(0, 1, n)
    site = generator.choice(["arm", "leg", "hand", "head", "foot"], n, p=[0.4, 0.3, 0.15, 0.1, 0.05])
    table = pd.DataFrame(
        {
            "set": "train",
            "ID": [f"i{k}" for k in range(n)],
            "age": [f"{value:.2f}" for value in age],
            "size": [repr(float(value)) for value in size],
            "site": site,
            "many": [f"m{k}" for k in generator.integers(300, size=n)],
            "same": "x",
        }
    )
    for name in ("age", "size", "site"):
        table.loc[generator.random(n) < gaps, name] = ""
    score = (site == "leg") * 2.0 - (site == "head") * 2 + (age > 55) * 1.5 + size
    return as_metadata(table), table["ID"].tolist(), score + generator.normal(0, 0.5, n)


def rows_of(metadata, ids, labels, n_classes):
    return TabularRows(metadata.of("train", ids), labels, ids, n_classes)


def labels_of(score, kind):
    if kind == "multi":
        return np.stack([score > 1, score > 3, score < -1], axis=1).astype(np.uint8), 3
    borders = [1.0] if kind == "two" else [0.0, 1.5]
    return np.digitize(score, borders), len(borders) + 1


def fitted(kind, model="boosting", n=300, metric=LOG_LOSS, **changes):
    metadata, ids, score = made_up(n)
    labels, n_classes = labels_of(score, kind)
    rows = rows_of(metadata, ids, labels, n_classes)
    return metadata, rows, *fit_tabular(rows, metadata, model, 0.1, changes.get("rounds", 60), 0, metric)


@pytest.mark.parametrize("kind", ["two", "three"])
def test_trees_are_scikit_learns_on_other_rows_too(kind):
    metadata, rows, member, facts = fitted(kind)
    other_metadata, other_ids, _ = made_up(200, seed=7, gaps=0.3)
    others = other_metadata.of("train", other_ids)
    encoding, categories = member.encoding, len(member.encoding.categories)
    assert list(encoding.categories) == ["site", "many"] and list(encoding.medians) == ["age", "size"]
    plain = HistGradientBoostingClassifier(
        learning_rate=0.1,
        max_leaf_nodes=15,
        min_samples_leaf=10,
        l2_regularization=1.0,
        categorical_features=list(range(categories)),
        early_stopping=False,
        max_iter=facts["trees"],
        random_state=0,
    ).fit(encoding.codes(rows.table), rows.labels)
    for table in (rows.table, others, encoding.unknown(3)):
        assert np.allclose(member.predict_proba(table), plain.predict_proba(encoding.codes(table)), atol=1e-6)


def test_categories_that_a_part_of_the_rows_lacks_go_where_missing_ones_go():
    metadata, ids, score = made_up()
    labels, n_classes = labels_of(score, "three")
    rows = rows_of(metadata, ids, labels, n_classes)
    encoding = TabularEncoding.of(rows.table, metadata)
    some = rows.at(np.flatnonzero((rows.table["site"] != "leg").to_numpy()))
    sums = sums_of(boost(some, encoding, 0.1, 0, 30), some)
    trees = as_trees(sums, encoding.codes(rows.table))
    legs = rows.table[rows.table["site"] == "leg"]
    missing = legs.assign(site=None)
    assert np.array_equal(trees.sums(encoding.codes(legs)), trees.sums(encoding.codes(missing)))


@pytest.mark.parametrize("kind", ["two", "three", "multi"])
@pytest.mark.parametrize("model", ["boosting", "logistic", "auto"])
def test_it_is_better_than_the_shares_and_is_read_back(kind, model):
    metadata, rows, member, facts = fitted(kind, model)
    assert set(facts["model"].split("+")) <= {"boosting", "logistic"}
    other_metadata, other_ids, score = made_up(300, seed=5)
    others, (labels, _) = other_metadata.of("train", other_ids), labels_of(score, kind)
    found = member.predict_proba(others)
    assert found.dtype == np.float32 and found.shape == (300, rows.n_classes)
    columns = range(3) if kind == "multi" else [None]
    for column in columns:
        of = (lambda values, k=column: values[:, k]) if kind == "multi" else (lambda values: values)
        base = np.tile(member.shares, (300, 1))
        assert log_loss(of(labels), of(found.astype(float))) < 0.85 * log_loss(of(labels), of(base))
    assert kind == "multi" or np.allclose(found.sum(axis=1), 1, atol=1e-5)
    again = TabularMember.from_tensors(member.tensors(), several=kind == "multi")
    assert np.array_equal(again.predict_proba(others), found)
    assert np.array_equal(
        again.predict_proba(member.encoding.unknown(2)), member.predict_proba(member.encoding.unknown(2))
    )


@pytest.mark.slow
def test_auto_is_no_worse_than_either():
    metadata, ids, score = made_up(400)
    labels, n_classes = labels_of(score, "three")
    half = rows_of(metadata, ids[:250], labels[:250], n_classes)
    losses = {}
    for model in ("auto", "boosting", "logistic"):
        member, _ = fit_tabular(half, metadata, model, 0.05, 100, 0, LOG_LOSS)
        losses[model] = log_loss(labels[250:], member.predict_proba(metadata.of("train", ids[250:])).astype(float))
    assert losses["auto"] < 1.05 * min(losses.values())


def test_ten_rows_of_many_classes_take_a_regression():
    generator = np.random.default_rng(0)
    labels = np.repeat(np.arange(20), 10)
    values = (generator.normal(0, 1, (20, 8))[labels] + generator.normal(0, 0.4, (200, 8))) @ generator.normal(
        size=(8, 30)
    )
    table = pd.DataFrame({"set": "train", "ID": [f"i{k}" for k in range(200)]})
    metadata = as_metadata(table.assign(**{f"margin{k}": [repr(float(v)) for v in values[:, k]] for k in range(30)}))
    learnt, asked = np.flatnonzero(np.arange(200) % 10 < 8), np.flatnonzero(np.arange(200) % 10 >= 8)
    rows = rows_of(metadata, table["ID"].tolist(), labels, 20)
    member, facts = fit_tabular(rows.at(learnt), metadata, "auto", 0.05, 300, 0, F1)
    assert facts["model"] == "logistic"
    assert (member.predict_proba(rows.at(asked).table).argmax(axis=1) == labels[asked]).mean() > 0.8


@pytest.mark.slow
def test_a_class_or_label_that_training_lacks():
    metadata, ids, score = made_up()
    labels, _ = labels_of(score, "three")
    for model in ("boosting", "logistic"):
        rows = rows_of(metadata, ids, labels + (labels > 0), 4)  # class 1 is missing
        found = fit_tabular(rows, metadata, model, 0.1, 20, 0, F1)[0].predict_proba(rows.table)
        assert (found[:, 1] == 0).all() and np.allclose(found.sum(axis=1), 1, atol=1e-5)
        several = np.stack([labels > 0, labels < 0], axis=1).astype(np.uint8)
        found = fit_tabular(rows_of(metadata, ids, several, 2), metadata, model, 0.1, 20, 0, F1)[0]
        assert np.allclose(found.predict_proba(rows.table)[:, 1], 0.5 / 301)


def test_without_anything_to_learn_from_the_shares_answer():
    metadata, ids, score = made_up()
    labels, n_classes = labels_of(score, "three")
    nothing = as_metadata(pd.DataFrame({"set": "train", "ID": ids, "same": "x", "id": ids}))
    member, facts = fit_tabular(rows_of(nothing, ids, labels, n_classes), nothing, "auto", 0.1, 20, 0, F1)
    shares = np.bincount(labels) / len(labels)
    assert facts == {"model": "shares"} and np.allclose(member.predict_proba(nothing.of("train", ids[:2])), shares)
    again = TabularMember.from_tensors(member.tensors(), several=False)
    assert np.allclose(again.predict_proba(nothing.of("test", ["new"])), shares)


@pytest.mark.slow
def test_groups_stay_together_in_the_choice():
    """A number that names the group must not look like knowledge."""
    generator = np.random.default_rng(0)
    group = np.repeat(np.arange(60), 5)
    labels, ids = generator.integers(2, size=60)[group], [f"i{k}" for k in range(300)]
    noise = generator.permutation(60)[group]
    metadata = as_metadata(pd.DataFrame({"set": "train", "ID": ids, "number": noise.astype(str)}))
    rows = TabularRows(metadata.of("train", ids), labels, [str(g) for g in group], 2)
    _, facts = fit_tabular(rows, metadata, "boosting", 0.1, 200, 0, LOG_LOSS)
    alone = TabularRows(rows.table, labels, ids, 2)
    assert facts["trees"] < fit_tabular(alone, metadata, "boosting", 0.1, 200, 0, LOG_LOSS)[1]["trees"]
