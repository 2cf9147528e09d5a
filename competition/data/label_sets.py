"""Labels of images: their text form inside the project, and encoded as arrays.

One label stands as it is; several of an image are joined by SEPARATOR in class order, "" for none.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from competition.common.errors import examples

SEPARATOR = "|"


def split_labels(text: str | None) -> tuple[str, ...]:
    """Return the labels of an image from their text form; () of "" and None."""
    return tuple(text.split(SEPARATOR)) if text else ()


def join_labels(labels: Iterable[str]) -> str:
    """Return the text form of an image's labels, in the order given."""
    return SEPARATOR.join(labels)


def encode(targets: Sequence[str], classes: Sequence[str], several: bool) -> np.ndarray:
    """Return encoded labels: (N,) int64 class indices, or with `several` (N, C) uint8 of 0 and 1.

    targets: (N,) in text form; classes: (C,) in their order. Raises ValueError for labels that are none of them.
    """
    class2index = {label: index for index, label in enumerate(classes)}
    labels = [split_labels(target) if several else (target,) for target in targets]
    if unknown := sorted({label for of_image in labels for label in of_image if label not in class2index}, key=str):
        raise ValueError(f"labels outside the {len(class2index)} classes: {examples(unknown)}")
    if not several:
        return np.array([class2index[label] for (label,) in labels], np.int64)
    encoded = np.zeros((len(labels), len(class2index)), np.uint8)
    for row, of_image in enumerate(labels):
        encoded[row, [class2index[label] for label in of_image]] = 1
    return encoded


def decode(labels: np.ndarray, classes: Sequence[str]) -> list[str]:
    """Return the text form (N,) of encoded labels, (N,) or (N, C)."""
    if labels.ndim == 1:
        return [classes[index] for index in labels.tolist()]
    return [join_labels(classes[index] for index in np.flatnonzero(row)) for row in labels]


def holds_several(targets: Iterable[str | None], classes: Sequence[str]) -> bool:
    """Return whether any of `targets` names several labels, or none, rather than one of `classes`.

    Where none does, images of one label and of several are dealt with alike.
    """
    return not {*targets} - {None} <= {*classes}


def label_counts(labels: np.ndarray, n_classes: int) -> np.ndarray:
    """Return (C,) int64: how many images have each label, of encoded labels (N,) or (N, C)."""
    return np.bincount(labels, minlength=n_classes) if labels.ndim == 1 else labels.sum(axis=0, dtype=np.int64)


def likeliest_labels(probabilities: np.ndarray, several: bool) -> np.ndarray:
    """Return encoded labels of probabilities (N, C): the likeliest class, of equals the first.

    several: the labels with a probability of 0.5 or more.
    """
    return (probabilities >= 0.5).astype(np.uint8) if several else probabilities.argmax(axis=1)
