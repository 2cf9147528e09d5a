"""Searches a member's settings: `python -m pipelines.tune` (beside the stages; docs/tuning.md).

python -m pipelines.tune --member lite0 --trials 30 --minutes 120
python -m pipelines.tune --member lite0 --trials 30 --resume        # goes on; in a second terminal: helps

Reads what the stage `train` reads, and data/train.arrow. The study is a journal in data/tune/<member>.journal, or in
the database that --storage names; its pictures, table and result.json are in data/tune/<study>/. When the trials are
done, the best settings and those of params.yaml are scored anew, on other folds; --apply writes the best into
params.yaml unless they are the worse ones.
"""

from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Annotated

import optuna
import typer
from optuna.trial import FrozenTrial, TrialState

from competition.common.files import digest, write_json
from competition.common.optuna_logging import quiet_optuna
from competition.compute.device import keep_memory
from competition.data.classes import read_targets
from competition.folds.split import read_folds
from competition.settings import edit as params_file
from competition.settings.load import load_settings
from competition.settings.params import Settings
from competition.training.recovery import Diverged
from competition.tuning.objective import Objective, Trainer, fold_numbers
from competition.tuning.packed_copies import Stores
from competition.tuning.plots import draw_study, write_trials
from competition.tuning.pruning import rungs_of
from competition.tuning.rescoring import scored_anew
from competition.tuning.space import COPIES, Space, candidate, changes_of, own_point, space_of
from competition.tuning.storage import open_storage
from competition.tuning.study import open_study
from competition.tuning.workers import Worker, done, work
from pipelines._main import log, run

PARAMS, FOLDS = Path("params.yaml"), Path("folds/folds.csv")
SOURCE, STORE, TEST_STORE = Path("data/train.arrow"), Path("data/augmented.arrow"), Path("data/test_squares.arrow")
TUNE, CACHE, STATES = Path("data/tune"), Path("data/cache/tune"), Path("data/state")


def main(
    member: Annotated[
        str, typer.Option(help="whose settings are searched; left out: the first of train.members that is finetuned")
    ] = "",
    trials: Annotated[
        int, typer.Option(min=1, help="of the study, all workers together; the settings as they are count as one")
    ] = 30,
    minutes: Annotated[float | None, typer.Option(min=0, help="no trial is begun after these")] = None,
    storage: Annotated[
        str, typer.Option(help="a file for the journal, or a URL; left out: data/tune/<member>.journal")
    ] = "",
    resume: Annotated[
        bool, typer.Option("--resume", help="go on with the study if it is there, beside others who work on it")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="of the search")] = 0,
    apply: Annotated[bool, typer.Option("--apply", help="write the best settings into params.yaml")] = False,
) -> None:
    """Search a member's settings by its test-like score out of fold."""
    keep_memory()
    deadline = monotonic() + 60 * minutes if minutes is not None else float("inf")
    settings = load_settings(PARAMS)
    member = member_of(settings, member)
    with quiet_optuna():
        space = space_of(settings, member)
        trainer = trainer_of(settings, space)
        trainer.stores.check()
        objective = Objective(trainer, member, space, read_folds(FOLDS), log)
        name = study_name(settings, member, space, trainer, seed)
        worker = Worker(TUNE / name)
        try:
            with worker.turn:
                rungs = rungs_of(len(fold_numbers(objective.folds)), settings.members[member].epochs)
                study = open_study(
                    open_storage(storage or str(TUNE / f"{member}.journal")),
                    name,
                    own_point(settings, member, space),
                    seed,
                    rungs,
                    resume,
                    "maximize" if trainer.metric.greater_is_better else "minimize",
                )
            log(
                "study",
                name=name,
                trials=len(study.get_trials(deepcopy=False)),
                wanted=trials,
                metric=trainer.metric.label,
                settings=len(space),
                worker=worker.name,
            )
            work(study, objective, worker, trials, deadline, reporter(trials), objective.begin)
            conclude(study, objective, worker.folder, seed, apply)
        finally:
            worker.leave()


def member_of(settings: Settings, name: str) -> str:
    finetuned = [key for key, member in settings.members.items() if member.tunable]
    if not name:
        name = next((key for key in settings.train.members if key in finetuned), "")
    if name not in finetuned:
        raise ValueError(
            f"--member {name!r}: expected a member of kind finetuned, {' or '.join(finetuned)}, in {PARAMS}"
        )
    return name


def trainer_of(settings: Settings, space: Space) -> Trainer:
    most = space[COPIES].high if COPIES in space else settings.augment.copies
    stores = Stores(SOURCE, STORE, TEST_STORE, settings.augment, most, settings.machine, CACHE)
    return Trainer(settings, read_targets("folds/classes.csv"), stores, STATES)


def study_name(settings: Settings, member: str, space: Space, trainer: Trainer, seed: int) -> str:
    """Return the member's name with the digest of all that trials depend on: trials of other settings or folds are
    never mixed in.
    """
    inputs = settings.members[member].model_dump(), settings.augment.model_dump(), settings.tta.model_dump()
    ranges = {key: repr(distribution) for key, distribution in space.items()}
    return f"{member}-{digest(*inputs, ranges, FOLDS, trainer.metric.source, trainer.stores.packed_digest, seed)[:8]}"


def reporter(trials: int) -> Callable[[optuna.Study, FrozenTrial], None]:
    """Return the function that prints a line about a trial that has ended."""

    def report(study: optuna.Study, trial: FrozenTrial) -> None:
        value = "none" if trial.value is None else f"{trial.value:.4f}"
        log(
            f"trial {trial.number}",
            state=trial.state.name.lower(),
            score=value,
            done=f"{done(study)}/{trials}",
            seconds=round(trial.duration.total_seconds()) if trial.duration else "unknown",
        )

    return report


def conclude(study: optuna.Study, objective: Objective, folder: Path, seed: int, apply: bool) -> None:
    """Draw the study, score the best settings and the old ones anew, say how they compare, and write them if that is
    asked.
    """
    write_trials(study, folder / "trials.csv")
    label = objective.trainer.metric.label
    log(
        "drawn",
        table=folder / "trials.csv",
        pictures=" ".join(path.name for path in draw_study(study, folder, label)) or "none: too few trials",
    )
    if not study.get_trials(deepcopy=False, states=[TrialState.COMPLETE]):
        return log("no trial is finished; --resume goes on")
    settings, name = objective.trainer.settings, objective.name
    own, best = (
        candidate(settings, name, point) for point in (own_point(settings, name, objective.space), study.best_params)
    )
    changes = changes_of(best, settings, name)
    point = {
        key: float(f"{value:.3g}") if isinstance(value, float) else value for key, value in study.best_params.items()
    }
    log("best", trial=study.best_trial.number, score=round(study.best_value, 4), **point)
    if not changes:
        return log(f"no trial did better than the settings as they are: {PARAMS} stays")
    try:
        found = scored_anew(objective.trainer, own, best, objective.folds, folder, seed, log)
    except Diverged as error:
        return log(f"the best settings can't be held against those of {PARAMS}, which stays", reason=error)
    write_json(
        folder / "result.json",
        {
            "study": study.study_name,
            "trial": study.best_trial.number,
            "metric": objective.trainer.metric.name,
            "score_in_study": study.best_value,
            "point": point,
            **found.facts(),
            "verdict": found.verdict,
            "changes": {".".join(keys): value for keys, value in changes.items()},
        },
    )
    log(
        "scored anew",
        **{part: "{value:.4f} ({low:.4f} to {high:.4f})".format(**values) for part, values in found.facts().items()},
    )
    log(f"the best settings, held against those of {PARAMS}: {found.verdict}", written=folder / "result.json")
    if apply and found.verdict == "worse":
        log(f"{PARAMS} stays: the best of the study are the worse ones")
    elif apply:
        check_unchanged(settings, load_settings(PARAMS), name)
        params_file.apply(PARAMS, changes, check=load_settings)
        log(f"{PARAMS}: has the best settings; `dvc repro` runs what that changes")


def check_unchanged(searched: Settings, now: Settings, name: str) -> None:
    """Refuse to write half of a point: changes are differences from the settings that the search began with."""
    changed = [f"members.{name}"] if now.members.get(name) != searched.members[name] else []
    if changed := changed + ["augment"] * (now.augment != searched.augment):
        raise ValueError(
            f"{PARAMS}: {' and '.join(changed)} changed since the search began, so nothing was written; the changes "
            "are in "
            "result.json: make them by hand, or search anew"
        )


if __name__ == "__main__":
    run(main)
