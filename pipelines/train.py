"""Trains one member on one fold: `python -m pipelines.train MEMBER FOLD` (stage `train`, member x fold).

Reads data/augmented.arrow, data/test_squares.arrow and folds/folds.csv. Makes, under folds/, for MEMBER/FOLD:
weights/*.safetensors, predictions/*.npz (clean, test_like, test, and where there is a holdout holdout_clean,
holdout_test_like, which no score is made of here), history/*.csv and scores/*.json. A network is trained by
`machine.processes` processes together, or by those that started it: `accelerate launch --num_processes 2 -m
pipelines.train MEMBER FOLD`.
"""

from pathlib import Path

import numpy as np

from competition.audit.duplicate_table import read_duplicates
from competition.common.files import digest
from competition.common.imports import code_digest
from competition.compute.device import keep_memory
from competition.compute.distributed import processes
from competition.compute.launcher import run_together
from competition.data.classes import read_classes
from competition.folds.split import read_folds
from competition.inference.tta import view_weights
from competition.members.members import TrainedMember, train_classical, train_finetuned
from competition.members.output_files import print_epoch, write_member
from competition.models.weights import weights_file
from competition.settings.finetuned import FinetunedSettings
from competition.settings.load import load_settings
from competition.settings.members import Member
from competition.settings.params import Settings
from competition.training.fold_data import FoldData, load_fold
from competition.training.pseudo_labels import bar_copies
from pipelines._main import log, run

CODE = "competition.members.members"  # whose source names the state

STORE, TEST_STORE, FOLDS = Path("data/augmented.arrow"), Path("data/test_squares.arrow"), Path("folds/folds.csv")


def main(member: str, fold: int) -> None:
    settings = load_settings()
    if member not in settings.members:
        raise ValueError(f"member {member!r}: not under `members` in params.yaml (there: {sorted(settings.members)})")
    finetuned = isinstance(settings.members[member], FinetunedSettings)
    if finetuned and run_together(settings.machine.processes, "pipelines.train", member, fold):
        return
    crew = processes()
    if finetuned or crew.main:
        train_and_write(settings, member, fold)
    crew.leave()


def train_and_write(settings: Settings, member: str, fold: int) -> None:
    keep_memory()
    crew, targets = processes(), tuple(read_classes("folds/classes.csv"))
    data = load_fold(fold, read_folds(FOLDS), targets, STORE, TEST_STORE)
    if crew.main:
        log(
            "training",
            member=member,
            fold=fold,
            images=len(data.train_labels),
            validation=len(data.valid_labels),
            device=crew.device,
            processes=crew.count,
        )
    if getattr(settings.members[member], "pseudo_labels", 0):
        data = bar_copies(data, read_duplicates("folds/duplicates.csv"))
    weights = view_weights(settings.tta.passes, settings.tta.seed)
    trained = train(settings.members[member], data, targets, weights, state_file(settings, member, fold, targets))
    if crew.main:
        write_member(Path("folds"), member, fold, settings.members[member].kind, trained)
        log(
            "trained",
            member=member,
            fold=fold,
            best_epoch=trained.best_epoch,
            train_seconds=round(trained.train_seconds, 1),
            predict_seconds=round(trained.predict_seconds, 1),
            **{key: round(value, 4) for key, value in trained.macro_f1.items()},
        )


def state_file(settings: Settings, name: str, fold: int, targets: tuple[str, ...]) -> Path:
    """Named by all that the training depends on; the order of the classes is theirs in the network's output."""
    member = settings.members[name]
    files = weights_file(member) if isinstance(member, FinetunedSettings) else []
    key = digest(member.model_dump(), STORE, FOLDS, fold, targets, *files, code_digest(CODE))
    return Path(f"data/state/train-{name}-{fold}-{key}.pt")


def train(member: Member, data: FoldData, targets: tuple[str, ...], weights: np.ndarray, state: Path) -> TrainedMember:
    if isinstance(member, FinetunedSettings):
        return train_finetuned(member, data, targets, weights, state, print_epoch)
    return train_classical(member, data, targets, weights, Path("data/cache"))


if __name__ == "__main__":
    run(main)
