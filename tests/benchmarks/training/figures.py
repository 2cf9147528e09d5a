"""What the answers and the times of all ways come to."""

from statistics import median

import numpy as np

from competition.common.seeds import generator
from competition.metrics.scores import METRICS

F1 = METRICS["f1_macro"]()

RESAMPLES = 1000


def speeds(rounds: dict[str, list[float]]) -> dict:
    """Return the median images/s of each way, and ours as a share or multiple of the others' (None for a way that
    wasn't run).
    """
    rates = {way: median(values) for way, values in rounds.items()}
    others = {"share_of_limit": "limit", "over_plain": "plain", "over_fastai": "fastai"}
    return {
        "images_per_s": {way: round(rate, 1) for way, rate in rates.items()},
        **{name: round(rates["ours"] / rates[way], 3) if way in rates else None for name, way in others.items()},
        "rounds": {way: [round(value, 1) for value in values] for way, values in rounds.items()},
    }


def scores(y_true: list[int], answers: dict[str, list[int]], n_classes: int) -> dict:
    """Return each way's macro F1 with its 95% bootstrap interval, and ours less the others', in pairs: [value, low,
    high].
    """
    labels, found = np.array(y_true), {way: np.array(values) for way, values in answers.items()}
    result = {
        way: _rounded(F1.with_interval(labels, values, n_classes, RESAMPLES, 0.95, generator("benchmark", "scores")))
        for way, values in found.items()
    }
    gains = {
        f"ours_less_{way}": _rounded(_gain(labels, found["ours"], values, n_classes))
        for way, values in found.items()
        if way != "ours"
    }
    return {**result, **gains}


def same_vote(ours: list[int], plain: list[int], y_true: list[int], n_classes: int) -> dict:
    """Return the share of images with the same answer, and both ways' macro F1 of those whose label is known (not
    -1).
    """
    one, other, labels = np.array(ours), np.array(plain), np.array(y_true)
    known = labels >= 0
    scored = {
        way: round(F1(labels[known], answers[known], n_classes), 4)
        for way, answers in (("ours", one), ("plain", other))
    }
    return {
        "images": len(one),
        "same_class": round(float((one == other).mean()), 4),
        "labelled": int(known.sum()),
        "macro_f1": scored,
        "macro_f1_difference": round(scored["ours"] - scored["plain"], 4),
    }


def _gain(y_true: np.ndarray, ours: np.ndarray, other: np.ndarray, n_classes: int) -> tuple[float, float, float]:
    draws = generator("benchmark", "gain").integers(len(y_true), size=(RESAMPLES, len(y_true)))
    gains = [F1(y_true[rows], ours[rows], n_classes) - F1(y_true[rows], other[rows], n_classes) for rows in draws]
    low, high = np.quantile(gains, [0.025, 0.975])
    return F1(y_true, ours, n_classes) - F1(y_true, other, n_classes), float(low), float(high)


def _rounded(values: tuple[float, ...]) -> list[float]:
    return [round(value, 3) for value in values]
