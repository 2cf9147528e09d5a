"""One probability an image: of the second of two classes."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from competition.common.errors import examples
from competition.data.answer_form import FORMATTED, AnswerForm, number_problems, read_numbers
from competition.data.answers import ANSWERS


@ANSWERS.register
class Probability(AnswerForm):
    """The probability that an image is of the second class, the positive one."""

    kinds = ("single",)
    holds = "probabilities"
    scored_as = ("probabilities",)

    def header_problems(self, path: Path) -> list[str]:
        problems = super().header_problems(path)
        if len(self.targets) != 2:
            problems.append(
                f"{path}: task.answer: probability asks for two classes, there are {len(self.targets)} "
                f"({examples(self.targets)}); set task.answer: probabilities"
            )
        return problems

    def cells(self, answers: np.ndarray) -> list[Sequence[str]]:
        return [(FORMATTED % value,) for value in answers[:, 1].tolist()]

    def read(self, frame: pd.DataFrame) -> np.ndarray:
        positive = read_numbers(frame)[:, 0]
        return np.column_stack([1 - positive, positive])

    def problems(self, path: Path, frame: pd.DataFrame) -> list[str]:
        return number_problems(path, frame, f"the probability of {self.names[-1]}")
