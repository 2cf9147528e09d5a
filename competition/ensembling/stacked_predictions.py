"""Members' predictions stacked and aligned by image: what ensembles are fitted on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from competition.common import paths
from competition.common.errors import examples
from competition.data.label_sets import likeliest_labels
from competition.data.predictions import CONDITIONS, OUT_OF_FOLD, Predictions
from competition.ensembling.images import Images
from competition.ensembling.voting import in_step
from competition.folds.predictions import holdout_part, out_of_fold
from competition.metrics.calibration import apply_temperature, fit_members
from competition.metrics.metric import Metric

# a member's predictions by part (clean, test_like, test, ...), one mapping for each fold
PerFold = Sequence[Mapping[str, Predictions]]


@dataclass(frozen=True, eq=False)
class Voters:
    """Predictions of M members, each by K networks, for n images, and the temperatures (M,) that calibrate them.

    raw: (M, K, n, C) float32, rows sum to 1 unless an image may have `several` labels. Out of fold K is 1: the network
    that didn't see the image.
    """

    raw: np.ndarray
    temperatures: np.ndarray
    several: bool = False

    @property
    def n_classes(self) -> int:
        return self.raw.shape[-1]

    @property
    def even_weights(self) -> np.ndarray:
        """(M,) float64: 1 / M each."""
        return np.full(len(self.raw), 1 / len(self.raw))

    @cached_property
    def calibrated(self) -> np.ndarray:
        """(M, K, n, C) float64."""
        return apply_temperature(self.raw, self.temperatures[:, None, None, None], self.several)

    @cached_property
    def soft(self) -> np.ndarray:
        """(M, n, C) float64: the members' calibrated soft votes over their networks."""
        return self.calibrated.mean(axis=1)

    @cached_property
    def soft_raw(self) -> np.ndarray:
        """(M, n, C) float32: the members' soft votes as they are: without calibration."""
        if self.raw.shape[1] == 1:
            return self.raw[:, 0]
        total = self.raw.sum(axis=1, dtype=np.float64)
        whole = self.raw.shape[1] if self.several else total.sum(axis=2, keepdims=True)
        return (total / whole).astype(np.float32)

    def answers(self, metric: Metric) -> np.ndarray:
        """Return (M, n, ...): what the members' soft votes answer, without a decision rule."""
        return np.stack([metric.plain(one, self.several) for one in self.soft_raw])

    @cached_property
    def labels(self) -> np.ndarray:
        """(M, n, ...): the labels of the members' soft votes, the likeliest class or those of 0.5 and more."""
        return np.stack([likeliest_labels(one, self.several) for one in self.soft_raw])

    def of_true(self, y_true: np.ndarray) -> np.ndarray:
        """Return (M, n) float64: the calibrated soft votes' probabilities of the true class; of several, (M, n x C)."""
        if not self.several:
            return self.soft[:, np.arange(len(y_true)), y_true]
        return np.where(y_true == 1, self.soft, 1 - self.soft).reshape(len(self.soft), -1)

    def weighted_mean(self, weights: np.ndarray) -> np.ndarray:
        """Return (n, C) float64: the mean of calibrated probabilities by `weights` (M,), which sum to 1."""
        return np.tensordot(weights, self.soft, axes=1)


@dataclass(frozen=True, eq=False)
class StackedPredictions:
    """All members' aligned predictions of `images`.

    members: (M,) names, sorted. oof: "clean", "test_like", "severe" -> (M, 1, N, C); test: (M, K, T, C); holdout:
    "clean" and "test_like" -> (M, K, H, C), {} while it is locked. test_rows: (T,) the test images' rows in the
    submission.
    """

    members: tuple[str, ...]
    images: Images
    oof: dict[str, np.ndarray]
    test: np.ndarray
    holdout: dict[str, np.ndarray]
    test_rows: np.ndarray

    @cached_property
    def temperatures(self) -> tuple[np.ndarray, dict[int, np.ndarray]]:
        """((M,) fitted on all test-like out-of-fold images, slice -> (M,) fitted on the other slices')."""
        return fit_members(self.oof["test_like"][:, 0], self.images.y_true, self.images.slices)

    @cached_property
    def test_labels(self) -> np.ndarray:
        """(M, K, T) the likeliest class of each test image, by each network."""
        return self.test.argmax(axis=3)

    def voters(self, raw: np.ndarray, temperatures: np.ndarray | None = None) -> Voters:
        """Return `raw` (M, K, n, C) as voters, calibrated by `temperatures` (M,), or by what all images gave."""
        return Voters(raw, self.temperatures[0] if temperatures is None else temperatures, self.images.task.several)

    def only(self, chosen: np.ndarray) -> "StackedPredictions":
        """Return the same of the members `chosen` (M,) bool."""
        return StackedPredictions(
            tuple(name for name, is_chosen in zip(self.members, chosen, strict=True) if is_chosen),
            self.images,
            {condition: part[chosen] for condition, part in self.oof.items()},
            self.test[chosen],
            {condition: part[chosen] for condition, part in self.holdout.items()},
            self.test_rows,
        )

    def in_submission(self, answers: np.ndarray) -> np.ndarray:
        """Return answers in the submission's order, from those (T, ...) to the test images that could be read."""
        return self.images.in_submission([self.images.test_ids[row] for row in self.test_rows], answers)


def stack_predictions(per_member: Mapping[str, PerFold], images: Images) -> StackedPredictions:
    """The members' predictions, rows aligned by ID. Raises ValueError that names the member that lacks an image."""
    members = tuple(sorted(per_member))
    check_same_test_images(per_member)
    known = set(per_member[members[0]][0]["test"].ids.tolist())
    test_rows = np.array([row for row, id_ in enumerate(images.test_ids) if id_ in known], dtype=np.int64)
    oof_ids = images.seen["ID"].tolist()
    oof = {
        condition: np.stack([out_of_fold(per_member[name], condition, oof_ids).probabilities for name in members])
        for condition in OUT_OF_FOLD
    }

    def every_fold(part: str, ids: Sequence[str]) -> np.ndarray:
        return in_step(
            [np.stack([fold[part].select(ids).probabilities for fold in per_member[name]]) for name in members]
        )

    on_holdout = CONDITIONS if len(images.holdout) else ()
    return StackedPredictions(
        members,
        images,
        {condition: part[:, None] for condition, part in oof.items()},
        every_fold("test", [images.test_ids[row] for row in test_rows]),
        {condition: every_fold(holdout_part(condition), images.holdout["ID"].tolist()) for condition in on_holdout},
        test_rows,
    )


def check_same_test_images(per_member: Mapping[str, PerFold]) -> None:
    """Raise ValueError naming the first member and fold whose test images aren't those of the first one."""
    folds = [
        (paths.predictions(name, k), set(fold["test"].ids.tolist()))
        for name, per_fold in sorted(per_member.items())
        for k, fold in enumerate(per_fold)
    ]
    first, expected = folds[0]
    for path, found in folds[1:]:
        if different := sorted(found ^ expected):
            raise ValueError(
                f"{path}: test: {len(expected - found)} images are missing and {len(found - expected)} are not known "
                f"to {first}: {examples(different)}; run `dvc repro` again"
            )
