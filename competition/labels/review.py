"""Label review: labels that are probably wrong, ranked, from the members' out-of-fold predictions.

Confident learning (Northcutt, Jiang and Chuang, Confident Learning: Estimating Uncertainty in Dataset Labels, JAIR 70,
2021; here by the library cleanlab) estimates how many images that are labelled as one class belong to another, and
flags as many: those for which the other class is most probable beside their own ("prune by noise rate").
"""

import warnings
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from cleanlab.filter import find_label_issues

from competition.data.predictions import Predictions
from competition.ensembling.voting import soft_vote

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

    A class's only image is never flagged. Raises ValueError for members that differ in IDs or targets, another number
    of labels, or a label outside the targets.
    """
    labels = _indices(members, given)
    mean = soft_vote(members, [_accuracy(member, labels) for member in members])
    probabilities = mean.probabilities.astype(np.float64)
    flagged = _flagged(labels, probabilities)
    rows = np.arange(len(flagged))
    others = probabilities[flagged]
    own = others[rows, labels[flagged]].copy()
    others[rows, labels[flagged]] = -1.0
    suggested = others.argmax(axis=1)
    targets = np.array(mean.targets, dtype=str)
    review = pd.DataFrame(
        {
            "ID": mean.ids[flagged],
            "target": targets[labels[flagged]],
            "suggestion": targets[suggested],
            "confidence": others[rows, suggested].round(DECIMALS),
            "label_probability": own.round(DECIMALS),
            "agreeing": np.mean([member.indices[flagged] == suggested for member in members], axis=0).round(DECIMALS),
        }
    )
    for column, of in (("class_name", "target"), ("suggested_name", "suggestion")):
        review[column] = [class_names[target] for target in review[of]]
    order = np.lexsort([review["ID"].astype(str), own - others[rows, suggested]])
    return review.iloc[order].reset_index(drop=True)


def _flagged(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    with warnings.catch_warnings():
        # of a class with one image: the docstring says so
        warnings.filterwarnings("ignore", "May not flag all label issues")
        return np.flatnonzero(find_label_issues(labels, probabilities, filter_by="prune_by_noise_rate", n_jobs=1))


def _indices(members: Sequence[Predictions], given: Sequence[str]) -> np.ndarray:
    """Return (N,) int64: the position of each label in the members' targets."""
    first = members[0]
    position = {target: index for index, target in enumerate(first.targets)}
    if len(given) != len(first) or not set(given) <= set(position):
        raise ValueError(
            f"labels: expected {len(first)} out of {list(first.targets)}, found {len(given)}: {sorted(set(given))}"
        )
    if any(member.ids.tolist() != first.ids.tolist() for member in members):
        raise ValueError("members: expected the same IDs in the same order")
    return np.array([position[target] for target in given], dtype=np.int64)


def _accuracy(member: Predictions, labels: np.ndarray) -> float:
    """Return the share of labels that the member names, in (0, 1): smoothed, so that no weight is 0."""
    return float(((member.indices == labels).sum() + 1) / (len(labels) + len(member.targets)))
