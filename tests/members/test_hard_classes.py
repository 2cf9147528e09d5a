"""Which classes are hard, and which images the specialist is asked about."""

import numpy as np
import pytest

from competition.data.predictions import Predictions
from competition.ensembling.specialist_votes import asked
from competition.members.hard_classes import hard_classes


def from_confusion(counts):
    """True and predicted class indices with exactly this confusion matrix."""
    y_true, predicted = [], []
    for actual, row in enumerate(counts):
        for answer, count in enumerate(row):
            y_true += [actual] * count
            predicted += [answer] * count
    return np.array(y_true), np.array(predicted), len(counts)


def test_the_most_confused_pair():
    # shares: 0 -> 1 is 3/10, 1 -> 0 is 1/10: mutual 0.4; 2 <-> 3: 2/10 + 1/10 = 0.3, but neither with 0 or 1
    counts = [[7, 3, 0, 0], [1, 9, 0, 0], [0, 0, 8, 2], [0, 0, 1, 9]]
    assert hard_classes(*from_confusion(counts), most=4) == [0, 1]


def test_shares_count_and_not_images():
    # 0 <-> 1: 6 images, of 100 each: 0.06. 2 <-> 3: 2 images, of 5 each: 0.4
    counts = [[97, 3, 0, 0], [3, 97, 0, 0], [0, 0, 4, 1], [0, 0, 1, 4]]
    assert hard_classes(*from_confusion(counts), most=2) == [2, 3]


def test_a_class_joins_with_at_least_half_the_first_pairs_confusion():
    # 1 <-> 3: 0.4 + 0.4 = 0.8. 2 with 1: 0.2, with 3: 0.2: 0.4, exactly half of 0.8. 0: with 2 0.1 only
    counts = [[9, 0, 1, 0], [0, 6, 0, 4], [0, 2, 6, 2], [0, 4, 0, 6]]
    y_true, predicted, n = from_confusion(counts)
    assert hard_classes(y_true, predicted, n, most=4) == [1, 2, 3]
    assert hard_classes(y_true, predicted, n, most=2) == [1, 3]
    counts[2] = [0, 2, 7, 1]  # 0.2 + 0.1 is less than half
    assert hard_classes(*from_confusion(counts), most=4) == [1, 3]


def test_a_class_that_one_fold_has_alone_is_not_hard():
    """It is always answered wrongly, by a network that has never seen it."""
    counts = [[6, 4, 0, 0], [4, 6, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]]
    assert hard_classes(*from_confusion(counts), most=4) == [2, 3]
    assert hard_classes(*from_confusion(counts), most=4, learnable=np.array([True, True, False, False])) == [0, 1]
    # no two are left
    assert hard_classes(*from_confusion(counts), most=4, learnable=np.array([True, False, False, False])) == [2, 3]


def test_ties_go_to_the_lower_index():
    counts = [[8, 2, 0, 0], [0, 10, 0, 0], [0, 0, 8, 2], [0, 0, 0, 10]]
    assert hard_classes(*from_confusion(counts), most=3) == [0, 1]
    # 2 and 3 are confused with 0 alike; the lower joins, and of three there is no room for the other
    counts = [[4, 4, 1, 1], [0, 10, 0, 0], [2, 0, 8, 0], [2, 0, 0, 8]]
    assert hard_classes(*from_confusion(counts), most=3) == [0, 1, 2]


@pytest.mark.parametrize("most", [2, 4])
def test_without_confusion_there_are_still_two_different_classes(most):
    assert hard_classes(*from_confusion([[5, 0, 0], [0, 5, 0], [0, 0, 5]]), most=most) == [0, 1]


def test_a_class_without_images_and_two_classes_in_all():
    assert hard_classes(*from_confusion([[3, 0, 1], [0, 0, 0], [2, 0, 2]]), most=3) == [0, 2]
    assert hard_classes(*from_confusion([[3, 1], [0, 4]]), most=9) == [0, 1]


def predictions(prefix, rows):
    return Predictions([f"{prefix}{n}" for n in range(len(rows))], rows, ("a", "b", "c"))


def test_asked_where_the_base_answers_with_a_hard_class():
    clean = [[0.6, 0.3, 0.1], [0.1, 0.8, 0.1], [0.2, 0.2, 0.6]]  # a b c
    test_like = [[0.1, 0.8, 0.1], [0.1, 0.8, 0.1], [0.1, 0.8, 0.1]]  # b b b
    # test images: fold 0 says a, a, b; fold 1 says b, c, c; together 0.5 0.45, 0.35 0.05 0.6, 0.05 0.35 0.6 -> a c c
    first = predictions("t", [[0.7, 0.3, 0], [0.6, 0.1, 0.3], [0.1, 0.6, 0.3]])
    second = predictions("t", [[0.3, 0.6, 0.1], [0.1, 0, 0.9], [0, 0.1, 0.9]])
    other = {"clean": predictions("z", clean[::-1]), "test_like": predictions("z", clean), "test": first}
    own = {"clean": predictions("v", clean), "test_like": predictions("v", test_like), "test": second}
    found = {view: positions.tolist() for view, positions in asked([other, own], 1, "ac").items()}
    assert found == {"clean": [0, 2], "test_like": [], "test": [0, 1, 2]}
    assert asked([other, own], 1, "a")["test"].tolist() == [0]


def test_the_holdout_is_answered_by_all_folds_as_the_test_set_is():
    part = predictions("v", [[1, 0, 0]])
    first = {
        "clean": part,
        "test_like": part,
        "test": part,
        "holdout_clean": predictions("h", [[0.7, 0.3, 0], [0.1, 0.5, 0.4]]),
    }
    # together 0.4 0.6 0, 0.3 0.4 0.3
    other = first | {"holdout_clean": predictions("h", [[0.1, 0.9, 0], [0.5, 0.3, 0.2]])}
    for fold in (0, 1):
        assert asked([first, other], fold, "a")["holdout_clean"].tolist() == []
        assert asked([first, other], fold, "b")["holdout_clean"].tolist() == [0, 1]
