"""Label review: labels that are probably wrong, ranked, from the members' out-of-fold predictions."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from competition.data.label_sets import encode, split_labels
from competition.data.predictions import Predictions
from competition.ensembling.voting import soft_vote
from competition.labels.confident_learning import flagged
from competition.labels.review_sets import review_label_sets

DECIMALS = 4


def review_labels(members: Sequence[Predictions], given: Sequence[str], class_names: Mapping[str, str]) -> pd.DataFrame:
    """Return the flagged images, the most doubtful label first.

    members: each member's out-of-fold predictions of the same N clean images, with the same IDs in the same order;
    given: their N labels; class_names: target -> readable name. The probabilities below are the members' mean, each
    member weighted by how often it names the given label, so that a weak one hardly blurs the others.

    Columns: ID; target, the given label, and suggestion, the most probable other class; confidence, the suggestion's
    probability in [0, 1], and label_probability, the given label's; agreeing, the share of members for whom the
    suggestion is the most probable class; class_name and suggested_name. Rows rise by label_probability - confidence,
    of equals by ID.

    A class's only image is never flagged. Where an image may have several labels: see `review_label_sets`. Raises
    ValueError for members that differ in IDs or targets, another number of labels, or a label outside the targets.
    """
    _check(members, given)
    if not members[0].exclusive:
        return review_label_sets(members, given, class_names)
    labels = encode(given, members[0].targets, several=False)
    mean = soft_vote(members, [_accuracy(member, labels) for member in members])
    probabilities = mean.probabilities.astype(np.float64)
    doubtful = flagged(labels, probabilities)
    rows = np.arange(len(doubtful))
    others = probabilities[doubtful]
    own = others[rows, labels[doubtful]].copy()
    others[rows, labels[doubtful]] = -1.0
    suggested = others.argmax(axis=1)
    targets = np.array(mean.targets, dtype=str)
    review = pd.DataFrame(
        {
            "ID": mean.ids[doubtful],
            "target": targets[labels[doubtful]],
            "suggestion": targets[suggested],
            "confidence": others[rows, suggested].round(DECIMALS),
            "label_probability": own.round(DECIMALS),
            "agreeing": np.mean([member.indices[doubtful] == suggested for member in members], axis=0).round(DECIMALS),
        }
    )
    for column, of in (("class_name", "target"), ("suggested_name", "suggestion")):
        review[column] = [class_names[target] for target in review[of]]
    order = np.lexsort([review["ID"].astype(str), own - others[rows, suggested]])
    return review.iloc[order].reset_index(drop=True)


def _check(members: Sequence[Predictions], given: Sequence[str]) -> None:
    first = members[0]
    known = set(first.targets)
    found = {label for text in given for label in ([text] if first.exclusive else split_labels(text))}
    if len(given) != len(first) or not found <= known:
        raise ValueError(
            f"labels: expected {len(first)} out of {list(first.targets)}, found {len(given)}: {sorted(found)}"
        )
    if any(member.ids.tolist() != first.ids.tolist() for member in members):
        raise ValueError("members: expected the same IDs in the same order")


def _accuracy(member: Predictions, labels: np.ndarray) -> float:
    """Return the share of labels that the member names, in (0, 1): smoothed, so that no weight is 0."""
    return float(((member.indices == labels).sum() + 1) / (len(labels) + len(member.targets)))
