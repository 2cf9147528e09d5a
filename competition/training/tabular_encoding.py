"""Metadata as numbers: codes of categories for trees, and columns of 0 and 1 for a regression."""

import json
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from competition.data.metadata import Metadata
from competition.training.trees import CODES

RARE = 2  # rows of a category, at least, that it is known by


@dataclass(frozen=True)
class TabularEncoding:
    """Columns of metadata as training rows have them: what was constant there, or rare, is left out.

    categories: column -> its known categories, the most frequent first. medians: column of numbers -> what stands in
    for a missing one. gaps: columns of numbers where some were missing.
    """

    categories: dict[str, list[str]]
    medians: dict[str, float]
    gaps: list[str]

    @classmethod
    def of(cls, rows: pd.DataFrame, metadata: Metadata) -> "TabularEncoding":
        """Return the encoding that the training rows teach."""
        counts = {name: rows[name].value_counts() for name in metadata.categories}
        categories = {
            name: sorted(own.index[own >= RARE], key=lambda one, own=own: (-own[one], one))[:CODES]
            for name, own in counts.items()
        }
        varying = [
            name for name in metadata.numbers if rows[name].nunique(dropna=False) > 1 and rows[name].notna().any()
        ]
        return cls(
            {name: own for name, own in categories.items() if len(own) > 1 or (own and (rows[name] != own[0]).any())},
            {name: float(rows[name].median()) for name in varying},
            [name for name in varying if rows[name].isna().any()],
        )

    def unknown(self, count: int) -> pd.DataFrame:
        """Return `count` rows of which nothing is known."""
        columns = {name: np.full(count, None, object) for name in self.categories}
        return pd.DataFrame(columns | {name: np.full(count, np.nan) for name in self.medians})

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to learn from."""
        return not self.categories and not self.medians

    def codes(self, rows: pd.DataFrame) -> np.ndarray:
        """Return (N, F) float64: the categories' codes, 0 upwards, then the numbers; NaN is missing, or not known."""
        columns = [rows[name].map({one: k for k, one in enumerate(own)}) for name, own in self.categories.items()]
        columns += [rows[name] for name in self.medians]
        return np.column_stack([column.to_numpy(np.float64, na_value=np.nan) for column in columns])

    def design(self, rows: pd.DataFrame) -> np.ndarray:
        """Return (N, F) float32: a column for each category, the numbers without gaps, and where the gaps were."""
        columns = [rows[name] == one for name, own in self.categories.items() for one in own]
        columns += [rows[name].fillna(median) for name, median in self.medians.items()]
        columns += [rows[name].isna() for name in self.gaps]
        return np.column_stack([column.to_numpy(np.float64) for column in columns]).astype(np.float32)

    def as_bytes(self) -> np.ndarray:
        """Return the encoding as JSON, uint8; `from_bytes` is the inverse."""
        return np.frombuffer(json.dumps(asdict(self)).encode(), np.uint8)

    @classmethod
    def from_bytes(cls, data: np.ndarray) -> "TabularEncoding":
        """Return the encoding whose `as_bytes` these are."""
        return cls(**json.loads(data.tobytes().decode()))
