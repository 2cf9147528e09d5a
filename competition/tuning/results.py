"""Results of a study: its best trial, the settings that it stands for, and result.json."""

from dataclasses import dataclass

from optuna.study import Study

from competition.settings.params import Settings
from competition.tuning.rescoring import Rescored
from competition.tuning.space import TrialSettings, changes_of, trial_settings


@dataclass(frozen=True)
class BestTrial:
    """The best trial of a study.

    point: its values, numbers to 3 digits; settings: what it stands for; changes: what differs from params.yaml, by the
    keys there, {} for the settings as they are.
    """

    study: str
    trial: int
    metric: str
    score: float
    point: dict[str, float | int | str]
    settings: TrialSettings
    changes: dict[tuple[str, ...], object]

    def facts(self, rescored: Rescored) -> dict:
        """Return what result.json holds."""
        return {
            "study": self.study,
            "trial": self.trial,
            "metric": self.metric,
            "score_in_study": self.score,
            "point": self.point,
            **rescored.facts(),
            "verdict": rescored.verdict,
            "changes": {".".join(keys): value for keys, value in self.changes.items()},
        }


def best_trial(study: Study, settings: Settings, name: str) -> BestTrial:
    """Return the best trial of member `name`'s study, which has a finished one."""
    best = trial_settings(settings, name, study.best_params)
    return BestTrial(
        study.study_name,
        study.best_trial.number,
        settings.task.metric,
        study.best_value,
        {key: float(f"{value:.3g}") if isinstance(value, float) else value for key, value in study.best_params.items()},
        best,
        changes_of(best, settings, name),
    )


def check_unchanged(searched: Settings, now: Settings, name: str, where: str) -> None:
    """Raise ValueError if `where` was changed since the search began: changes are differences from those settings."""
    changed = [f"members.{name}"] if now.members.get(name) != searched.members[name] else []
    if changed := changed + ["augment"] * (now.augment != searched.augment):
        raise ValueError(
            f"{where}: {' and '.join(changed)} changed since the search began, so nothing was written; the changes "
            "are in result.json: make them by hand, or search anew"
        )
