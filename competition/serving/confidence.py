"""Which answers are sure enough: from which probability on they were right as often as was asked for, out of fold."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from competition.ensembling.combination import Voted

HEADER = ("file", "target", "class_name", "probability", "runner_up", "runner_up_probability", "unsure")


@dataclass(frozen=True)
class Threshold:
    """Answers with a probability of `value` or more are sure; None: none are, since no threshold reached what was
    asked.

    precision: the share of right ones among the sure answers out of fold; of the best threshold where value is None.
    share: the sure answers' share of all.
    """

    value: float | None
    precision: float
    share: float

    def is_sure(self, probabilities: np.ndarray) -> np.ndarray:
        """(N,) bool: whether answers with these probabilities (N,) are sure."""
        return np.zeros(len(probabilities), bool) if self.value is None else np.asarray(probabilities) >= self.value


def choose_threshold(oof: Voted, true: Sequence[str], precision: float) -> Threshold:
    """The lowest threshold at which the answers at or above it are right with at least `precision`.

    oof: (N,) what was answered test-like, out of fold; true: (N,) targets, aligned. Thresholds are the answers' own
    probabilities. Raises ValueError for a precision that is no share above 0, for no rows, and for lengths that differ.
    """
    if not 0 < precision <= 1:
        raise ValueError(f"precision: {precision:g}; expected a share above 0, such as 0.95")
    if not len(oof) or len(oof) != len(true):
        raise ValueError(
            f"expected a target for each out-of-fold prediction, found {len(oof)} predictions and {len(true)} targets"
        )
    confidence = oof.confidence
    right = (oof.answers == np.asarray(true, dtype=str)).astype(np.int64)
    order = np.argsort(-confidence, kind="stable")
    values, hits, counts = confidence[order], right[order].cumsum(), np.arange(1, len(oof) + 1)
    last = np.append(values[1:] < values[:-1], True)  # of equal probabilities: they are sure together, or not at all
    reached = np.flatnonzero(last & (hits >= precision * counts - 1e-9))  # 0.55 * 100 is a little more than 55
    if not len(reached):
        best = float((hits / counts)[last].max())
        return Threshold(None, best, 0.0)
    place = reached[-1]
    return Threshold(float(values[place]), float(hits[place] / counts[place]), float(counts[place] / len(oof)))


def label_rows(voted: Voted, target2class: dict[str, str], threshold: Threshold) -> list[tuple[str, ...]]:
    """One row of HEADER for each image of `voted`, in their order; probabilities to six decimals.

    target2class: target -> readable name. The runner-up is the likeliest other target, the first of equals.
    """
    others, rows = voted.predictions.probabilities.copy(), np.arange(len(voted))
    others[rows, voted.indices] = -1
    runners_up = others.argmax(axis=1)
    answers, second = voted.answers.tolist(), np.array(voted.predictions.targets, dtype=str)[runners_up].tolist()
    unsure = np.where(threshold.is_sure(voted.confidence), "no", "yes").tolist()
    numbers = zip(voted.confidence.tolist(), others[rows, runners_up].tolist(), strict=True)
    return [
        (id_, first, target2class[first], f"{p:.6f}", other, f"{q:.6f}", doubt)
        for id_, first, other, (p, q), doubt in zip(
            voted.predictions.ids.tolist(), answers, second, numbers, unsure, strict=True
        )
    ]
