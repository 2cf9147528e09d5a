"""How long each metric's bootstrap takes, and how much faster it is than a loop over the resamples' rows.

    OMP_NUM_THREADS=1 python tests/benchmarks/metrics.py

Made-up answers, one label an image and several: 1,000 resamples of 2,000 rows and 17 classes, in seconds for one
prediction. The loop scores the rows of each resample by the same metric, and is timed on a few of them. The last line
is one JSON object.
"""

import argparse
import json
from time import perf_counter

import numpy as np

from competition.metrics.bootstrap import resampled_rows
from competition.metrics.metric import Metric
from competition.metrics.scores import METRICS


def made_up(several: bool, rows: int, n_classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Return labels, and probabilities (N, C) that know something of them."""
    generator = np.random.default_rng(0)
    if several:
        y_true = (generator.random((rows, n_classes)) < 0.1).astype(np.uint8)
        return y_true, 0.7 * generator.random((rows, n_classes)) + 0.3 * y_true
    y_true = generator.integers(n_classes, size=rows)
    probabilities = generator.dirichlet(np.ones(n_classes), rows) + 0.2 * np.eye(n_classes)[y_true]
    return y_true, probabilities / probabilities.sum(axis=1, keepdims=True)


def timed(metric: Metric, several: bool, given: argparse.Namespace) -> dict[str, float]:
    """{"seconds" of the bootstrap, "times_loop": how often as fast, "largest_difference" of the two's scores}."""
    y_true, probabilities = made_up(several, given.images, given.classes)
    y_pred = metric.plain(probabilities, several)
    began = perf_counter()
    scores = metric.bootstrap(y_true, [y_pred], given.classes, given.resamples, np.random.default_rng(1))[:, 0]
    seconds = perf_counter() - began
    drawn = next(resampled_rows(given.images, given.resamples, np.random.default_rng(1)))[: given.plain]
    began = perf_counter()
    plain = [metric.score(y_true[rows], y_pred[rows], given.classes, None) for rows in drawn]
    faster = (perf_counter() - began) / given.plain / (seconds / given.resamples)
    difference = float(np.abs(scores[: given.plain] - plain).max())
    return {"seconds": round(seconds, 3), "times_loop": round(faster, 1), "largest_difference": difference}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--classes", type=int, default=17)
    parser.add_argument("--resamples", type=int, default=1000)
    parser.add_argument("--plain", type=int, default=50, help="resamples that the loop is timed on")
    given = parser.parse_args()
    found = {}
    for name, make in METRICS.items():
        metric = make()
        for several in (False, True):
            if not several or "multi" in metric.kinds:
                key = f"{name}, several labels" if several else name
                found[key] = timed(metric, several, given)
                print(key, *(f"{what} {value:.3g}" for what, value in found[key].items()), sep="  ")
    print(json.dumps(vars(given) | {"metrics": found}))


if __name__ == "__main__":
    main()
