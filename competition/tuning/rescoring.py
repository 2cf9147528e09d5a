"""Rescoring of the best settings and the old ones, on other folds and with other seeds than the search had.

The best of many trials is also the luckiest: its score in the study is too good. Trained once more, on folds and with
random numbers that no trial saw, it has no more luck than the settings it is compared with.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import sleep

import pandas as pd
from filelock import FileLock, Timeout

from competition.common.seeds import derived_seed, generator
from competition.data.label_sets import encode
from competition.data.predictions import Predictions, concatenate, load_predictions, save_predictions
from competition.folds.split import make_folds
from competition.metrics.bootstrap import interval
from competition.metrics.metric import Metric
from competition.settings.ensemble import EnsembleSettings
from competition.training.recovery import Diverged
from competition.tuning.objective import Trainer, fold_numbers
from competition.tuning.space import TrialSettings

POLL = 2.0  # seconds between two looks at whether another worker has done its part


@dataclass(frozen=True)
class Rescored:
    """Test-like out-of-fold score of the settings as they are (`own`), of the best, and their difference (`gain`).

    gain: above 0 where the best is better. Each is (value, low, high), the last two a bootstrap interval.
    """

    own: tuple[float, float, float]
    best: tuple[float, float, float]
    gain: tuple[float, float, float]

    def facts(self) -> dict[str, dict[str, float]]:
        """Return the figures by name: {"own": {"value", "low", "high"}, ...}."""
        return {
            part: dict(zip(("value", "low", "high"), getattr(self, part), strict=True))
            for part in ("own", "best", "gain")
        }

    @property
    def verdict(self) -> str:
        """Better, worse or "can't be told apart", by the interval of the difference."""
        _, low, high = self.gain
        return "better" if low > 0 else "worse" if high < 0 else "can't be told apart"


def other_folds(folds: pd.DataFrame, seed: int, several: bool = False) -> pd.DataFrame:
    """Return `folds` (ID, target, fold, group) dealt anew: as many, by the same rules; only what is scored.

    several: whether a target may name several labels.
    """
    folds, seen = folds.copy(), folds.fold >= 0
    rows = folds[seen]
    folds.loc[seen, "fold"] = make_folds(
        rows.ID, rows.target, rows.group, len(fold_numbers(folds)), derived_seed(seed, "score anew"), several=several
    )
    return folds


def other_seed(found: TrialSettings, seed: int) -> TrialSettings:
    """Return `found` with another seed for all that is random in its training."""
    changed = {"seed": derived_seed(seed, "score anew", found.member.seed) % 2**31}
    return TrialSettings(found.member.model_copy(update=changed), found.augment)


def rescore(
    trainer: Trainer,
    own: TrialSettings,
    best: TrialSettings,
    folds: pd.DataFrame,
    folder: Path,
    seed: int,
    log: Callable[..., None] = lambda what, **facts: None,
) -> Rescored:
    """Return how `own` and `best` compare when both are trained on other folds than `folds`, with other seeds.

    The trainings are shared among the workers: each takes one that nobody else is at, keeps its predictions in
    `folder`, and waits for those that others are at. A training that was stopped goes on. Raises Diverged where one has
    a loss that is no number.
    """
    several = trainer.settings.task.several
    folds, both = other_folds(folds, seed, several), {"own": other_seed(own, seed), "best": other_seed(best, seed)}
    jobs = {
        (name, fold): folder / f"{trainer.state_file(found, fold, folds).stem}.npz"
        for name, found in both.items()
        for fold in fold_numbers(folds)
    }

    def train(name: str, fold: int) -> Predictions:
        log("scoring anew", settings=name, fold=fold)
        try:
            return trainer(both[name], fold, folds).predictions["test_like"]
        except Diverged as error:
            raise Diverged(f"{name}, fold {fold} of other folds: {error}") from error

    while missing := [job for job, file in jobs.items() if not file.is_file()]:
        if not any([_take(jobs[job], partial(train, *job)) for job in missing]):
            sleep(POLL)
    predictions = {
        name: concatenate([load_predictions(jobs[name, fold])["test_like"] for fold in fold_numbers(folds)])
        for name in both
    }
    for found in both.values():
        trainer.forget(found, folds)
    return compare(folds, predictions["own"], predictions["best"], trainer.settings.ensemble, trainer.metric)


def _take(file: Path, make: Callable[[], Predictions]) -> bool:
    """Make `file` unless another worker does; return whether it was made here."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with suppress(Timeout), FileLock(file.with_suffix(".lock"), timeout=0):
        if not file.is_file():
            save_predictions(file, {"test_like": make()})
            return True
    return False


def compare(
    folds: pd.DataFrame, own: Predictions, best: Predictions, settings: EnsembleSettings, metric: Metric
) -> Rescored:
    """Return how the two sets of out-of-fold predictions compare, on the same bootstrap resamples of the groups."""
    several, n_classes = not own.exclusive, len(own.targets)
    rows = folds.set_index("ID").loc[own.ids.tolist()]
    y_true, groups = encode(rows["target"].tolist(), own.targets, several), rows["group"].to_numpy(str)
    answers = [metric.plain(one.probabilities, several) for one in (own, best.select(own.ids.tolist()))]
    values = [metric(y_true, some, n_classes) for some in answers]
    draws = generator(settings.seed, "bootstrap")
    scores = metric.bootstrap(y_true, answers, n_classes, settings.resamples, draws, groups=groups)
    gains, gain = metric.sign * (scores[:, 1] - scores[:, 0]), metric.sign * (values[1] - values[0])
    bounds = [interval(column, settings.confidence) for column in (*scores.T, gains)]
    return Rescored((values[0], *bounds[0]), (values[1], *bounds[1]), (gain, *bounds[2]))
