"""Domain shift between two sets of images: statistics of an image, which need no label, and how they differ.

The measure is the AUC of telling training from test images: 0.5 when they can't be told apart, 1 when each gives itself
away. Classifier two-sample tests: Lopez-Paz and Oquab, https://arxiv.org/abs/1610.06545.
"""

import cv2
import numpy as np
import pandas as pd
from scipy.stats import rankdata
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, QuantileTransformer, StandardScaler

STATISTICS: dict[str, str] = {
    "brightness": "mean grey level",
    "contrast": "standard deviation of the grey levels",
    "paper": "90th percentile of the grey levels",
    "dark_share": "share of the pixels below grey level 96",
    "unevenness": "standard deviation of the brightness of 8 x 8 blocks: light, shadows, what the page lies on",
    "sharpness": "logarithm of 1 + the variance of the Laplacian",
    "noise": "standard deviation of the noise, grey levels (median of Immerkaer's mask, blind to lines)",
    "saturation": "mean HSV saturation, 0 to 1",
    "red_cast": "mean of red - green, levels",
    "blue_cast": "mean of blue - green, levels",
    "border_level": "mean grey level of the outer 4 percent",
    "border_spread": "standard deviation of the grey levels there",
    "border_fill": "share of the pixels there that have the fill's level",
    "axis_energy": "share of the gradients' energy within 10 degrees of the two axes",
    "direction_peak": "share of the gradients' energy in the strongest 10 degrees, modulo 90",
    "aspect": "shorter over longer side of what is not padded with the fill",
}
DARK, NEAR_FILL, BORDER = 96, 6, 0.04
_NOISE_MASK = np.float32([[1, -2, 1], [-2, 4, -2], [1, -2, 1]])
_SIX_SIGMAS = 6 * 0.6745  # the mask's gain, and the median of |x| of a standard normal x


def statistics(image: np.ndarray, fill: int = 255) -> np.ndarray:
    """Return float64 (F,), in the order and the units of STATISTICS, of `image`, uint8 (H, W, 3) RGB.

    `image` is usually a letterboxed square, and `fill` the grey level of its padding. Noise: J. Immerkaer, Fast noise
    variance estimation, CVIU 64 (1996), with the median of absolute values in place of their mean.
    """
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    mean, deviation = (float(value[0, 0]) for value in cv2.meanStdDev(grey))
    counts = np.cumsum(cv2.calcHist([grey], [0], None, [256], [0, 256])) / grey.size
    red, green, blue, _ = cv2.mean(image)
    levels = grey.astype(np.float32)
    noise = _median(np.abs(_inner(cv2.filter2D(grey, cv2.CV_16S, _NOISE_MASK)))) / _SIX_SIGMAS
    border = grey[_border(*grey.shape)]
    return np.array(
        [
            mean,
            deviation,
            np.searchsorted(counts, 0.9),
            counts[DARK - 1],
            cv2.resize(levels, (8, 8), interpolation=cv2.INTER_AREA).std(),
            np.log1p(_inner(cv2.Laplacian(levels, -1)).var()),
            noise,
            cv2.mean(cv2.cvtColor(image, cv2.COLOR_RGB2HSV))[1] / 255,
            red - green,
            blue - green,
            border.mean(),
            border.std(),
            (np.abs(border.astype(np.int16) - fill) <= NEAR_FILL).mean(),
            *_directions(levels),
            _aspect(grey, fill),
        ],
        np.float64,
    )


def _inner(values: np.ndarray) -> np.ndarray:
    """Return `values` without the outermost pixels, where a 3 x 3 mask sees a mirror image, if any are left."""
    return values[1:-1, 1:-1] if min(values.shape) > 2 else values


def _median(values: np.ndarray) -> int:
    """Return the (lower) median of whole numbers from 0: by counting, which is several times faster than by sorting."""
    counts = np.cumsum(np.bincount(values.ravel()))
    return int(np.searchsorted(counts, (values.size + 1) // 2))


def _border(height: int, width: int) -> np.ndarray:
    rows, columns = max(1, round(BORDER * height)), max(1, round(BORDER * width))
    mask = np.ones((height, width), bool)
    mask[rows : height - rows, columns : width - columns] = False
    return mask


def _directions(levels: np.ndarray) -> tuple[float, float]:
    across, down = (_inner(cv2.Scharr(levels, cv2.CV_32F, *order)) for order in ((1, 0), (0, 1)))
    energy, angle = cv2.cartToPolar(across, down, angleInDegrees=True)
    energy = np.bincount(angle.ravel().astype(np.int64), cv2.multiply(energy, energy).ravel(), minlength=450)[:450]
    energy = energy.reshape(5, 90).sum(axis=0)  # 360 degrees do occur, by rounding
    total = energy.sum()
    if total == 0:
        return 20 / 90, 10 / 90  # as if every direction were as strong
    around = np.cumsum(np.concatenate([energy, energy[:10]]))
    return float((energy[:10].sum() + energy[80:].sum()) / total), float((around[10:] - around[:-10]).max() / total)


def _aspect(grey: np.ndarray, fill: int) -> float:
    content = cv2.absdiff(grey, np.full_like(grey, fill)) > NEAR_FILL
    sides = [np.ptp(np.flatnonzero(content.any(axis=axis))) + 1 if content.any() else 1 for axis in (0, 1)]
    return float(min(sides) / max(sides))


def folded_aucs(train: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Return (F,) each feature's AUC, of `train` (N, F) and `test` (M, F): above 0.5 where the test's is higher."""
    ranks = rankdata(np.concatenate([train, test]), axis=0)[len(train) :].sum(axis=0)  # ties get their middle rank
    return (ranks - len(test) * (len(test) + 1) / 2) / (len(train) * len(test))


def table(train: np.ndarray, test: np.ndarray, names: list[str]) -> pd.DataFrame:
    """Return a row per feature, the one that tells the sets apart best first.

    `train` (N, F), `test` (M, F). Columns: feature, train and test (medians), train_spread and test_spread (distance of
    the quartiles), auc (of the feature alone, 0.5 to 1), test_is (higher, lower or the same).
    """
    for values, name in ((train, "train"), (test, "test")):
        if values.ndim != 2 or values.shape[1] != len(names) or not len(values):
            raise ValueError(
                f"{name}: expected one row or more of {len(names)} features, found an array {values.shape}"
            )
    aucs = folded_aucs(train, test)
    (train_low, train_middle, train_high), (test_low, test_middle, test_high) = (
        np.quantile(x, [0.25, 0.5, 0.75], axis=0) for x in (train, test)
    )
    rows = pd.DataFrame(
        {
            "feature": list(names),
            "train": train_middle,
            "test": test_middle,
            "train_spread": train_high - train_low,
            "test_spread": test_high - test_low,
            "auc": np.maximum(aucs, 1 - aucs),
            "test_is": np.select([aucs > 0.5, aucs < 0.5], ["higher", "lower"], "the same"),
        }
    )
    return rows.sort_values(["auc", "feature"], ascending=[False, True], ignore_index=True)


def train_test_auc(train: np.ndarray, test: np.ndarray, seed: int, groups: np.ndarray | None = None) -> float:
    """Return the cross-validated AUC of telling `test` (M, F) from `train` (N, F): 0.5 to 1, or a little below.

    Logistic regression on the features' ranks and their squares, the mean over five stratified folds. `groups` (N + M,)
    names what must not stand on both sides, like the copies of one image. Raises ValueError for fewer than 10 rows a
    side.
    """
    if min(len(train), len(test)) < 10:
        raise ValueError(f"an AUC takes at least 10 rows on each side, found {len(train)} and {len(test)}")
    values = np.concatenate([train, test]).astype(np.float64)
    labels = np.repeat([0, 1], [len(train), len(test)])
    groups = np.arange(len(values)) if groups is None else np.asarray(groups)
    folds = StratifiedGroupKFold(5, shuffle=True, random_state=seed).split(values, labels, groups)
    scores = []
    for fitted, scored in folds:
        if len(np.unique(labels[scored])) < 2:
            raise ValueError(f"groups: {len(np.unique(groups))} are too few, or too large, for five folds")
        scores.append(
            roc_auc_score(
                labels[scored],
                _classifier(len(fitted)).fit(values[fitted], labels[fitted]).predict_proba(values[scored])[:, 1],
            )
        )
    return float(np.mean(scores))


def held_out_auc(train: np.ndarray, test: np.ndarray, seed: int) -> tuple[float, int, int]:
    """Return the AUC of telling `test` (M, F) from `train` (N, F), fitted on one half of each and scored on the other;
    and how many rows of either were scored.

    The classifier is `train_test_auc`'s. Of rows that come from one distribution, the AUC is distributed as Mann and
    Whitney's U, whatever the classifier. Raises ValueError for fewer than 10 rows a side.
    """
    if min(len(train), len(test)) < 10:
        raise ValueError(f"an AUC takes at least 10 rows on each side, found {len(train)} and {len(test)}")
    rng, fitted, scored = np.random.default_rng(seed), [], []
    for values in (train, test):
        order = rng.permutation(len(values))
        half = len(values) // 2
        fitted.append(values[order[:half]])
        scored.append(values[order[half:]])
    labels = np.repeat([0, 1], list(map(len, fitted)))
    classifier = _classifier(len(labels)).fit(np.concatenate(fitted).astype(np.float64), labels)
    sure = [classifier.predict_proba(values.astype(np.float64))[:, 1] for values in scored]
    truth = np.repeat([0, 1], list(map(len, scored)))
    return float(roc_auc_score(truth, np.concatenate(sure))), len(scored[0]), len(scored[1])


def _classifier(rows: int):
    ranks = QuantileTransformer(n_quantiles=min(100, rows), output_distribution="normal", subsample=None)
    return make_pipeline(
        ranks, FunctionTransformer(_with_squares), StandardScaler(), LogisticRegression(C=0.1, max_iter=300)
    )


def _with_squares(values: np.ndarray) -> np.ndarray:
    clipped = np.clip(values, -3, 3)  # a quantile transformer puts what lies outside of all it saw at 5 deviations
    return np.concatenate([clipped, clipped**2], axis=1)
