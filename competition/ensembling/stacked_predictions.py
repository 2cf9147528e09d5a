"""All members' predictions, aligned: what the ensembles are made from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from competition.data.predictions import Predictions
from competition.folds.predictions import OOF_VIEWS, holdout_view, out_of_fold
from competition.folds.split import make_folds
from competition.metrics.calibration import apply_temperature, fit_members

SLICES = 10  # of the out-of-fold images, at the least: each is answered by what was fitted on the others

PerFold = Sequence[Mapping[str, Predictions]]  # a member's predictions by view, one mapping for each fold


@dataclass(frozen=True, eq=False)
class Images:
    """Which images are answered, and with what.

    seen: ID, target, fold, group of the N out-of-fold images; holdout: the same of the H images of an unlocked holdout,
    or no rows. test_ids: the submission's, in its order; targets: (C,). fallback: the target for a test image that
    nobody could read.
    """

    seen: pd.DataFrame
    holdout: pd.DataFrame
    test_ids: Sequence[str]
    targets: tuple[str, ...]
    fallback: str

    def indices(self, answers: Sequence[str] | np.ndarray) -> np.ndarray:
        """(n,) int64 class indices of targets."""
        position = {target: index for index, target in enumerate(self.targets)}
        return np.array([position[answer] for answer in answers], dtype=np.int64)

    @cached_property
    def true(self) -> np.ndarray:
        """(N,) class indices of the out-of-fold images."""
        return self.indices(self.seen["target"])

    @cached_property
    def folds(self) -> np.ndarray:
        """(N,) fold numbers of the out-of-fold images."""
        return self.seen["fold"].to_numpy(np.int64)

    @cached_property
    def slices(self) -> np.ndarray:
        """(N,) numbers: every fold dealt out, groups whole and no label looked at, so that there are SLICES or more.

        No image's network knows the image, so what is fitted on networks' answers needs no fold left out, only the
        images that it is scored on: with a third of them left out it would be scored as worse than what all of them
        give.
        """
        numbers = np.unique(self.folds)
        slices, each = np.zeros(len(self.folds), dtype=np.int64), -(-SLICES // max(1, len(numbers)))
        for number, fold in enumerate(numbers):
            here = self.seen[self.folds == fold]
            if (parts := min(each, here["group"].nunique())) > 1:
                slices[self.folds == fold] = make_folds(
                    here["ID"].tolist(), [""] * len(here), here["group"].tolist(), parts, 0
                )
            slices[self.folds == fold] += number * each
        return slices


@dataclass(frozen=True, eq=False)
class Voters:
    """What M members, each by K networks, say of n images, and the temperatures (M,) that calibrate them.

    raw: (M, K, n, C) float32, rows sum to 1. Out of fold K is 1: the network that didn't see the image.
    """

    raw: np.ndarray
    temperatures: np.ndarray

    @cached_property
    def calibrated(self) -> np.ndarray:
        """(M, K, n, C) float64."""
        return apply_temperature(self.raw, self.temperatures[:, None, None, None])

    @cached_property
    def soft(self) -> np.ndarray:
        """(M, n, C) float64: the members' calibrated soft votes over their networks."""
        return self.calibrated.mean(axis=1)

    @cached_property
    def answers(self) -> np.ndarray:
        """(M, n) int64: the members' answers, by the very soft votes that stand in submissions/members/."""
        if self.raw.shape[1] == 1:
            return self.raw[:, 0].argmax(axis=2)
        total = self.raw.sum(axis=1, dtype=np.float64)
        return (total / total.sum(axis=2, keepdims=True)).astype(np.float32).argmax(axis=2)


@dataclass(frozen=True, eq=False)
class Panel:
    """All members' aligned predictions of `images`.

    members: (M,) names, sorted. oof: "clean" and "test_like" -> (M, 1, N, C); test: (M, K, T, C); holdout: as oof,
    (M, K, H, C), {} while it is locked. test_rows: (T,) the test images' rows in the submission.
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
        return fit_members(self.oof["test_like"][:, 0], self.images.true, self.images.slices)

    def in_submission(self, answers: np.ndarray) -> np.ndarray:
        """Class indices in the submission's order, from (T,) of the test images that could be read."""
        rows = np.full(len(self.images.test_ids), self.images.targets.index(self.images.fallback), dtype=np.int64)
        rows[self.test_rows] = answers
        return rows


def make_panel(per_member: Mapping[str, PerFold], images: Images) -> Panel:
    """The members' predictions, rows aligned by ID. Raises ValueError that names the member that lacks an image."""
    members = tuple(sorted(per_member))
    check_same_test_images(per_member)
    known = set(per_member[members[0]][0]["test"].ids.tolist())
    test_rows = np.array([row for row, id_ in enumerate(images.test_ids) if id_ in known], dtype=np.int64)
    oof_ids = images.seen["ID"].tolist()
    oof = {
        view: np.stack([out_of_fold(per_member[name], view, oof_ids).probabilities for name in members])
        for view in OOF_VIEWS
    }

    def every_fold(view: str, ids: Sequence[str]) -> np.ndarray:
        return np.stack([[fold[view].select(ids).probabilities for fold in per_member[name]] for name in members])

    holdout_views = OOF_VIEWS if len(images.holdout) else ()
    return Panel(
        members,
        images,
        {view: part[:, None] for view, part in oof.items()},
        every_fold("test", [images.test_ids[row] for row in test_rows]),
        {view: every_fold(holdout_view(view), images.holdout["ID"].tolist()) for view in holdout_views},
        test_rows,
    )


def check_same_test_images(per_member: Mapping[str, PerFold]) -> None:
    """Raise ValueError naming the first member and fold whose test images aren't those of the first one."""
    folds = [
        (f"folds/predictions/{name}/{k}.npz", set(fold["test"].ids.tolist()))
        for name, per_fold in sorted(per_member.items())
        for k, fold in enumerate(per_fold)
    ]
    first, expected = folds[0]
    for path, found in folds[1:]:
        if different := sorted(found ^ expected):
            raise ValueError(
                f"{path}: test: {len(expected - found)} images are missing and {len(found - expected)} are not known "
                "to "
                f"{first}: {', '.join(different[:5])}; run `dvc repro` again"
            )
