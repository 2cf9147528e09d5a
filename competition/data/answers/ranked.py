"""The likeliest labels of an image, best first, in one cell."""

from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd

from competition.common.errors import counted, examples
from competition.data.answer_form import AnswerForm, is_blank
from competition.data.answers import ANSWERS


@ANSWERS.register
class Ranked(AnswerForm):
    """The `task.most` likeliest labels, best first, `task.separator` between them, none twice.

    Answers are (N, C) float64, higher is likelier: of what was read, 1 / rank, and -inf for a label that isn't there.
    """

    kinds = ("single", "ordinal", "multi")
    holds = "probabilities"
    scored_as = ("ranks",)

    def header_problems(self, path: Path) -> list[str]:
        return super().header_problems(path) + self._separator_problems(path)

    def cells(self, answers: np.ndarray) -> list[Sequence[str]]:
        best = np.argsort(-answers, axis=1, kind="stable")[:, : self.settings.most]
        given = np.take_along_axis(answers, best, axis=1) > -np.inf
        return [
            (self.settings.separator.join(self.targets[index] for index in row[there]),)
            for row, there in zip(best, given, strict=True)
        ]

    def read(self, frame: pd.DataFrame) -> np.ndarray:
        position = {target: index for index, target in enumerate(self.targets)}
        answers = np.full((len(frame), len(self.targets)), -np.inf)
        for row, labels in enumerate(self._labels_of(frame)):
            for rank, label in enumerate(labels):
                if label in position:
                    answers[row, position[label]] = 1 / (rank + 1)
        return answers

    def problems(self, path: Path, frame: pd.DataFrame) -> list[str]:
        lists, cells = self._labels_of(frame), frame.iloc[:, 0].tolist()
        problems = self._blank_problems(path, cells, "labels, best first")
        given = (label for label in chain.from_iterable(lists) if not is_blank(label))
        problems += self._unknown_problems(path, given, "labels are")
        wrong = {
            f"more than {self.settings.most} labels": [len(labels) > self.settings.most for labels in lists],
            "a label twice": [len({*labels}) < len(labels) for labels in lists],
        }
        for what, rows in wrong.items():
            if any(rows):
                numbers = [row for row, found in enumerate(rows, 1) if found]
                problems.append(f"{path}: {counted(len(numbers), 'rows have')} {what}: rows {examples(numbers)}")
        return problems
