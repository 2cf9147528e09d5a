"""Label review where an image may have several labels: each label of each image is held against the members by itself.

A label is there or not, so it is a question of two classes, to which `review` 's confident learning is put.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from competition.data.label_sets import decode, encode, join_labels, split_labels
from competition.data.predictions import Predictions
from competition.ensembling.voting import soft_vote
from competition.labels.confident_learning import flagged
from competition.labels.fixes import NO_LABELS

DECIMALS = 4


def review_label_sets(
    members: Sequence[Predictions], given: Sequence[str], class_names: Mapping[str, str]
) -> pd.DataFrame:
    """Return a row for each label of an image that is probably missing or too many, the most doubtful first.

    As `review_labels`, but that target and suggestion are all labels of the image, which differ in the one in doubt;
    confidence and label_probability are of that one: that it is as suggested, or as given. An image of several doubts
    has several rows. suggestion NO_LABELS: the image has none. A label that only one image has, or lacks, is no doubt.
    """
    targets = members[0].targets
    labels = encode(given, targets, several=True)
    mean = soft_vote(members, [_accuracy(member, labels) for member in members])
    has = mean.probabilities.astype(np.float64)
    found = [
        (row, label)
        for label in range(len(targets))
        if 0 < labels[:, label].sum() < len(labels)
        for row in flagged(labels[:, label].astype(np.int64), np.stack([1 - has[:, label], has[:, label]], axis=1))
    ]
    rows, columns = np.array(found, np.int64).reshape(-1, 2).T
    given_there = labels[rows, columns]
    confidence = np.where(given_there == 1, 1 - has[rows, columns], has[rows, columns])
    suggested = labels[rows].copy()
    suggested[np.arange(len(rows)), columns] = 1 - given_there
    texts = decode(labels[rows], targets), decode(suggested, targets)
    agreeing = [member.labels[rows, columns] != given_there for member in members]
    review = pd.DataFrame(
        {
            "ID": mean.ids[rows],
            "target": texts[0],
            "suggestion": [text or NO_LABELS for text in texts[1]],
            "confidence": confidence.round(DECIMALS),
            "label_probability": (1 - confidence).round(DECIMALS),
            "agreeing": np.mean(agreeing, axis=0).round(DECIMALS),
            "class_name": [_names(text, class_names) for text in texts[0]],
            "suggested_name": [_names(text, class_names) for text in texts[1]],
        }
    )
    order = np.lexsort([columns, review["ID"].astype(str), -confidence])
    return review.iloc[order].reset_index(drop=True)


def _names(text: str, class_names: Mapping[str, str]) -> str:
    return join_labels(class_names[target] for target in split_labels(text)) or "no label"


def _accuracy(member: Predictions, labels: np.ndarray) -> float:
    """Return the share of labels that the member sees as they were given, in (0, 1): smoothed, so that none is 0."""
    return float(((member.labels == labels).sum() + 1) / (labels.size + 2))
