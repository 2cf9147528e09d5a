"""Pruning of trials that do worse than most others at the same epoch of the same fold.

Asynchronous successive halving (Li et al. 2020, https://arxiv.org/abs/1810.05934) with rungs of our own. Optuna's
SuccessiveHalvingPruner takes a trial's first value at or behind a rung, so that one that stopped early would be
compared, in its next fold, with others' first; its PercentilePruner takes the best of a trial's values so far, whatever
fold they are of, and asks only trials that were finished. Here a value is compared with those of the same fold and
epoch alone.
"""

from collections.abc import Collection
from math import ceil

from optuna.pruners import BasePruner
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

LEAST = 5  # trials at a rung, before any is ended there
# a dead worker's trial counts once, as its successor
SHOWN = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.RUNNING)
# user attribute of the trial of the settings as they are, the baseline: it is never pruned
OWN = "own"


class RungPruner(BasePruner):
    """Prunes a trial whose value at one of `rungs` (steps) is in the worse half of all that were reported there."""

    def __init__(self, rungs: Collection[int], least: int = LEAST):
        self.rungs, self.least = frozenset(rungs), least

    def prune(self, study: Study, trial: FrozenTrial) -> bool:
        """Return whether to end `trial` at its last step; the study's direction says which values are better."""
        step = trial.last_step
        if step not in self.rungs or OWN in trial.user_attrs:
            return False
        value = trial.intermediate_values[step]
        others = [
            other.intermediate_values[step]
            for other in study.get_trials(deepcopy=False, states=SHOWN)
            if other.number != trial.number and step in other.intermediate_values
        ]
        there, sign = len(others) + 1, -1 if study.direction is StudyDirection.MINIMIZE else 1
        return there >= self.least and sum(sign * other > sign * value for other in others) >= there / 2


def step_of(fold: int, epoch: int, epochs: int) -> int:
    """Return the step of `epoch` (0 to epochs - 1; epochs: the fold's end) of the fold that comes as number `fold`."""
    return fold * (epochs + 1) + epoch


def rungs_of(folds: int, epochs: int) -> set[int]:
    """Return the steps at which trials are compared: a quarter and half of the first fold, each end but the last."""
    within = {step_of(0, ceil(epochs * share) - 1, epochs) for share in (1 / 4, 1 / 2)}
    return within | {step_of(fold, epochs, epochs) for fold in range(folds - 1)}
