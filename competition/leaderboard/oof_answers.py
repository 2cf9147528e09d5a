"""Answers of every submission to the training images, out of fold: submissions/oof.csv and ensembles_oof.csv.

Columns: ID, target, fold; then `<submission>.clean` and `<submission>.test_like`, the targets that it answers; where
probabilities are the answer, the likeliest ones.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from competition.common import paths
from competition.common.csv import write_frame
from competition.data.predictions import CONDITIONS
from competition.data.task import Task
from competition.leaderboard.submission import Submission

OOF_FILES = (paths.OOF, paths.ENSEMBLES_OOF)


def write_oof(path: Path | str, submissions: Sequence[Submission], seen: pd.DataFrame, task: Task) -> None:
    """Write the submissions' answers to the out-of-fold images `seen` (ID, target, fold; aligned)."""
    columns = {
        f"{one.name}.{condition}": task.decode(task.labels_of(getattr(one, condition)))
        for one in submissions
        for condition in CONDITIONS
    }
    write_frame(path, pd.concat([seen[["ID", "target", "fold"]], pd.DataFrame(columns)], axis=1))


def write_confusion(
    path: Path | str, best: Submission, seen: pd.DataFrame, task: Task, target2class: Mapping[str, str]
) -> None:
    """Write actual,predicted class names, a row per image of `seen`, test-like out of fold: for DVC's plot.

    Of several labels an image there is a row for each label that is missing or too much, with nothing on its other
    side.
    """
    predicted = task.labels_of(best.test_like)
    if task.several:
        actual, names = task.encode(seen["target"].tolist()), list(target2class.values())
        wrong = np.argwhere(actual != predicted)
        pairs = [(names[label], "") if actual[row, label] else ("", names[label]) for row, label in wrong.tolist()]
        write_frame(path, pd.DataFrame(pairs, columns=["actual", "predicted"]))
        return
    answered = pd.Series(task.decode(predicted)).map(target2class)
    write_frame(path, pd.DataFrame({"actual": seen["target"].map(target2class), "predicted": answered}))


def read_oof() -> pd.DataFrame:
    """Return answers of members' and ensembles' submissions, every cell str, rows as in oof.csv.

    Without ensembles_oof.csv, only the members'. Raises FileNotFoundError, ValueError for files with other IDs.
    """
    members, ensembles = OOF_FILES
    answers = _read(members)
    if not ensembles.is_file():
        return answers
    others = _read(ensembles)
    if others["ID"].tolist() != answers["ID"].tolist():
        raise ValueError(f"{ensembles}: expected the IDs of {members}, in their order; run `dvc repro`")
    return pd.concat([answers, others[others.columns.difference(answers.columns, sort=False)]], axis=1)


def _read(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise FileNotFoundError(f"{path}: not found; `dvc repro` makes it")
    return pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")  # an ID may be "007", a class "NA"
