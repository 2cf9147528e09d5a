"""Objective of the search: the test-like out-of-fold score of settings trained on every fold, as `train` does it."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import optuna
import pandas as pd

from competition.inference.tta import orientation_weights
from competition.members.make import make_member
from competition.members.output_files import print_epoch
from competition.members.resume_key import state_file
from competition.members.training import TrainedMember, train_member
from competition.metrics.make import make_metric
from competition.metrics.metric import Metric
from competition.settings.params import Settings
from competition.training.recovery import Diverged
from competition.training.run import saved_history
from competition.tuning.packed_copies import Stores
from competition.tuning.pruning import step_of
from competition.tuning.space import Space, TrialSettings, suggested, trial_settings

NONE = np.zeros(0, np.int64)


@dataclass(frozen=True)
class Trainer:
    """Trains candidates on one fold at a time; a training that was stopped goes on with its next epoch."""

    settings: Settings
    targets: tuple[str, ...]
    stores: Stores
    states: Path

    @property
    def metric(self) -> Metric:
        """Metric that trials are compared by."""
        return make_metric(self.settings.task)

    def __call__(
        self, found: TrialSettings, fold: int, folds: pd.DataFrame, report: Callable[[dict], None] = print_epoch
    ) -> TrainedMember:
        """Train, and predict the test-like images with the stage's orientations; `report` gets each epoch's row."""
        data = self.stores.load(found.augment, fold, folds, self.targets, self.metric)
        wanted = {"clean": NONE, "test_like": np.arange(len(data.valid_ids)), "test": NONE}
        weights = orientation_weights(self.settings.tta.passes, self.settings.tta.seed)
        return train_member(
            found.member, data, self.targets, weights, self.state_file(found, fold, folds), report, only=wanted
        )

    def state_file(self, found: TrialSettings, fold: int, folds: pd.DataFrame) -> Path:
        """Return this training's state file, named by all that it depends on, so that any worker finds it."""
        inputs = (
            found.augment.model_dump(),
            folds[["ID", "target", "fold"]].values.tolist(),
            fold,
            self.targets,
            self.metric.source,
            self.stores.packed_digest,
        )
        return state_file(f"tune-{fold}", make_member(found.member), *inputs, folder=self.states)

    def earlier(self, found: TrialSettings, fold: int, folds: pd.DataFrame) -> list[dict]:
        """Return the rows of the epochs that were trained before it was stopped."""
        return saved_history(self.state_file(found, fold, folds))

    def forget(self, found: TrialSettings, folds: pd.DataFrame) -> None:
        """Remove the state of a trial that is over."""
        for fold in fold_numbers(folds):
            self.state_file(found, fold, folds).unlink(missing_ok=True)


@dataclass(frozen=True)
class Objective:
    """The mean test-like out-of-fold score over the folds of a trial's settings, reported by fold and epoch.

    After an epoch it reports the mean of the folds that are done and of the running one's best epoch so far, and after
    a fold the mean of those that are done. A trial that diverges, whatever is tried, is pruned.
    """

    trainer: Trainer
    name: str
    space: Space
    folds: pd.DataFrame
    log: Callable[..., None] = lambda what, **facts: None

    def begin(self, trial: optuna.Trial) -> None:
        """Choose the trial's point."""
        suggested(trial, self.space)

    def __call__(self, trial: optuna.Trial) -> float:
        """Return the trial's value; raises TrialPruned where it does worse than most."""
        found = trial_settings(self.trainer.settings, self.name, suggested(trial, self.space))
        scores: list[float] = []
        try:
            for fold in fold_numbers(self.folds):
                self.log("training", trial=trial.number, fold=fold)
                scores.append(self._fold(trial, found, fold, scores))
                _report(trial, step_of(len(scores) - 1, found.member.epochs, found.member.epochs), scores)
        except Diverged as error:
            self.trainer.forget(found, self.folds)
            raise optuna.TrialPruned(str(error)) from error
        except optuna.TrialPruned:
            self.trainer.forget(found, self.folds)
            raise
        self.trainer.forget(found, self.folds)
        return float(np.mean(scores))

    def _fold(self, trial: optuna.Trial, found: TrialSettings, fold: int, done: list[float]) -> float:
        scores, metric = [], self.trainer.metric

        def report(row: dict) -> None:
            if math.isnan(row["test_like"]):
                return
            scores.append(row["test_like"])
            best = max(scores, key=lambda score: metric.sign * score)
            _report(trial, step_of(len(done), row["epoch"], found.member.epochs), [*done, best])

        def trained(row: dict) -> None:
            print_epoch(row)
            report(row)

        for row in self.trainer.earlier(found, fold, self.folds):
            report(row)
        score = self.trainer(found, fold, self.folds, trained).scores["test_like"]
        if score is None:
            raise ValueError(
                f"fold {fold}: {metric.label} isn't defined on its images; set task.metric to another, to tune"
            )
        return score


def fold_numbers(folds: pd.DataFrame) -> list[int]:
    """Return the numbers of the folds, without that of the holdout."""
    return sorted(set(folds.fold[folds.fold >= 0].tolist()))


def _report(trial: optuna.Trial, step: int, scores: list[float]) -> None:
    trial.report(float(np.mean(scores)), step)
    if trial.should_prune():
        raise optuna.TrialPruned
