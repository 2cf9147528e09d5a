"""Answers of a vote out of fold, test-like, as new images' answers are compared with them: certainty, and their mix."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

QUANTILES = 64  # of the certainty, that are kept


@dataclass(frozen=True, eq=False)
class AnswerReference:
    """Distribution of a vote's certainty, and counts of its answers, over the `images` out of fold.

    confidence: ascending, QUANTILES of the answers' confidences, each as likely as the others, or all of fewer;
    answers: (C,) how often each class was answered, None where an image may have several labels.
    """

    confidence: np.ndarray
    answers: np.ndarray | None
    images: int

    @classmethod
    def of(cls, confidence: np.ndarray, labels: np.ndarray, n_classes: int) -> "AnswerReference":
        """Return the reference of N answers: confidence (N,), labels (N,), or (N, C) of 0 and 1."""
        number = min(QUANTILES, len(confidence))
        shares = (np.arange(number) + 0.5) / number
        quantiles = np.quantile(confidence.astype(np.float64), shares, method="inverted_cdf")
        counts = np.bincount(labels, minlength=n_classes) if labels.ndim == 1 else None
        return cls(quantiles, counts, len(confidence))

    def to_json(self) -> dict[str, object]:
        """Return the reference in JSON's types."""
        answers = None if self.answers is None else self.answers.tolist()
        return {"confidence": self.confidence.tolist(), "answers": answers, "images": self.images}

    @classmethod
    def from_json(cls, saved: Mapping) -> "AnswerReference":
        """Return the reference whose `to_json` is `saved`."""
        answers = None if saved["answers"] is None else np.array(saved["answers"], dtype=np.int64)
        return cls(np.array(saved["confidence"], dtype=np.float64), answers, saved["images"])
