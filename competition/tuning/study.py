"""Studies: named by all that their trials depend on, made once, joined by any number of workers."""

from collections.abc import Collection, Mapping

import optuna
from optuna.storages import BaseStorage

from competition.common.files import digest
from competition.settings.params import Settings
from competition.tuning.pruning import OWN, RungPruner
from competition.tuning.sampler import SeededTPE
from competition.tuning.space import Space


def study_name(settings: Settings, member: str, space: Space, seed: int, *files: object) -> str:
    """Return the member's name with the digest of all that trials depend on.

    files: paths, whose content counts, and digests. Trials of other settings or folds are never mixed in.
    """
    inputs = settings.members[member].model_dump(), settings.augment.model_dump(), settings.tta.model_dump()
    ranges = {key: repr(distribution) for key, distribution in space.items()}
    return f"{member}-{digest(*inputs, ranges, *files, seed)[:8]}"


def open_study(
    storage: BaseStorage,
    name: str,
    own: Mapping[str, object],
    seed: int,
    rungs: Collection[int],
    resume: bool,
    direction: str = "maximize",
) -> optuna.Study:
    """Return the study `name`, whose first trial is the settings as they are (`own`).

    An existing one is joined with `resume`, else refused by ValueError.
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
