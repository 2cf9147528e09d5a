"""Train one member on one fold: `python -m pipelines.train MEMBER FOLD` (stage `train`, member x fold).

With `refit-SEED` in the fold's place it is trained on all images, once its folds are (stage `refit`, member x seed).

Reads data/augmented.arrow, data/test_squares.arrow and folds/folds.csv, a tabular member data/metadata.csv too. Makes,
under folds/, for MEMBER/FOLD: weights/*.safetensors, predictions/*.npz (clean, test_like, test, and where there is a
holdout holdout_clean, holdout_test_like, which no score is made of here), history/*.csv and scores/*.json. A network is
trained by `machine.processes` processes together, or by those that started it: `accelerate launch --num_processes 2 -m
pipelines.train MEMBER FOLD`.
"""

import os

from competition.common import paths
from competition.common.locks import Use
from competition.compute.device import set_up_process
from competition.compute.distributed import processes
from competition.compute.launcher import run_together
from competition.members.fold_training import FoldTraining
from competition.members.output_files import print_epoch
from competition.members.parallel import share_of_network, train_missing, trains_in_parallel
from competition.settings.load import load_settings
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
    training = FoldTraining(settings, member, names[str(fold)])
    together = training.member.together
    if together and run_together(settings.machine.processes, "pipelines.train", member, fold):
        return
    if together or processes().main:
        train_and_write(training, "DVC_STAGE" in os.environ)
    processes().leave()


def train_and_write(training: FoldTraining, with_others: bool = False) -> None:
    """Train the network, or with others all that are missing; see `members.parallel`."""
    settings, named = training.settings, {"member": training.name, "fold": training.fold}
    if processes().main:
        warn_of_undeclared(
            "refit" if training.refit else "train", [*settings.plugin_files, *training.member.weights_files()]
        )
    if with_others and trains_in_parallel(training):
        if not training.made_ahead.is_dir():
            train_missing(training, log)
        log("trained", **named, **training.take())
        return
    set_up_process(share_of_network(settings).threads if trains_in_parallel(training) else None)
    data = training.data()
    if processes().main:
        log(
            "training",
            **named,
            images=len(data.train_labels),
            validation=len(data.valid_labels),
            metric=data.metric.label,
            device=processes().device,
            processes=processes().count,
        )
    trained = training.run(data, print_epoch)
    if processes().main:
        training.write(trained)
        log("trained", **named, **trained.figures)


if __name__ == "__main__":
    run(main, use=Use.TRAIN)
