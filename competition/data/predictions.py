"""Predictions: IDs with their class probabilities, and the file that holds them.

Out-of-fold and test predictions have one layout in memory and on disk, so one voting code serves both.
"""

import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from competition.common.errors import examples, repeated
from competition.common.files import replace_file
from competition.data.label_sets import likeliest_labels

SUM_TOLERANCE = 1e-3  # float32 sums of a softmax over thousands of classes stay well within it
CONDITIONS = ("clean", "test_like")  # in which validation and holdout images are predicted, and scored
SEVERE = "severe"  # validation images damaged once more: never scored, they tell how answers get worse
OUT_OF_FOLD = (*CONDITIONS, SEVERE)  # parts of the predictions that are of validation images
FIELDS = ("ids", "probabilities", "targets")


@dataclass(frozen=True, eq=False)
class Predictions:
    """Class probabilities of images.

    ids: (N,) str, each once. probabilities: (N, C) float32 in [0, 1]; targets: (C,) labels, each once. exclusive: an
    image has one label, so rows sum to 1; else each label has a probability of its own. Lists and other dtypes are
    converted. Raises ValueError for anything that doesn't fit.
    """

    ids: np.ndarray
    probabilities: np.ndarray
    targets: tuple[str, ...]
    exclusive: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "ids", _as_strings(self.ids, "ids"))
        object.__setattr__(self, "targets", tuple(_as_strings(self.targets, "targets").tolist()))
        object.__setattr__(self, "probabilities", np.ascontiguousarray(self.probabilities, dtype=np.float32))
        expected = (len(self.ids), len(self.targets))
        if self.probabilities.shape != expected:
            raise ValueError(
                f"probabilities: expected shape {expected} (ids, targets), found {self.probabilities.shape}"
            )
        _check_rows(self.ids, self.probabilities, self.exclusive)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def indices(self) -> np.ndarray:
        """(N,) int64: the most probable class's position in `targets`; the lowest one of equals."""
        return self.probabilities.argmax(axis=1)

    @property
    def labels(self) -> np.ndarray:
        """(N,) `indices`; where not `exclusive`, (N, C) uint8: the labels with a probability of 0.5 or more."""
        return likeliest_labels(self.probabilities, not self.exclusive)

    @property
    def answers(self) -> np.ndarray:
        """(N,) str: the most probable target; the lowest position of equals."""
        return np.array(self.targets, dtype=str)[self.indices]

    def like(self, probabilities: np.ndarray) -> "Predictions":
        """Return other `probabilities` (N, C) of the same images."""
        return Predictions(self.ids, probabilities, self.targets, self.exclusive)

    def select(self, ids: Iterable[str]) -> "Predictions":
        """Return the predictions of `ids`, in their order. Raises ValueError that lists the IDs that aren't there."""
        ids = list(ids)
        id2row = {id_: row for row, id_ in enumerate(self.ids.tolist())}
        missing = [id_ for id_ in ids if id_ not in id2row]
        if missing:
            raise ValueError(f"{_listed(missing, 'IDs')} have no prediction")
        rows = np.array([id2row[id_] for id_ in ids], dtype=np.int64)
        return Predictions(np.array(ids, dtype=str), self.probabilities[rows], self.targets, self.exclusive)


def concatenate(parts: Sequence[Predictions]) -> Predictions:
    """Return all rows of all parts, in order. Raises ValueError when targets differ or an ID stands in two parts."""
    check_same_targets(parts)
    ids = [id_ for part in parts for id_ in part.ids.tolist()]
    return Predictions(
        ids, np.concatenate([part.probabilities for part in parts]), parts[0].targets, parts[0].exclusive
    )


def check_same_targets(parts: Sequence[Predictions]) -> None:
    """Raise ValueError unless there is a part, and all have the same targets in the same order."""
    if not parts:
        raise ValueError("expected at least one set of predictions, found none")
    for part in parts[1:]:
        if part.targets != parts[0].targets or part.exclusive != parts[0].exclusive:
            raise ValueError(f"predictions have different targets: {list(parts[0].targets)} and {list(part.targets)}")


def save_predictions(path: Path | str, parts: Mapping[str, Predictions]) -> None:
    """Write named predictions (`clean`, `test_like`, `test`) as one npz; equal content gives equal bytes."""
    arrays = {}
    for name in sorted(parts):
        part = parts[name]
        arrays |= {f"{name}.ids": part.ids, f"{name}.probabilities": part.probabilities}
        arrays[f"{name}.targets"] = np.array(part.targets, dtype=str)
        if not part.exclusive:
            arrays[f"{name}.exclusive"] = np.array(False)
    with replace_file(Path(path)) as temporary, open(temporary, "wb") as file:  # a name would get ".npz" appended
        np.savez(file, allow_pickle=False, **arrays)


def load_predictions(path: Path | str) -> dict[str, Predictions]:
    """What `save_predictions` wrote, by name. Raises FileNotFoundError, or ValueError for a file of another kind."""
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: not found")
    try:
        with np.load(path, allow_pickle=False) as arrays:
            names = list(dict.fromkeys(key.rpartition(".")[0] for key in arrays.files))
            return {
                name: Predictions(
                    *(arrays[f"{name}.{field}"] for field in FIELDS), f"{name}.exclusive" not in arrays.files
                )
                for name in names
            }
    except (ValueError, KeyError, TypeError, AttributeError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path}: not a file of predictions, or a damaged one: {error}") from error


def _as_strings(values: Iterable[str], name: str) -> np.ndarray:
    """Return (N,) str, as wide as its longest value and no wider, so that equal values have equal bytes."""
    values = values.tolist() if isinstance(values, np.ndarray) else list(values)
    wrong = [value for value in values if not isinstance(value, str)]
    if wrong:
        raise ValueError(f"{name}: expected str, found {type(wrong[0]).__name__} {wrong[0]!r}")
    if len(set(values)) < len(values):
        raise ValueError(f"{name}: {_listed(repeated(values), 'repeated')}")
    return np.array(values, dtype=str)


def _check_rows(ids: np.ndarray, probabilities: np.ndarray, exclusive: bool) -> None:
    in_range = np.isfinite(probabilities).all(axis=1) & (probabilities >= 0).all(axis=1)
    if not in_range.all():
        raise ValueError(f"probabilities: {_listed(ids[~in_range], 'rows')} with a value that isn't finite or below 0")
    if not exclusive:
        if (above := (probabilities > 1 + SUM_TOLERANCE).any(axis=1)).any():
            raise ValueError(f"probabilities: {_listed(ids[above], 'rows')} with a value above 1")
        return
    sums = probabilities.sum(axis=1, dtype=np.float64)
    off = np.abs(sums - 1) > SUM_TOLERANCE
    if off.any():
        raise ValueError(
            f"probabilities: {_listed(ids[off], 'rows')} don't sum to 1; the first sums to {sums[off][0]:.4g}"
        )


def _listed(values: Sequence | np.ndarray, what: str) -> str:
    return f"{len(values)} {what} ({examples(values)})"
