"""Let a trained member learn from the test images: `python -m pipelines.adapt MEMBER FOLD` (stage `adapt`).

Reads what `train` reads, the member's weights, and the predictions of all `adapt.members` of the fold. Makes the same
files as `train` does, in folds/adapted/, under the name MEMBER_adapted: one more member, which the votes take where it
is better out of fold. Only where `rules.pseudo_labels` allows it; with `adapt.members: []` there is no such stage.
"""

from pathlib import Path

from competition.audit.duplicate_table import read_duplicates
from competition.common import paths
from competition.common.locks import Use
from competition.compute.device import set_up_process
from competition.data.classes import read_classes
from competition.folds.split import read_folds
from competition.members.adapted import train_adapted
from competition.members.output_files import print_epoch, write_member
from competition.metrics.make import make_metric
from competition.settings.load import load_settings
from competition.training.fold_data import bar_copies, load_fold
from pipelines._main import log, run, warn_of_undeclared


def main(member: str, fold: int) -> None:
    settings, name = load_settings(), member + paths.ADAPTED_SUFFIX
    if name not in settings.adapted:
        raise ValueError(f"member {member!r}: not among adapt.members {list(settings.adapt.members)} in {paths.PARAMS}")
    set_up_process()
    targets, metric = tuple(read_classes(paths.CLASSES)), make_metric(settings.task)
    stores = paths.AUGMENTED_STORE, paths.TEST_RESIZED_STORE
    data = load_fold(fold, read_folds(paths.FOLDS), targets, *stores, metric)
    data = bar_copies(data, read_duplicates(paths.DUPLICATES))
    warn_of_undeclared("adapt", settings.plugin_files)
    log("adapting", member=member, fold=fold, images=len(data.train_labels), test_images=len(data.test_ids))
    trained = train_adapted(settings, name, fold, data, targets, [*stores, paths.FOLDS], print_epoch)
    write_member(Path(), name, fold, settings.described(name).kind, trained, metric.name)
    log("adapted", member=member, fold=fold, **trained.figures)


if __name__ == "__main__":
    run(main, use=Use.TRAIN)
