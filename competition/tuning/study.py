"""A study of one member's settings: made once, then joined by as many workers as there are."""

from collections.abc import Collection, Mapping

import optuna
from optuna.storages import BaseStorage

from competition.tuning.pruning import OWN, RungPruner
from competition.tuning.sampler import SeededTPE


def open_study(
    storage: BaseStorage,
    name: str,
    own: Mapping[str, object],
    seed: int,
    rungs: Collection[int],
    resume: bool,
    direction: str = "maximize",
) -> optuna.Study:
    """Return the study `name`, whose first trial is the settings as they are (`own`); with `resume`, the one that may
    be there.

    Raises ValueError where there is one already, without `resume`.
    """
    try:
        study = optuna.create_study(
            storage=storage,
            sampler=SeededTPE(seed),
            pruner=RungPruner(rungs),
            study_name=name,
            direction=direction,
            load_if_exists=resume,
        )
    except optuna.exceptions.DuplicatedStudyError:
        raise ValueError(
            f"study {name} is there already; --resume goes on with it, or joins those who work on it"
        ) from None
    if not study.get_trials(deepcopy=False):
        study.enqueue_trial(dict(own), user_attrs={OWN: True})
    return study
