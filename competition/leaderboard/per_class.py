"""F1 per class of each submission, test-like, out of fold."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from competition.data.label_sets import label_counts
from competition.data.task import Task
from competition.leaderboard.submission import Submission
from competition.metrics.per_class import per_class_f1

CLASS_COLUMNS = ("target", "class_name", "images")
DECIMALS = 6
WORST = 3


def class_scores(submissions: Sequence[Submission], y_true: np.ndarray, task: Task) -> pd.DataFrame:
    """Return one row per class: CLASS_COLUMNS, then a column for each submission, in their order, with its F1.

    y_true: (N, ...) labels, aligned with the submissions' test-like answers; images: how many of them are of the class.
    F1 is NaN (an empty cell) for a class that neither occurs nor is answered.
    """
    first = {
        "target": list(task.targets),
        "class_name": list(task.form.names),
        "images": label_counts(y_true, task.n_classes).tolist(),
    }
    scores = {
        s.name: per_class_f1(y_true, task.labels_of(s.test_like), task.n_classes).round(DECIMALS) for s in submissions
    }
    return pd.DataFrame(first | scores)


def worst_classes(table: pd.DataFrame, submission: str, most: int = WORST) -> list[str]:
    """Return the classes with the lowest F1 of `submission`, worst first: "7 medical_form 0.412 (92 images)"."""
    rows = table.dropna(subset=submission).sort_values(submission, kind="stable").head(most)
    return [
        f"{' '.join(dict.fromkeys((row['target'], row['class_name'])))} {row[submission]:.3f} ({row['images']} images)"
        for row in rows.to_dict("records")
    ]
