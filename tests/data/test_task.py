"""A task's labels and answers as arrays, and what is answered to an image that nobody could read."""

import numpy as np
import pytest
from makers.tasks import made_task

CLASSES = ("cat", "dog", "cow")


def test_one_label_an_image():
    task = made_task(CLASSES)
    assert (task.targets, task.n_classes, task.several, task.answers_are_labels) == (CLASSES, 3, False, True)
    labels = task.encode(["cow", "cat"])
    assert labels.tolist() == [2, 0] and task.decode(labels) == ["cow", "cat"] and task.labels_of(labels) is labels
    assert task.empty(2).tolist() == [0, 0] and task.empty(2).dtype == np.int64


def test_several_labels_an_image():
    task = made_task(CLASSES, labels="multi", answer="label_list")
    labels = task.encode(["cow|cat", ""])
    assert labels.tolist() == [[1, 0, 1], [0, 0, 0]] and task.decode(labels) == ["cat|cow", ""]
    assert task.several and task.answers_are_labels and task.labels_of(labels) is labels
    assert task.empty(2).shape == (2, 3) and task.empty(2).dtype == np.uint8


@pytest.mark.parametrize(("labels", "expected"), [("single", [1, 0]), ("multi", [[0, 1, 0], [1, 0, 1]])])
def test_labels_of_probabilities_are_the_likeliest(labels, expected):
    task = made_task(CLASSES, labels=labels, answer="probabilities", metric="roc_auc")
    assert not task.answers_are_labels and task.empty(2).shape == (2, 3) and task.empty(2).dtype == np.float64
    assert task.labels_of(np.array([[0.2, 0.6, 0.2], [0.5, 0.0, 0.5]])).tolist() == expected


SHARES = [0.5, 0.25, 0.25]


@pytest.mark.parametrize(
    ("settings", "labels", "expected"),
    [
        ({}, ["dog", "cow", "dog", "cat"], 1),
        ({}, ["cow", "dog"], 1),  # of equals the first class
        ({"labels": "ordinal"}, ["cow", "cow", "cat"], 2),
        ({"answer": "probabilities", "metric": "log_loss"}, ["cat", "cat", "dog", "cow"], SHARES),
        ({"answer": "ranked", "metric": "map_at_5"}, ["cat", "cat", "dog", "cow"], SHARES),
        ({"labels": "multi", "answer": "label_list"}, ["cat|dog", "cat", "cow|dog", "cat"], [1, 1, 0]),
        ({"labels": "multi", "answer": "label_list"}, ["cat", "dog", "cow"], [0, 0, 0]),  # none of half of them
        ({"labels": "multi", "answer": "probabilities", "metric": "log_loss"}, ["cat|dog", "cat", "", "cow"], SHARES),
    ],
)
def test_an_image_that_nobody_could_read_gets_what_is_most_frequent(settings, labels, expected):
    task = made_task(CLASSES, **settings)
    found = task.base_rate(task.encode(labels))
    assert np.asarray(found).tolist() == expected
    filled = task.empty(2)
    filled[:] = found  # as it stands in a submission
    assert filled.tolist() == [expected] * 2
