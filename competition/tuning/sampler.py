"""Sampler of the search: a tree-structured Parzen estimator, seeded anew for each trial.

A seed for the whole would begin again with every process: a worker that takes a study up would draw the points that are
there already. Seeded by the trial's place, a study that was stopped goes on as if it hadn't been, and no two workers
draw alike.
"""

from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, TPESampler
from optuna.storages import RetryHeartbeatStaleTrialCallback
from optuna.study import Study
from optuna.trial import FrozenTrial

from competition.common.seeds import derived_seed

# the number of the first trial with the same point; None: it is the first
origin = RetryHeartbeatStaleTrialCallback.retried_trial_number


class SeededTPE(BaseSampler):
    """Optuna's TPESampler over all settings jointly, with constant liar: away from the points that others try."""

    def __init__(self, seed: int):
        self.seed = seed
        self._tpe = TPESampler(seed=0)

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """Seed the sampler for `trial`."""
        seed = derived_seed(self.seed, "tune", place(study, trial)) % 2**32
        self._tpe = TPESampler(seed=seed, multivariate=True, constant_liar=True)

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Return what TPESampler does."""
        return self._tpe.infer_relative_search_space(study, trial)

    def sample_relative(self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]) -> dict:
        """Return what TPESampler does."""
        return self._tpe.sample_relative(study, trial, search_space)

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> object:
        """Return what TPESampler does."""
        return self._tpe.sample_independent(study, trial, param_name, param_distribution)


def place(study: Study, trial: FrozenTrial) -> int:
    """Return how many points were begun before that of `trial`, those that were taken up again counted once."""
    first = trial.number if origin(trial) is None else origin(trial)
    return sum(other.number < first and origin(other) is None for other in study.get_trials(deepcopy=False))
