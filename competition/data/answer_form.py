"""Answer form: how answers stand in a submission's columns. Each is a class in a file of `answers/`."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd

from competition.common.csv import class_hint
from competition.common.errors import counted, examples
from competition.settings.task import TaskSettings

FORMATTED = "%.8g"  # probabilities: rows of them have to sum to 1 within about 1e-5


class AnswerForm(ABC):
    """Form of the answers to a competition with these classes.

    targets, names: (C,) the classes and their readable names; columns: the submission's, after the ID. kinds: of labels
    (`task.labels`) that it can answer. holds: what the arrays of answers are: "labels", as `label_sets.encode` has
    them, or "probabilities", (N, C) float64. scored_as: the values of `Metric.takes` that it can be scored by.
    """

    kinds: ClassVar[tuple[str, ...]]
    holds: ClassVar[str]
    scored_as: ClassVar[tuple[str, ...]]

    def __init__(self, targets: Sequence[str], names: Sequence[str], columns: Sequence[str], settings: TaskSettings):
        self.targets, self.names, self.columns = tuple(targets), tuple(names), tuple(columns)
        self.settings = settings

    def header_problems(self, path: Path) -> list[str]:
        """Return what is wrong with the sample submission's columns for this form."""
        if len(self.columns) == 1:
            return []
        return [
            f"{path}: {len(self.columns)} columns after the ID ({examples(self.columns)}), but task.answer: "
            f"{self.settings.answer} has one; set task.answer, or adopt the competition with --answer"
        ]

    @abstractmethod
    def cells(self, answers: np.ndarray) -> list[Sequence[str]]:
        """Return each row's cells, in the order of `columns`."""

    @abstractmethod
    def read(self, frame: pd.DataFrame) -> np.ndarray:
        """Return the answers in `frame` (the columns, cells str), which `problems` finds nothing wrong with."""

    @abstractmethod
    def problems(self, path: Path, frame: pd.DataFrame) -> list[str]:
        """Return what is wrong with the cells of `frame` (the columns, cells str)."""

    def _separator_problems(self, path: Path) -> list[str]:
        separator = self.settings.separator
        if not (held := [target for target in self.targets if separator in target]):
            return []
        return [
            f"{path}: {counted(len(held), 'classes hold')} task.separator {separator!r}, so that a cell of them can't "
            f"be read: {examples(held)}; set task.separator to what the site has between labels, or rename the classes"
        ]

    def _blank_problems(self, path: Path, cells: Sequence[str], what: str) -> list[str]:
        """Return what is wrong with cells that are blank; what: each is answered with, "a class"."""
        known = set(self.targets)
        rows = [row for row, cell in enumerate(cells, 1) if is_blank(cell) and cell not in known]
        if not rows:
            return []
        return [
            f"{path}: {counted(len(rows), 'answers are')} empty or NaN: rows {examples(rows)}; answer each with {what}"
        ]

    def _unknown_problems(self, path: Path, found: Iterable[str], what: str) -> list[str]:
        """Return what is wrong with the labels of `found` that are no class; what: they are called, "answers are"."""
        known = set(self.targets)
        unknown = [label for label in found if label not in known]
        if not unknown:
            return []
        different = list(dict.fromkeys(unknown))
        hint = class_hint(different, self.targets)
        return [f"{path}: {counted(len(unknown), what)} no class: {examples(different)}; {hint}"]

    def _labels_of(self, frame: pd.DataFrame) -> list[list[str]]:
        """Return the labels of each cell of the one column, which `task.separator` stands between."""
        return [[label for label in cell.split(self.settings.separator) if label] for cell in frame.iloc[:, 0]]


def is_blank(cell: str) -> bool:
    """Return whether a cell is empty or NaN."""
    return cell.strip().lower() in ("", "nan")


def read_numbers(frame: pd.DataFrame) -> np.ndarray:
    """Return (N, columns) float64, NaN for a cell that is no number."""
    return frame.apply(pd.to_numeric, errors="coerce").to_numpy(np.float64)


def number_problems(path: Path, frame: pd.DataFrame, what: str) -> list[str]:
    """Return problems of cells that are no numbers from 0 to 1."""
    values, problems = read_numbers(frame), []
    blank = frame.map(is_blank).to_numpy()
    if blank.any():
        rows = np.flatnonzero(blank.any(axis=1)) + 1
        problems.append(
            f"{path}: {counted(len(rows), 'rows have')} an empty cell: rows {examples(rows)}; fill in {what}"
        )
    wrong = ~blank & ~((values >= 0) & (values <= 1))
    if wrong.any():
        found = examples(frame.to_numpy()[wrong])
        problems.append(
            f"{path}: {counted(int(wrong.sum()), 'answers are')} no number from 0 to 1: {found}; write {what}"
        )
    return problems
