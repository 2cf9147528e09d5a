"""Calibration of probabilities: its error, and temperature scaling.

Guo et al., On Calibration of Modern Neural Networks, 2017.

Predictions are stored as probabilities. Their logarithms are logits up to a constant in each row, which a softmax takes
away again: dividing logits by a temperature T is raising probabilities to the power 1 / T.

Where an image may have several labels, each probability is by itself, and a matrix (N, C) of them is N * C problems of
two classes. y_true: (N,) class indices, or (N, C) of 0 and 1 for several labels.
"""

from collections.abc import Callable, Sequence

import numpy as np
from scipy.optimize import minimize, minimize_scalar
from scipy.special import expit, logsumexp, softmax

LEAST = 1e-12  # probabilities below it count as it: the logarithm stays finite
BINS = 15  # of equal width, as Guo et al. have them
OFFSET_PENALTY = 12.5  # of a class's offset: as if it were drawn with a standard deviation of 0.2
TEMPERATURES = (0.05, 20.0)  # searched; a member that is always right would have 0, one that guesses infinity


def log_probabilities(probabilities: np.ndarray) -> np.ndarray:
    """Return the logarithms of `probabilities`, float64, which are logits; LEAST at the least."""
    return np.log(np.maximum(probabilities.astype(np.float64), LEAST))


def log_loss(probabilities: np.ndarray, y_true: np.ndarray) -> float:
    """The mean of -log p of what is true; probabilities: (N, C), y_true: (N,) or (N, C), see above."""
    return float(log_losses(probabilities, y_true).mean())


def log_losses(probabilities: np.ndarray, y_true: np.ndarray) -> np.ndarray:
    """(N,) float64: each row's -log p of what is true, with several labels the mean over them; see `log_loss`."""
    if y_true.ndim == 2:
        of_true = np.where(y_true, probabilities, 1 - probabilities.astype(np.float64))
        return -np.log(np.maximum(of_true, LEAST)).mean(axis=1)
    of_true = probabilities[np.arange(len(y_true)), y_true].astype(np.float64)
    return -np.log(np.maximum(of_true, LEAST))


def apply_temperature(probabilities: np.ndarray, temperature: float | np.ndarray, several: bool = False) -> np.ndarray:
    """(..., C) float64: `probabilities` with their logits divided by `temperature`, which broadcasts.

    Rows sum to 1; where an image may have several labels, each probability is by itself.
    """
    if several:
        return expit(_log_odds(probabilities) / temperature)
    logits = log_probabilities(probabilities) / temperature
    logits -= logits.max(axis=-1, keepdims=True)
    np.exp(logits, out=logits)
    return logits / logits.sum(axis=-1, keepdims=True)


def fit_temperature(probabilities: np.ndarray, y_true: np.ndarray) -> float:
    """The temperature, within TEMPERATURES, with the least log loss.

    probabilities: (N, C), y_true: (N,) or (N, C), see above. Log loss is convex in 1 / T, so it has one minimum.
    """
    loss_at = _loss_of_several(probabilities, y_true) if y_true.ndim == 2 else _loss_of_one(probabilities, y_true)

    def loss(log_temperature: float) -> float:
        return loss_at(np.exp(-log_temperature))

    found = minimize_scalar(loss, bounds=np.log(TEMPERATURES), method="bounded", options={"xatol": 1e-6})
    return float(np.exp(found.x))


def fit_class_offsets(probabilities: np.ndarray, y_true: np.ndarray) -> np.ndarray:
    """Return (C,) what is to be added to log `probabilities` (N, C), of one label y_true (N,) an image, so that no
    class is answered too often or too seldom: 0 on average.

    Fitted together with a temperature (Alexandari et al., Maximum likelihood with bias-corrected calibration is
    hard-to-beat at label shift adaptation, ICML 2020), by the least log loss and OFFSET_PENALTY times the sum of the
    squares, so that few images of a class move it little.
    """
    logits, n, classes = log_probabilities(probabilities), len(y_true), probabilities.shape[1]
    true = np.eye(classes)[y_true]

    def loss(found: np.ndarray) -> tuple[float, np.ndarray]:  # and its gradient
        offsets, cold = found[:-1], np.exp(found[-1])
        scores = logits * cold + offsets
        wrong = softmax(scores, axis=1) - true
        value = (logsumexp(scores, axis=1) - (scores * true).sum(axis=1)).sum() + OFFSET_PENALTY * (offsets**2).sum()
        slope = np.append(wrong.sum(axis=0) + 2 * OFFSET_PENALTY * offsets, (wrong * logits).sum() * cold)
        return value / n, slope / n

    cold = -np.log(TEMPERATURES[::-1])
    bounds = [(None, None)] * classes + [(cold.min(), cold.max())]
    found = minimize(loss, np.zeros(classes + 1), jac=True, method="L-BFGS-B", bounds=bounds).x
    offsets = found[:-1] / np.exp(found[-1])
    return offsets - offsets.mean()


def fit_temperatures(
    probabilities: np.ndarray, y_true: np.ndarray, folds: np.ndarray
) -> tuple[float, dict[int, float]]:
    """Return the temperature fitted on all N rows, and fold -> the one fitted on the other folds' rows."""
    others = {fold: folds != fold for fold in np.unique(folds).tolist()}
    return fit_temperature(probabilities, y_true), {
        fold: fit_temperature(probabilities[rows], y_true[rows]) for fold, rows in others.items()
    }


def apply_by_fold(
    probabilities: np.ndarray, folds: np.ndarray, without: dict[int, float], several: bool = False
) -> np.ndarray:
    """(N, C) float64: each fold's rows calibrated by the temperature that the other folds gave, `without`."""
    return apply_temperature(probabilities, np.array([without[fold] for fold in folds.tolist()])[:, None], several)


def expected_calibration_error(probabilities: np.ndarray, y_true: np.ndarray, bins: int = BINS) -> float:
    """Expected calibration error, in [0, 1]: |accuracy - confidence|, mean over bins of confidence by their rows.

    probabilities: (N, C), y_true: (N,) or (N, C), see above. Confidence: the highest probability, of having a label or
    not where there may be several; a bin holds its upper edge.
    """
    if y_true.ndim == 2:
        has = probabilities.astype(np.float64).ravel()
        probabilities, y_true = np.stack([has, 1 - has], axis=1), 1 - y_true.astype(np.int64).ravel()
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == y_true
    where = np.digitize(confidence, np.arange(1, bins) / bins, right=True)
    gaps = np.bincount(where, weights=right - confidence.astype(np.float64), minlength=bins)
    return float(np.abs(gaps).sum() / len(y_true))


def calibration_error(
    probabilities: np.ndarray, y_true: np.ndarray, folds: np.ndarray, temperature: float, without: dict[int, float]
) -> dict[str, float]:
    """{"temperature", "before", "after"}: expected calibration error of out-of-fold `probabilities` (N, C).

    temperature, without: as `fit_temperatures` gives them; after: each fold calibrated by the one that the other folds
    gave.
    """
    after = apply_by_fold(probabilities, folds, without, y_true.ndim == 2)
    return {
        "temperature": temperature,
        "before": expected_calibration_error(probabilities, y_true),
        "after": expected_calibration_error(after, y_true),
    }


def fit_members(
    members: Sequence[np.ndarray], y_true: np.ndarray, folds: np.ndarray
) -> tuple[np.ndarray, dict[int, np.ndarray]]:
    """((M,) temperatures fitted on all rows, fold -> (M,) fitted on the other folds); members: M of (N, C)."""
    fitted = [fit_temperatures(probabilities, y_true, folds) for probabilities in members]
    without = {fold: np.array([by_fold[fold] for _, by_fold in fitted]) for fold in np.unique(folds).tolist()}
    return np.array([temperature for temperature, _ in fitted]), without


def _log_odds(probabilities: np.ndarray) -> np.ndarray:
    return log_probabilities(probabilities) - log_probabilities(1 - probabilities.astype(np.float64))


def _loss_of_one(probabilities: np.ndarray, y_true: np.ndarray) -> Callable[[float], float]:
    """Return the log loss as a function of 1 / T; y_true: (N,)."""
    logits = log_probabilities(probabilities)
    of_true = logits[np.arange(len(y_true)), y_true].mean()
    return lambda cold: logsumexp(logits * cold, axis=1).mean() - of_true * cold


def _loss_of_several(probabilities: np.ndarray, y_true: np.ndarray) -> Callable[[float], float]:
    """Return the log loss as a function of 1 / T; y_true: (N, C)."""
    of_true = np.where(y_true, 1, -1) * _log_odds(probabilities)
    return lambda cold: np.logaddexp(0, -of_true * cold).mean()
