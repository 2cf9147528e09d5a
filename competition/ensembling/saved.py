"""Dataclasses of arrays and numbers, as JSON: what was fitted, in final_vote.json."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Self

import numpy as np


class Saved:
    """Base of frozen dataclasses of arrays and numbers that are saved as they are."""

    def to_json(self) -> dict[str, object]:
        """Return all fields in JSON's types, arrays as lists."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        return {name: value.tolist() if hasattr(value, "tolist") else value for name, value in values.items()}

    @classmethod
    def from_json(cls, saved: Mapping[str, object]) -> Self:
        """Return the one whose `to_json` is `saved`."""
        return cls(**{name: np.array(value) if isinstance(value, list) else value for name, value in saved.items()})
