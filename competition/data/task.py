"""Task of a competition: its labels as arrays, and its answers as a submission's cells."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from competition.data.answer_form import AnswerForm
from competition.data.label_sets import decode, encode, label_counts, likeliest_labels
from competition.settings.task import TaskSettings


@dataclass(frozen=True, eq=False)
class Task:
    """What is asked of an image, and how it is answered.

    form: how answers stand in a submission. Labels are (N,) class indices, or (N, C) of 0 and 1 where an image may have
    several; answers are labels, or (N, C) probabilities, as `form.holds` says.
    """

    settings: TaskSettings
    form: AnswerForm

    @property
    def targets(self) -> tuple[str, ...]:
        """(C,) the classes, in their order."""
        return self.form.targets

    @property
    def n_classes(self) -> int:
        """C."""
        return len(self.targets)

    @property
    def several(self) -> bool:
        """Whether an image may have several labels."""
        return self.settings.several

    @property
    def answers_are_labels(self) -> bool:
        """Whether answers are labels, so that votes can be counted."""
        return self.form.holds == "labels"

    def encode(self, labels: Sequence[str]) -> np.ndarray:
        """Return labels, cells of text, as an array."""
        return encode(labels, self.targets, self.several)

    def decode(self, labels: np.ndarray) -> list[str]:
        """Return labels as cells of text."""
        return decode(labels, self.targets)

    def labels_of(self, answers: np.ndarray) -> np.ndarray:
        """Return the labels that `answers` amount to."""
        return answers if self.answers_are_labels else likeliest_labels(answers, self.several)

    def empty(self, n: int) -> np.ndarray:
        """Return an array for n answers, to be filled."""
        if not self.answers_are_labels:
            return np.zeros((n, self.n_classes))
        return np.zeros((n, self.n_classes), np.uint8) if self.several else np.zeros(n, np.int64)

    def base_rate(self, y_true: np.ndarray) -> np.ndarray:
        """Return one answer, without its first axis, for an image that nobody could read: what is most frequent.

        y_true: (N, ...) labels. Of probabilities: the classes' shares; of labels: the most frequent class, of equals
        the first, or the labels that at least half of the images have.
        """
        shares = label_counts(y_true, self.n_classes) / max(1, len(y_true))
        return likeliest_labels(shares[None], self.several)[0] if self.answers_are_labels else shares
