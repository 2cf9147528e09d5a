"""Search a member's settings: `python -m pipelines.tune` (beside the stages; docs/tuning.md).

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

from competition.common import paths
from competition.common.files import write_json
from competition.common.locks import Use
from competition.common.optuna_logging import quiet_optuna
from competition.compute.device import set_up_process
from competition.data.classes import read_classes
from competition.folds.split import read_folds
from competition.folds.unscored import unscored_ids
from competition.settings import edit as params_file
from competition.settings.load import load_settings
from competition.settings.params import Settings
from competition.training.recovery import Diverged
from competition.tuning.objective import Objective, Trainer, fold_numbers
from competition.tuning.packed_copies import Stores
from competition.tuning.plots import draw_study, write_trials
from competition.tuning.pruning import rungs_of
from competition.tuning.rescoring import rescore
from competition.tuning.results import best_trial, check_unchanged
from competition.tuning.space import COPIES, Space, own_point, space_of, trial_settings
from competition.tuning.storage import open_storage
from competition.tuning.study import open_study, study_name
from competition.tuning.workers import Worker, done, work
from competition.upright.straighten import open_straightener
from pipelines._main import log, run

STORES = paths.TRAIN_STORE, paths.AUGMENTED_STORE, paths.TEST_RESIZED_STORE


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
    set_up_process()
    deadline = monotonic() + 60 * minutes if minutes is not None else float("inf")
    settings = load_settings(paths.PARAMS)
    member = member_of(settings, member)
    with quiet_optuna():
        space = space_of(settings, member)
        folds = read_folds(paths.FOLDS)
        trainer = trainer_of(settings, space, unscored_ids(folds))
        trainer.stores.check()
        objective = Objective(trainer, member, space, folds, log)
        name = study_name(
            settings, member, space, seed, paths.FOLDS, trainer.metric.source, trainer.stores.packed_digest
        )
        worker = Worker(paths.TUNING / name)
        try:
            with worker.turn:
                study = opened(storage, name, objective, seed, resume)
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
            f"--member {name!r}: expected a member of kind finetuned, {' or '.join(finetuned)}, in {paths.PARAMS}"
        )
    return name


def trainer_of(settings: Settings, space: Space, unscored: frozenset[str]) -> Trainer:
    most = space[COPIES].high if COPIES in space else settings.augment.copies
    straighten = open_straightener(settings.upright, out_of_fold=True)
    several, cache = settings.task.several, paths.TUNING_CACHE
    stores = Stores(*STORES, settings.augment, most, settings.machine, cache, several, straighten, unscored)
    return Trainer(settings, tuple(read_classes(paths.CLASSES)), stores, paths.STATE)


def opened(storage: str, name: str, objective: Objective, seed: int, resume: bool) -> optuna.Study:
    trainer, member = objective.trainer, objective.name
    return open_study(
        open_storage(storage or str(paths.TUNING / f"{member}.journal")),
        name,
        own_point(trainer.settings, member, objective.space),
        seed,
        rungs_of(len(fold_numbers(objective.folds)), trainer.settings.members[member].epochs),
        resume,
        "maximize" if trainer.metric.greater_is_better else "minimize",
    )


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
    """Plot the study, rescore the best settings and the old ones, and write the best into params.yaml if asked to."""
    write_trials(study, folder / "trials.csv")
    drawn = draw_study(study, folder, objective.trainer.metric.label)
    plots = " ".join(path.name for path in drawn) or "none: too few trials"
    log("drawn", table=folder / "trials.csv", pictures=plots)
    if not study.get_trials(deepcopy=False, states=[TrialState.COMPLETE]):
        return log("no trial is finished; --resume goes on")
    settings, name = objective.trainer.settings, objective.name
    own, best = (
        trial_settings(settings, name, own_point(settings, name, objective.space)),
        best_trial(study, settings, name),
    )
    log("best", trial=best.trial, score=round(best.score, 4), **best.point)
    if not best.changes:
        return log(f"no trial did better than the settings as they are: {paths.PARAMS} stays")
    try:
        found = rescore(objective.trainer, own, best.settings, objective.folds, folder, seed, log)
    except Diverged as error:
        return log(f"the best settings can't be held against those of {paths.PARAMS}, which stays", reason=error)
    write_json(folder / "result.json", best.facts(found))
    figures = {part: "{value:.4f} ({low:.4f} to {high:.4f})".format(**values) for part, values in found.facts().items()}
    log("scored anew", **figures)
    log(f"the best settings, held against those of {paths.PARAMS}: {found.verdict}", written=folder / "result.json")
    if apply and found.verdict == "worse":
        log(f"{paths.PARAMS} stays: the best of the study are the worse ones")
    elif apply:
        check_unchanged(settings, load_settings(paths.PARAMS), name, str(paths.PARAMS))
        params_file.apply(paths.PARAMS, best.changes, check=load_settings)
        log(f"{paths.PARAMS}: has the best settings; `dvc repro` runs what that changes")


if __name__ == "__main__":
    run(main, use=Use.TUNE)
