"""What a vote of several networks scores on the test set, where it is expected how often one of them is right there.

No label is needed: how much a vote adds depends on how often its networks disagree, and on what is true then. What all
members say together is taken for the labels' probabilities, made so sure or unsure (by a temperature) that one network
of the vote is right as often as it is expected to be; labels are drawn by them, and the vote is scored against these.
What the vote's own networks say together would be no judge of it: by that the vote is always right.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from competition.ensembling.fitted_votes import Voted
from competition.metrics.calibration import apply_temperature
from competition.metrics.metric import Metric

TEMPERATURES = 1 / 20, 20.0  # looked at
DRAWS = 200  # of all labels
MOST_IMAGES = 5000  # that labels are drawn for
LEAST_DRAWS = 0.5  # share of the draws that have a score, at the least: else nothing is known


@dataclass(frozen=True, eq=False)
class VoteScore:
    """Scores against labels as they may be: of `one` network alone, on average, and of the `vote`; NaN where nothing is
    known. deviations: (DRAWS,) of the vote's scores from their mean.
    """

    one: float
    vote: float
    deviations: np.ndarray

    @property
    def gain(self) -> float:
        """What the vote adds; 0 where nothing is known."""
        return self.vote - self.one if np.isfinite(self.vote - self.one) else 0.0


NOTHING = VoteScore(np.nan, np.nan, np.zeros(DRAWS))


def looked_at(images: int) -> np.ndarray:
    """Return the rows (R,) of so many test images that labels are drawn for."""
    return np.linspace(0, images - 1, min(images, MOST_IMAGES)).astype(np.int64)


class PossibleLabels:
    """Labels of T test images as they may be, for the networks `alone` (K,) and their vote `together`.

    likely: (R, C) the labels' probabilities, but for their temperature, of the rows `looked_at(T)`; None: nothing is
    known of them, as of several labels an image: drawn each by itself, they say too little of labels that go together.
    The same draws answer every question, so that differences are paired.
    """

    def __init__(
        self,
        likely: np.ndarray | None,
        alone: Sequence[Voted],
        together: Voted,
        metric: Metric,
        draws: np.random.Generator,
    ):
        rows, self._likely = looked_at(len(together)), likely
        self._answers = [*(one.answers[rows] for one in alone), together.answers[rows]]
        self._labels = np.stack([one.labels[rows] for one in alone])
        self._uniform = draws.random((DRAWS, len(rows), 1))
        self._metric, self._share = metric, np.sqrt(len(rows) / max(1, len(together)))

    def score(self, accuracy: float) -> VoteScore:
        """Return the scores where one network alone has `accuracy`, or as much of it as networks that disagree can."""
        if self._likely is None:
            return NOTHING
        scores = self._scores(self._temperature(accuracy))
        if np.isfinite(scores).mean(axis=0).min() < LEAST_DRAWS:
            return NOTHING
        means = np.nanmean(scores, axis=0)
        deviations = np.nan_to_num(scores[:, -1] - means[-1]) * self._share
        return VoteScore(float(means[:-1].mean()), float(means[-1]), deviations)

    def _accuracy(self, log_temperature: float) -> float:
        """Return how often one network is right, on average, where labels are drawn at this temperature."""
        likely = apply_temperature(self._likely, np.exp(log_temperature))
        return float(likely[np.arange(len(likely)), self._labels].mean())

    def _temperature(self, accuracy: float) -> float:
        low, high = np.log(TEMPERATURES)
        if accuracy >= self._accuracy(low):
            return low
        if accuracy <= self._accuracy(high):
            return high
        return brentq(lambda at: self._accuracy(at) - accuracy, low, high, xtol=1e-3)

    def _scores(self, log_temperature: float) -> np.ndarray:
        """Return (DRAWS, K + 1) scores of the networks alone, and of their vote."""
        n_classes = self._likely.shape[1]
        up_to = apply_temperature(self._likely, np.exp(log_temperature)).cumsum(axis=1)
        labels = np.stack([np.minimum((one > up_to).sum(axis=1), n_classes - 1) for one in self._uniform])
        return np.stack([self._metric.score_of_truths(labels, one, n_classes) for one in self._answers], axis=1)
