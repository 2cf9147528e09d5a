"""Labels as text and as arrays: one class an image, and a set of them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from competition.data.label_sets import (
    SEPARATOR,
    decode,
    encode,
    holds_several,
    join_labels,
    label_counts,
    likeliest_labels,
    split_labels,
)

CLASSES = ("7", "10", "x y", "NA")
SETS = st.lists(st.sets(st.integers(0, len(CLASSES) - 1)), max_size=6)


def test_cells_by_hand():
    assert split_labels("") == () and split_labels("7") == ("7",) and split_labels("x y|7") == ("x y", "7")
    assert join_labels([]) == "" and join_labels(("7", "x y")) == f"7{SEPARATOR}x y" == "7|x y"


def test_one_label_an_image_is_its_index():
    labels = encode(["x y", "7", "NA", "7"], CLASSES, several=False)
    assert labels.tolist() == [2, 0, 3, 0] and labels.dtype == np.int64
    assert decode(labels, CLASSES) == ["x y", "7", "NA", "7"]
    assert encode(["a|b"], ["a|b", "a"], several=False).tolist() == [0]  # "|" is a letter like any other
    assert encode([], CLASSES, several=False).tolist() == [] and decode(np.zeros(0, np.int64), CLASSES) == []


def test_several_labels_are_a_row_of_0_and_1_in_any_order_of_the_text():
    labels = encode(["NA|7", "", "7|7", "x y"], CLASSES, several=True)
    assert labels.tolist() == [[1, 0, 0, 1], [0, 0, 0, 0], [1, 0, 0, 0], [0, 0, 1, 0]] and labels.dtype == np.uint8
    assert decode(labels, CLASSES) == ["7|NA", "", "7", "x y"]  # in class order, each once
    assert encode([], CLASSES, several=True).shape == (0, 4)


@settings(max_examples=60, deadline=None)
@given(sets=SETS)
def test_sets_are_read_back(sets):
    cells = [join_labels(CLASSES[index] for index in sorted(one)) for one in sets]
    labels = encode(cells, CLASSES, several=True)
    assert decode(labels, CLASSES) == cells
    assert [{*np.flatnonzero(row).tolist()} for row in labels] == sets


@pytest.mark.parametrize(
    ("cells", "several", "unknown"),
    [
        (["7", "8", "", "8"], False, ", 8"),
        (["7|10"], False, r"7\|10"),
        (["7|11", "", "12"], True, "11, 12"),
        (["7||10"], True, "''"),
        (["|7"], True, "''"),
        ([" 7"], True, " 7"),
    ],
)
def test_labels_that_are_no_class_are_named(cells, several, unknown):
    with pytest.raises(ValueError, match=f"labels outside the 4 classes: .*{unknown}"):
        encode(cells, CLASSES, several)


def test_counts_and_the_likeliest():
    assert label_counts(np.array([0, 2, 2]), 4).tolist() == [1, 0, 2, 0]
    assert label_counts(np.array([[1, 1, 0, 0]] * 300, np.uint8), 4).tolist() == [300, 300, 0, 0]  # beyond a uint8
    probabilities = np.array([[0.4, 0.4, 0.2], [0.5, 0.49, 1.0]])
    assert likeliest_labels(probabilities, several=False).tolist() == [0, 2]
    several = likeliest_labels(probabilities, several=True)
    assert several.tolist() == [[0, 0, 0], [1, 0, 1]] and several.dtype == np.uint8
    assert encode([], CLASSES, True).shape == (0, len(CLASSES)) and encode([], CLASSES, False).shape == (0,)


def test_a_bar_in_a_name_is_no_separator_where_there_is_one_label():
    assert encode(["a|b"], ["a|b", "c"], several=False).tolist() == [0]
    assert not holds_several(["a|b", "c", None], ["a|b", "c"])
    assert holds_several(["cat|dog"], CLASSES) and holds_several(["cat", ""], CLASSES)
