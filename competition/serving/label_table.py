"""Tables that `predict` writes, a row for each image: labels for people, and answers as the site has them."""

from collections.abc import Sequence

import numpy as np

from competition.common.errors import examples
from competition.data.image_files import claims_to_be_image
from competition.data.label_sets import decode, join_labels
from competition.data.task import Task
from competition.ensembling.fitted_votes import Voted
from competition.ensembling.out_of_distribution import Rejection, unknown_scores
from competition.serving.pages import PDF

HEADER = ("file", "target", "class_name", "probability", "runner_up", "runner_up_probability", "unsure")
UNKNOWN_HEADER = ("unknown_score", "unknown")


def label_rows(voted: Voted, target2class: dict[str, str], is_sure: np.ndarray) -> list[tuple[str, ...]]:
    """Return one row of HEADER for each image of `voted`, in their order; probabilities to six decimals.

    target2class: target -> readable name; is_sure: (N,) bool. The runner-up is the likeliest other target, the first of
    equals. Of several labels an image, target, class_name and probability hold each label's, `|` between them, and are
    empty for none.
    """
    labels, probabilities = voted.labels, voted.predictions.probabilities
    targets = list(voted.predictions.targets)
    chosen = [[label] if labels.ndim == 1 else np.flatnonzero(label).tolist() for label in labels]
    is_unsure = np.where(is_sure, "no", "yes").tolist()
    rows = zip(voted.predictions.ids.tolist(), decode(labels, targets), chosen, probabilities, is_unsure, strict=True)
    return [
        (
            id_,
            text,
            join_labels(target2class[targets[index]] for index in own),
            join_labels(f"{row[index]:.6f}" for index in own),
            *_runner_up(row, own, targets),
            unsure,
        )
        for id_, text, own, row, unsure in rows
    ]


def with_unknown(
    rows: Sequence[tuple[str, ...]], voted: Voted, rejection: Rejection
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return header and `rows`, those of HEADER for each image of `voted`, with UNKNOWN_HEADER behind: the unknown
    score, to six decimals, and whether it is rejected.
    """
    scores = unknown_scores(voted.predictions.probabilities)
    is_unknown = np.where(rejection.is_unknown(scores), "yes", "no").tolist()
    own = [(f"{score:.6f}", unknown) for score, unknown in zip(scores.tolist(), is_unknown, strict=True)]
    return (*HEADER, *UNKNOWN_HEADER), [(*row, *unknown) for row, unknown in zip(rows, own, strict=True)]


def marked(header: Sequence[str], rows: Sequence[tuple[str, ...]], column: str) -> int:
    """Return how many of `rows` have "yes" in a column."""
    place = header.index(column)
    return sum(row[place] == "yes" for row in rows)


def answer_rows(voted: Voted, task: Task, ids: Sequence[str]) -> list[tuple[str, ...]]:
    """Return one row for each image of `voted`, called by `ids`: ID and the cells of the task's answer form."""
    return [(id_, *cells) for id_, cells in zip(ids, task.form.cells(voted.answers), strict=True)]


def submission_ids(names: Sequence[str], with_extension: bool) -> list[str]:
    """Return the IDs of files called `names`: whole, or without the extension of an image or a PDF.

    Raises ValueError for files of one ID, which names them all.
    """
    named = [claims_to_be_image(name) or name.lower().endswith(PDF) for name in names]
    cut = [not with_extension and is_image for is_image in named]
    ids = [name.rpartition(".")[0] if one else name for name, one in zip(names, cut, strict=True)]
    files: dict[str, dict[str, None]] = {}
    for id_, name in zip(ids, names, strict=True):
        files.setdefault(id_, {})[name] = None
    if clashes := [" and ".join(found) for found in files.values() if len(found) > 1]:
        raise ValueError(
            f"IDs have no extension here, so files of one name are one: {examples(clashes, most=20)}; rename them"
        )
    return ids


def _runner_up(row: np.ndarray, own: Sequence[int], targets: Sequence[str]) -> tuple[str, str]:
    """Return target and probability of the likeliest class that is none of `own`; both empty where all are."""
    if len(own) == len(targets):
        return "", ""
    others = row.copy()
    others[own] = -1
    best = int(others.argmax())
    return targets[best], f"{others[best]:.6f}"
