"""Gain of turning pages upright: what is measured out of fold, with and without, and whether it is sure."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from competition.common.seeds import generator
from competition.metrics.bootstrap import times_drawn
from competition.metrics.calibration import apply_temperature, fit_temperature, log_losses
from competition.settings.ensemble import EnsembleSettings

SURE = 2  # standard errors by which the log loss has to be less
AS_IT_IS, UPRIGHT = "as_it_is", "upright"


@dataclass(frozen=True)
class Gain:
    """The metric's value (None where it isn't defined) and the log loss, with and without, out of fold, expected of the
    test images; gains: whether the log loss is less by more than SURE times the standard error of the difference.

    left_out: folds that nothing can be said of.
    """

    scores: dict[str, float | None]
    log_losses: dict[str, float]
    standard_error: float
    gains: bool
    left_out: tuple[int, ...] = ()

    @classmethod
    def of(
        cls,
        scores: dict[str, float | None],
        log_losses: dict[str, float],
        standard_error: float,
        left_out: tuple[int, ...] = (),
    ) -> "Gain":
        """Return the gain by these figures."""
        gains = log_losses[AS_IT_IS] - log_losses[UPRIGHT] > SURE * standard_error
        rounded = (
            {name: None if value is None else round(value, 4) for name, value in one.items()}
            for one in (scores, log_losses)
        )
        return cls(*rounded, round(standard_error, 4), bool(gains), left_out)

    @classmethod
    def unknown(cls, left_out: tuple[int, ...]) -> "Gain":
        """Return the gain where nothing can be said of any fold: none."""
        return cls({}, {}, 0.0, False, left_out)

    def facts(self) -> dict[str, object]:
        """Return what is written down of it."""
        if not self.log_losses:
            problem = (
                "no fold can be learnt: each needs a training image to score, and others of two classes to learn from; "
                "pages stay as they are. If they are to be turned, set upright.use to on"
            )
            return {"problem": problem}
        facts = {"score": self.scores, "log_loss": self.log_losses, "standard_error": self.standard_error}
        return facts | ({"folds_left_out": list(self.left_out)} if self.left_out else {})


@dataclass(frozen=True, eq=False)
class Scored:
    """Answers out of fold: ids, labels, probabilities and weights (n, ...); an image may stand in it twice."""

    ids: np.ndarray
    labels: np.ndarray
    probabilities: np.ndarray
    weights: np.ndarray

    @classmethod
    def joined(cls, parts: list["Scored"]) -> "Scored":
        """Return one of all `parts`."""
        names = ("ids", "labels", "probabilities", "weights")
        return cls(*(np.concatenate([getattr(one, name) for one in parts]) for name in names))


def gained_log_losses(
    given: Mapping[str, Scored], groups: np.ndarray, settings: EnsembleSettings, several: bool
) -> tuple[dict[str, float], float]:
    """Return the weighted log loss of calibrated answers, and the standard error of its difference.

    By bootstrap of `groups` (n,), the same resamples for both.
    """
    losses, shares, resampled = {}, {}, {}
    for name, one in given.items():
        temperature = fit_temperature(one.probabilities, one.labels)
        losses[name] = log_losses(apply_temperature(one.probabilities, temperature, several), one.labels)
        shares[name] = one.weights / one.weights.sum()
        draws = times_drawn(len(groups), settings.resamples, generator(settings.seed, "bootstrap"), groups)
        resampled[name] = np.concatenate(
            [times @ (shares[name] * losses[name]) / (times @ shares[name]) for times in draws]
        )
    error = float((resampled[UPRIGHT] - resampled[AS_IT_IS]).std(ddof=1))
    return {name: float(losses[name] @ shares[name]) for name in given}, error
