"""Table of labels that `predict` writes: a row for each image, with the answers that are unsure."""

import numpy as np

from competition.ensembling.fitted_votes import Voted
from competition.ensembling.precision_curve import Threshold

HEADER = ("file", "target", "class_name", "probability", "runner_up", "runner_up_probability", "unsure")


def label_rows(voted: Voted, target2class: dict[str, str], threshold: Threshold) -> list[tuple[str, ...]]:
    """Return one row of HEADER for each image of `voted`, in their order; probabilities to six decimals.

    target2class: target -> readable name. The runner-up is the likeliest other target, the first of equals.
    """
    others, rows = voted.predictions.probabilities.copy(), np.arange(len(voted))
    others[rows, voted.indices] = -1
    runners_up = others.argmax(axis=1)
    answers, second = voted.answers.tolist(), np.array(voted.predictions.targets, dtype=str)[runners_up].tolist()
    is_unsure = np.where(threshold.is_sure(voted.confidence), "no", "yes").tolist()
    numbers = zip(voted.confidence.tolist(), others[rows, runners_up].tolist(), strict=True)
    return [
        (id_, first, target2class[first], f"{p:.6f}", other, f"{q:.6f}", unsure)
        for id_, first, other, (p, q), unsure in zip(
            voted.predictions.ids.tolist(), answers, second, numbers, is_unsure, strict=True
        )
    ]
