"""Columns that give the labels away, and columns that don't."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest

from competition.audit.metadata import column_auc, metadata_warnings
from competition.data.metadata import as_metadata

GENERATOR = np.random.default_rng(0)
N = 240
LABELS = np.sort(GENERATOR.integers(3, size=N))  # rows by class, as folders are listed
COLUMNS = {
    "file": [f"image {n}" for n in range(N)],
    "row": [str(n) for n in range(N)],
    "diagnosis": ["abc"[label] + "mild" * int(GENERATOR.integers(2)) for label in LABELS],
    "age": [f"{40 + 5 * label + 10 * GENERATOR.normal():.1f}" for label in LABELS],
    "site": GENERATOR.choice(["arm", "leg", ""], N).tolist(),
    "empty": [""] * N,
    "same": ["x"] * N,
}
IDS = [f"i{n}" for n in range(N)]


def metadata_of(columns, n=N):
    return as_metadata(pd.DataFrame({"set": "train", "ID": IDS, **columns}).head(n))


def test_ids_orders_and_copies_of_the_labels_are_warned_of():
    warnings = metadata_warnings(metadata_of(COLUMNS), IDS, LABELS, 3)
    named = {warning.split(":")[0].removeprefix("metadata column "): warning for warning in warnings}
    assert set(named) == {"file", "row", "diagnosis"}
    assert "another text in every row" in named["file"]
    assert "all alone (AUC 1.000)" in named["diagnosis"] and "order of the rows" in named["row"]


def test_several_labels():
    several = np.stack([LABELS == 1, GENERATOR.random(N) < 0.3], axis=1).astype(np.uint8)
    both = [f"{one}{other}" for one, other in several]
    found = metadata_warnings(metadata_of({"both": both, "site": COLUMNS["site"]}), IDS, several, 2)
    assert len(found) == 1 and "column both" in found[0]


def test_nothing_is_said_of_a_few_rows():
    assert metadata_warnings(metadata_of(COLUMNS, 19), IDS[:19], LABELS[:19], 3) == []


@pytest.mark.parametrize("kind", ["numbers", "categories"])
def test_noise_is_near_a_half(kind):
    column = (
        pd.Series(GENERATOR.normal(size=2000)) if kind == "numbers" else pd.Series(GENERATOR.choice(list("abcd"), 2000))
    )
    y_true = np.eye(2)[GENERATOR.integers(2, size=2000)]
    assert abs(column_auc(column, y_true) - 0.5) < 0.06
    assert column_auc(column, np.ones((2000, 0))) == 0.5


def test_thousands_of_classes_take_no_table_of_images_and_classes():
    labels = np.arange(20_000) // 4  # four rows each, which is too few to say anything
    labels[::50] = 7
    ids = [str(number) for number in range(len(labels))]
    columns = {"site": GENERATOR.choice(list("abc"), len(ids)), "hotel": ["7" if one == 7 else "x" for one in labels]}
    metadata = as_metadata(pd.DataFrame({"set": "train", "ID": ids, **columns}))
    tracemalloc.start()
    (warning,) = metadata_warnings(metadata, ids, labels, 5000)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "column hotel: tells the classes apart" in warning and most < 20_000 * 5000 * 8 / 10
