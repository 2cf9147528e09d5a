"""A submission's score, once the test set's labels are known."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from competition.common.csv import read_columns, read_table, sort_targets
from competition.common.errors import ContractError, counted, examples, repeated
from competition.common.names import match_names
from competition.data.answers import ANSWERS
from competition.data.label_sets import label_counts
from competition.data.submission import id_problems, read_submission
from competition.data.task import Task
from competition.metrics.metric import Metric
from competition.metrics.per_class import per_class_f1
from competition.settings.competition import CompetitionSettings
from competition.settings.task import TaskSettings

USAGES = ("public", "private", "ignored")


@dataclass(frozen=True)
class Score:
    """Score of a submission: the metric's score of all rows and of each part, accuracy and F1 per class."""

    all: float
    public: float | None  # None when the solution has no such rows
    private: float | None
    accuracy: float
    per_class: dict[
        str, float
    ]  # target -> F1, NaN for a class that occurs neither in the solution nor in the submission
    images: dict[str, int]  # target -> images of this class in the solution


def read_solution(path: Path | str, columns: tuple[str, str] = ("ID", "target"), several: bool = False) -> pd.DataFrame:
    """Return the solution as `ID`, `target` and `usage` (public, private, or "" without such a column), all str.

    Rows whose usage is Ignored, as some sites have it, are left out. several: an empty cell is "no label".
    Raises ContractError, FileNotFoundError.
    """
    path = Path(path)
    solution = read_submission(path, columns)
    frame = read_table(path).frame
    name = next((name for name in frame if name.lower() == "usage"), None)
    solution["usage"] = frame[name].str.lower() if name else ""
    problems = []
    if name and (unknown := [usage for usage in solution["usage"] if usage not in USAGES]):
        fix = "write Public, Private or Ignored"
        problems.append(f"{path}: {counted(len(unknown), 'rows have')} an unknown {name}: {examples(unknown)}; {fix}")
    if twice := repeated(solution["ID"]):
        problems.append(f"{path}: {counted(len(twice), 'IDs are')} repeated: {examples(twice)}; keep one row for each")
    if not several and (blank := int((solution["target"] == "").sum())):
        problems.append(f"{path}: {counted(blank, 'rows have')} no {columns[1]}; fill it in")
    if not problems and (solution["usage"] == "ignored").all():
        problems.append(f"{path}: every row is ignored; there is nothing to score")
    if problems:
        raise ContractError(problems)
    return solution


def score_submission(
    submission: Path | str,
    solution: Path | str,
    metric: Metric,
    settings: CompetitionSettings,
    task: Task | None = None,
) -> Score:
    """Return the score, by `metric`, of a submission's CSV against the solution's, rows matched by ID, in any order.

    task: how answers stand in the submission; None: one class an image, of those that occur in either file. The
    solution holds labels as train.csv does. Raises ContractError with the IDs that are missing, extra or repeated, and
    answers that are empty; FileNotFoundError.
    """
    truth = read_solution(solution, (settings.id, settings.target), task is not None and task.several)
    problems: list[str] = []
    columns = task.form.columns if task else settings.submission_columns[1:]
    answers = read_columns(Path(submission), (settings.id, *columns), problems)
    if answers is None:
        raise ContractError(problems)
    answers[settings.id] = answers[settings.id].map(match_names(answers[settings.id], truth["ID"]))
    problems = id_problems(Path(submission), list(answers[settings.id]), list(truth["ID"]), str(solution))
    if task is None:
        task = _task_of(truth["target"], answers[columns[0]])
        if blank := list(answers.loc[answers[columns[0]] == "", settings.id]):
            found = f"{counted(len(blank), 'IDs have')} no answer: {examples(blank)}"
            problems.append(f"{submission}: {found}; answer each with a class")
    else:
        problems += task.form.problems(Path(submission), answers[list(columns)])
    if problems:
        raise ContractError(problems)
    truth = truth[truth["usage"] != "ignored"]
    try:
        y_true = task.encode(truth["target"].tolist())
    except ValueError as error:
        raise ContractError([f"{solution}: {error}; the classes are {examples(task.targets, most=20)}"]) from None
    predicted = task.form.read(answers.set_index(settings.id).loc[truth["ID"], list(columns)])
    usage = truth["usage"].to_numpy()
    parts = {
        part: metric(y_true[usage == part], predicted[usage == part], task.n_classes) if (usage == part).any() else None
        for part in ("public", "private")
    }
    labels, counts = task.labels_of(predicted), label_counts(y_true, task.n_classes).tolist()
    alike = labels == y_true
    return Score(
        all=metric(y_true, predicted, task.n_classes),
        **parts,
        accuracy=float(np.mean(alike if alike.ndim == 1 else alike.all(axis=1))),
        per_class=dict(zip(task.targets, per_class_f1(y_true, labels, task.n_classes).tolist(), strict=True)),
        images=dict(zip(task.targets, counts, strict=True)),
    )


def _task_of(*columns: Iterable[str]) -> Task:
    """Return the task of one class an image, out of those that occur in `columns`."""
    settings = TaskSettings()
    classes = sort_targets(target for column in columns for target in column)
    return Task(settings, ANSWERS[settings.answer](classes, classes, ("target",), settings))
