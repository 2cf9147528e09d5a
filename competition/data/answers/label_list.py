"""All labels of an image in one cell."""

from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd

from competition.common.errors import counted, examples
from competition.data.answer_form import AnswerForm
from competition.data.answers import ANSWERS
from competition.data.label_sets import encode, join_labels


@ANSWERS.register
class LabelList(AnswerForm):
    """The labels of each image, `task.separator` between them, in any order; an empty cell is "no label"."""

    kinds = ("multi",)
    holds = "labels"
    scored_as = ("labels",)

    def header_problems(self, path: Path) -> list[str]:
        return super().header_problems(path) + self._separator_problems(path)

    def cells(self, answers: np.ndarray) -> list[Sequence[str]]:
        return [
            (self.settings.separator.join(self.targets[index] for index in np.flatnonzero(row)),) for row in answers
        ]

    def read(self, frame: pd.DataFrame) -> np.ndarray:
        return encode([join_labels(labels) for labels in self._labels_of(frame)], self.targets, several=True)

    def problems(self, path: Path, frame: pd.DataFrame) -> list[str]:
        sets = self._labels_of(frame)
        problems = self._unknown_problems(path, chain.from_iterable(sets), "labels are")
        if twice := [row for row, labels in enumerate(sets, 1) if len({*labels}) < len(labels)]:
            problems.append(
                f"{path}: {counted(len(twice), 'rows have')} a label twice: rows {examples(twice)}; write each once"
            )
        return problems
