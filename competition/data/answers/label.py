"""One label an image."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from competition.data.answer_form import AnswerForm, is_blank
from competition.data.answers import ANSWERS
from competition.data.label_sets import decode, encode


@ANSWERS.register
class Label(AnswerForm):
    """The class of each image: `ID,target`."""

    kinds = ("single", "ordinal")
    holds = "labels"
    scored_as = ("labels",)

    def cells(self, answers: np.ndarray) -> list[Sequence[str]]:
        return [(target,) for target in decode(answers, self.targets)]

    def read(self, frame: pd.DataFrame) -> np.ndarray:
        return encode(frame.iloc[:, 0].tolist(), self.targets, several=False)

    def problems(self, path: Path, frame: pd.DataFrame) -> list[str]:
        answers = frame.iloc[:, 0].tolist()
        given = (answer for answer in answers if not is_blank(answer))
        return self._blank_problems(path, answers, "a class") + self._unknown_problems(path, given, "answers are")
