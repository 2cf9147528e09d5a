"""Train one member on one fold: `python -m pipelines.train MEMBER FOLD` (stage `train`, member x fold).

With `refit-SEED` in the fold's place it is trained on all images, once its folds are (stage `refit`, member x seed).

Reads data/augmented.arrow, data/test_squares.arrow and folds/folds.csv, a tabular member data/metadata.csv too. Makes,
under folds/, for MEMBER/FOLD: weights/*.safetensors, predictions/*.npz (clean, test_like, test, and where there is a
holdout holdout_clean, holdout_test_like, which no score is made of here), history/*.csv and scores/*.json. A network is
trained by `machine.processes` processes together, or by those that started it: `accelerate launch --num_processes 2 -m
pipelines.train MEMBER FOLD`.
"""

from pathlib import Path

from competition.common import paths
from competition.common.locks import Use
from competition.compute.device import set_up_process
from competition.compute.distributed import processes
from competition.compute.launcher import run_together
from competition.data.classes import read_classes
from competition.data.metadata import read_metadata
from competition.folds.split import read_folds
from competition.inference.tta import orientation_weights
from competition.members.make import make_member
from competition.members.member import Member
from competition.members.output_files import print_epoch, write_member
from competition.members.refit import refitted
from competition.members.resume_key import state_file
from competition.members.training import train_member
from competition.metrics.make import make_metric
from competition.settings.load import load_settings
from competition.settings.params import Settings
from competition.training.fold_data import load_fold
from pipelines._main import log, run, warn_of_undeclared


def main(member: str, fold: str) -> None:
    settings = load_settings()
    if member not in settings.members:
        raise ValueError(
            f"member {member!r}: not under `members` in {paths.PARAMS} (there: {sorted(settings.members)})"
        )
    names = {str(network): network for network in settings.networks_of(member)}
    if str(fold) not in names:
        raise ValueError(f"{fold}: {member} has no such fold in {paths.PARAMS}; expected one of {', '.join(names)}")
    found = make_member(settings.members[member], member)
    if found.together and run_together(settings.machine.processes, "pipelines.train", member, fold):
        return
    if found.together or processes().main:
        train_and_write(found, names[str(fold)], settings)
    processes().leave()


def train_and_write(member: Member, fold: int | str, settings: Settings) -> None:
    set_up_process()
    targets = tuple(read_classes(paths.CLASSES))
    metric = make_metric(settings.task)
    folds, stores = read_folds(paths.FOLDS), (paths.AUGMENTED_STORE, paths.TEST_RESIZED_STORE)
    needed = member.settings.needs_metadata
    metadata = read_metadata(paths.METADATA, settings.task.metadata) if needed else None
    refit = fold in settings.refit.networks
    if refit:
        member = refitted(member, settings.split.folds, settings.refit.seed_of(fold))
    data = load_fold(None if refit else fold, folds, targets, *stores, metric, settings.task.several, metadata)
    if processes().main:
        warn_of_undeclared("refit" if refit else "train", [*settings.plugin_files, *member.weights_files()])
        log(
            "training",
            member=member.name,
            fold=fold,
            images=len(data.train_labels),
            validation=len(data.valid_labels),
            metric=metric.label,
            device=processes().device,
            processes=processes().count,
        )
    weights = orientation_weights(settings.tta.passes, settings.tta.seed)
    inputs = paths.AUGMENTED_STORE, paths.FOLDS, fold, targets, metric.source, settings.task.labels
    inputs += (paths.METADATA, settings.task.metadata) if needed else ()
    state = state_file(f"train-{member.name}-{fold}", member, *inputs)
    trained = train_member(member.settings, data, targets, weights, state, print_epoch)
    if processes().main:
        write_member(Path(), member.name, fold, member.settings.kind, trained, metric.name)
        log("trained", member=member.name, fold=fold, **trained.figures)


if __name__ == "__main__":
    run(main, use=Use.TRAIN)
