"""Train the specialist for the hard classes on one fold: `python -m pipelines.specialize FOLD` (stage `specialize`).

Reads what `train` reads, and the base member's predictions and weights. Makes the same files as `train` does, under the
name `specialist`; its predictions are of the images that the base answers with a hard class, and of no others (of the
holdout too, where there is one: predicted, and never scored here). Several processes train it together as they do a
member: see `train`. With `specialize.base: []` there is no such stage.
"""

from pathlib import Path

from competition.common import paths
from competition.common.locks import Use
from competition.compute.device import set_up_process
from competition.compute.distributed import processes
from competition.compute.launcher import run_together
from competition.data.classes import read_classes
from competition.ensembling.specialist_votes import SPECIALIST
from competition.folds.predictions import read_networks
from competition.folds.split import read_folds
from competition.members.named import member_named
from competition.members.output_files import print_epoch, write_member
from competition.members.specialist import check_learnable, find_hard_classes, train_specialist
from competition.metrics.make import make_metric
from competition.settings.load import load_settings
from competition.settings.params import Settings
from competition.training.fold_data import load_fold
from pipelines._main import log, run, warn_of_undeclared


def main(fold: int) -> None:
    settings = load_settings()
    if settings.specialize.base_member is None:
        raise ValueError("specialize.base: [] in params.yaml, so there is no specialist to train; name a member there")
    if not run_together(settings.machine.processes, "pipelines.specialize", fold):
        train_and_write(settings, fold)
        processes().leave()


def train_and_write(settings: Settings, fold: int) -> None:
    set_up_process()
    targets, folds = tuple(read_classes(paths.CLASSES)), read_folds(paths.FOLDS)
    name = settings.specialize.base_member
    base = read_networks(name, settings.networks_of(name), folds, targets)
    hard = find_hard_classes(settings.specialize, base, folds, targets)
    names = [targets[index] for index in hard]
    metric = make_metric(settings.task)
    data = load_fold(fold, folds, targets, paths.AUGMENTED_STORE, paths.TEST_RESIZED_STORE, metric)
    check_learnable(data, hard, targets, fold)
    if processes().main:
        warn_of_undeclared("specialize", [*settings.plugin_files, *member_named(SPECIALIST, settings).weights_files()])
        log("specializing", fold=fold, hard_classes=names, metric=metric.label, processes=processes().count)
    inputs = [paths.AUGMENTED_STORE, paths.FOLDS]
    trained = train_specialist(settings, base, hard, data, targets, fold, inputs, print_epoch)
    if processes().main:
        write_member(Path(), SPECIALIST, fold, SPECIALIST, trained, metric.name, hard_classes=names)
        log("specialized", fold=fold, **trained.figures)


if __name__ == "__main__":
    run(main, use=Use.TRAIN)
