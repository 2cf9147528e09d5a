"""A probability for each class or label, a column each."""

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from competition.common.errors import counted, examples
from competition.data.answer_form import FORMATTED, AnswerForm, number_problems, read_numbers
from competition.data.answers import ANSWERS

TOLERANCE = 1e-4  # of a row's sum


@ANSWERS.register
class Probabilities(AnswerForm):
    """A column for each class, called by its target or its name; of one class an image, rows sum to 1."""

    kinds = ("single", "ordinal", "multi")
    holds = "probabilities"
    scored_as = ("probabilities", "ranks")

    def header_problems(self, path: Path) -> list[str]:
        place, problems = self._place, []
        if unknown := [name for name in self.columns if name not in place]:
            problems.append(
                f"{path}: {counted(len(unknown), 'columns are')} no class: {examples(unknown)}; the classes are "
                f"{examples(self.targets)}"
            )
        asked = Counter(place[name] for name in self.columns if name in place)
        for index in sorted(index for index, columns in asked.items() if columns > 1):
            both = f"{self.targets[index]} ({', '.join(name for name in self.columns if place.get(name) == index)})"
            problems.append(f"{path}: 1 class has two columns: {both}; expected one for each class")
        if missing := [target for index, target in enumerate(self.targets) if index not in asked]:
            problems.append(
                f"{path}: {counted(len(missing), 'classes have')} no column: {examples(missing)}; adopt the "
                "competition anew, or take them out of train.csv and meta.csv"
            )
        return problems

    @cached_property
    def _place(self) -> dict[str, int]:
        by_name = {name: index for index, name in enumerate(self.names)}
        return by_name | {target: index for index, target in enumerate(self.targets)}

    @property
    def _order(self) -> list[int]:
        return [self._place[name] for name in self.columns]

    def cells(self, answers: np.ndarray) -> list[Sequence[str]]:
        return [[FORMATTED % value for value in row] for row in answers[:, self._order].tolist()]

    def read(self, frame: pd.DataFrame) -> np.ndarray:
        answers = np.zeros((len(frame), len(self.targets)))
        answers[:, self._order] = read_numbers(frame)
        return answers

    def problems(self, path: Path, frame: pd.DataFrame) -> list[str]:
        problems = number_problems(path, frame, "probabilities")
        if problems or self.settings.several:
            return problems
        sums = read_numbers(frame).sum(axis=1)
        if (off := np.abs(sums - 1) > TOLERANCE).any():
            rows = np.flatnonzero(off) + 1
            problems.append(
                f"{path}: {counted(len(rows), 'rows have')} probabilities that don't sum to 1: rows {examples(rows)}; "
                f"the first sums to {sums[off][0]:.6g}; divide each row by its sum"
            )
        return problems
