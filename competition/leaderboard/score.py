"""A submission's score, once the test set's labels are known."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from competition.common.csv import read_table, sort_targets
from competition.common.errors import ContractError, counted, examples, repeated
from competition.data.submission import id_problems, read_submission
from competition.metrics.metric import Metric
from competition.metrics.per_class import per_class_f1

USAGES = ("public", "private", "ignored")


@dataclass(frozen=True)
class Score:
    """How a submission did: the metric's score of all rows and of each part, accuracy and F1 per class."""

    all: float
    public: float | None  # None when the solution has no such rows
    private: float | None
    accuracy: float
    per_class: dict[str, float]  # target -> F1, of every class that occurs in the solution or in the submission
    images: dict[str, int]  # target -> images of this class in the solution


def read_solution(path: Path | str, columns: tuple[str, str] = ("ID", "target")) -> pd.DataFrame:
    """Return the solution as `ID`, `target` and `usage` (public, private, or "" without such a column), all str.

    Rows whose usage is Ignored, as some sites have it, are left out. Raises ContractError, FileNotFoundError.
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
    if blank := int((solution["target"] == "").sum()):
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
    columns: tuple[str, str] = ("ID", "target"),
    answer: str | None = None,
) -> Score:
    """Return the score, by `metric`, of a submission's CSV against the solution's, rows matched by ID, in any order.

    columns: both files', unless the submission calls the second one `answer`.

    Raises ContractError with the IDs that are missing, extra or repeated, and answers that are empty;
    FileNotFoundError.
    """
    truth = read_solution(solution, columns)
    answers = read_submission(submission, (columns[0], answer or columns[1]))
    problems = id_problems(Path(submission), list(answers["ID"]), list(truth["ID"]), str(solution))
    if blank := list(answers.loc[answers["target"] == "", "ID"]):
        problems.append(
            f"{submission}: {counted(len(blank), 'IDs have')} no answer: {examples(blank)}; answer each with a class"
        )
    if problems:
        raise ContractError(problems)
    truth = truth[truth["usage"] != "ignored"]
    y_true = truth["target"].to_numpy()
    predicted = answers.set_index("ID")["target"].loc[truth["ID"]].to_numpy()
    classes = sort_targets([*y_true, *predicted])
    usage = truth["usage"].to_numpy()
    parts = {
        part: metric(y_true[usage == part], predicted[usage == part], classes) if (usage == part).any() else None
        for part in ("public", "private")
    }
    return Score(
        all=metric(y_true, predicted, classes),
        **parts,
        accuracy=float(np.mean(y_true == predicted)),
        per_class=dict(zip(classes, per_class_f1(y_true, predicted, classes).tolist(), strict=True)),
        images={target: int((y_true == target).sum()) for target in classes},
    )
