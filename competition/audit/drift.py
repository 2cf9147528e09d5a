"""Drift: whether new images are unlike those that the networks were trained and scored on.

Three measures, each with a threshold: how well a classifier tells new images from old ones by what can be measured
without a label, how much the mix of the answers differs, and by how much the answers are less certain. New images that
come as the old ones do exceed one or more of the thresholds in FALSE_ALARMS of cases at most, since each is allowed a
third of that (Bonferroni).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from scipy.stats import norm

from competition.audit.domain_shift import STATISTICS, held_out_auc, table

FALSE_ALARMS = 0.05  # of sets of images that come as the old ones do
ALPHA = FALSE_ALARMS / 3  # of each measure
LEAST_IMAGES = 20  # on either side; of fewer nothing but a gross difference could be told
LEAST_AUC, LEAST_SHARE = 0.6, 0.1  # a smaller difference is of no consequence, however many images show it
DRAWS = 2000
NAMED = 3  # features and classes that differ most


@dataclass(frozen=True)
class Drift:
    """A measure of drift, and the threshold above which there is some; facts: what differs, in JSON's types."""

    figure: float
    threshold: float
    facts: dict[str, object] = field(default_factory=dict)

    @property
    def found(self) -> bool:
        """Whether the new images are unlike the old ones."""
        return self.figure > self.threshold

    def to_json(self) -> dict[str, object]:
        """Return the measure in JSON's types."""
        return {
            "found": self.found,
            "figure": round(self.figure, 4),
            "threshold": round(self.threshold, 4),
        } | self.facts


def image_drift(references: Mapping[str, np.ndarray], new: np.ndarray, seed: int = 0) -> Drift:
    """Return the AUC of telling new images from the old ones that they are most like.

    references: condition -> statistics (N, F) of old images, as `domain_shift.statistics` gives them; new: (n, F).
    Measured on halves that the classifier was not fitted on, so that its null distribution is that of Mann and
    Whitney's U. facts: the condition, and the features that differ most.
    """
    found = {name: held_out_auc(old, new, seed) for name, old in references.items()}
    nearest = min(found, key=lambda name: found[name][0])
    auc, *scored = found[nearest]
    rows = table(references[nearest], new, list(STATISTICS)).head(NAMED)
    features = [
        {"feature": row.feature, "new_is": row.test_is, "old": row.train, "new": row.test, "auc": row.auc}
        for row in rows.round(4).itertuples()
    ]
    return Drift(auc, auc_threshold(*scored), {"nearest": nearest, "features": features})


def certainty_drift(old: np.ndarray, images: int, new: np.ndarray) -> Drift:
    """Return the AUC that an old answer is more certain than a new one.

    old: ascending quantiles of the confidences of `images` answers, each as likely as the others; new: (n,). facts:
    both medians.
    """
    below, up_to = (np.searchsorted(old, new, side=side) for side in ("left", "right"))
    auc = 1 - float(np.mean(below + up_to)) / (2 * len(old))
    medians = {"old_median": round(float(np.median(old)), 4), "new_median": round(float(np.median(new)), 4)}
    return Drift(auc, auc_threshold(images, len(new)), medians)


def answer_drift(old: np.ndarray, new: np.ndarray, names: Mapping[str, str], seed: int = 0) -> Drift:
    """Return the total variation distance between the shares of the answers, 0 to 1.

    old, new: (C,) how often each class was answered; names: target -> readable name, C of them. The threshold is a
    quantile of what drawing the new answers from all of them gives, DRAWS times. facts: the classes that differ most.
    """
    draws = np.random.default_rng(seed).multivariate_hypergeometric(old + new, new.sum(), size=DRAWS)
    null = np.abs(draws / new.sum() - (old + new - draws) / old.sum()).sum(axis=1) / 2
    shares = np.round([old / old.sum(), new / new.sum()], 4).tolist()
    targets, differences = list(names.items()), np.abs(old / old.sum() - new / new.sum())
    classes = [
        {
            "target": target,
            "class_name": name,
            "old": round(float(shares[0][row]), 4),
            "new": round(float(shares[1][row]), 4),
        }
        for row in np.argsort(-differences, kind="stable")[:NAMED].tolist()
        for target, name in [targets[row]]
    ]
    threshold = float(np.quantile(null, 1 - ALPHA, method="higher"))
    return Drift(float(differences.sum() / 2), max(LEAST_SHARE, threshold), {"classes": classes})


def auc_threshold(old: int, new: int) -> float:
    """Return what an AUC of `old` and `new` values of one distribution exceeds in ALPHA of cases, or LEAST_AUC.

    By the normal approximation of Mann and Whitney's U.
    """
    deviation = np.sqrt((old + new + 1) / (12 * old * new))
    return max(LEAST_AUC, float(0.5 + norm.isf(ALPHA) * deviation))
