"""A member's training on a fold, or on all images, with what it reads: what the stages `train` and `refit` do."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from competition.common import paths
from competition.common.files import digest, read_json, replace_folder, temporary_beside
from competition.common.imports import code_digest
from competition.common.project import undeclared_files
from competition.data.classes import read_classes
from competition.data.metadata import read_metadata
from competition.folds.split import read_folds
from competition.inference.tta import orientation_weights
from competition.members.make import make_member
from competition.members.member import Member
from competition.members.output_files import write_member
from competition.members.refit import refitted
from competition.members.resume_key import state_file
from competition.members.training import TrainedMember, train_member
from competition.metrics.make import make_metric
from competition.settings.params import Settings
from competition.training.fold_data import FoldData, load_fold


@dataclass(frozen=True)
class FoldTraining:
    """Training of the member `name` on `fold`, a fold's number or a refit's name."""

    settings: Settings
    name: str
    fold: int | str

    @property
    def refit(self) -> bool:
        return self.fold in self.settings.refit.networks

    @cached_property
    def member(self) -> Member:
        member = make_member(self.settings.members[self.name], self.name)
        if not self.refit:
            return member
        return refitted(member, self.settings.split.folds, self.settings.refit.seed_of(self.fold))

    @cached_property
    def state(self) -> Path:
        """The file that training goes on from; its name changes with anything that training depends on."""
        task = self.settings.task
        inputs = *self._images, make_metric(task).source, task.labels
        return state_file(f"train-{self.name}-{self.fold}", self.member, *inputs)

    @cached_property
    def made_ahead(self) -> Path:
        """The folder with its files, of a training whose own stage has still to come; its name changes with anything
        that they depend on, predictions and scores too.
        """
        return self.state.with_name(f"{self.state.stem}-{digest(*self._predicted)}")

    @cached_property
    def made_by(self) -> str:
        """A digest of what DVC knows the files to depend on: where it is the same, their stage doesn't run again,
        whatever else has changed, such as the version of a package.
        """
        own = [*self.settings.plugin_files, *self.member.weights_files()]
        unknown = undeclared_files("train", own)
        known = [Path(file) for file in own if str(file) not in unknown]
        return digest(self.member.settings.model_dump(), *self._images, *self._predicted, *known)

    @property
    def is_missing(self) -> bool:
        """Whether it has still to be trained: its files aren't there, or were made by something else."""
        if self.made_ahead.is_dir():
            return False
        files = [kind(self.name, self.fold) for kind in (paths.weights, paths.predictions, paths.scores)]
        return not all(file.is_file() for file in files) or read_json(files[-1]).get("made_by") != self.made_by

    def data(self) -> FoldData:
        task, targets = self.settings.task, tuple(read_classes(paths.CLASSES))
        stores, folds = (paths.AUGMENTED_STORE, paths.TEST_RESIZED_STORE), read_folds(paths.FOLDS)
        metadata = read_metadata(paths.METADATA, task.metadata) if self._needs_metadata else None
        fold = None if self.refit else self.fold
        return load_fold(fold, folds, targets, *stores, make_metric(task), task.several, metadata)

    def run(self, data: FoldData, report: Callable[[dict], None]) -> TrainedMember:
        """Train on `data`; `report` gets each epoch's row."""
        tta = self.settings.tta
        weights, targets = orientation_weights(tta.passes, tta.seed), tuple(read_classes(paths.CLASSES))
        return train_member(self.member.settings, data, targets, weights, self.state, report)

    def write(self, trained: TrainedMember, folder: Path = Path()) -> None:
        """Write its files below the project's `folder`."""
        metric, kind = make_metric(self.settings.task).name, self.member.settings.kind
        write_member(folder, self.name, self.fold, kind, trained, metric, made_by=self.made_by)

    def write_ahead(self, trained: TrainedMember) -> None:
        """Leave its files where `take` finds them."""
        with replace_folder(self.made_ahead) as folder:
            self.write(trained, folder)

    def take(self) -> dict[str, object]:
        """Put the files that were made ahead into their places; return the figures of a log line.

        Of a take that was stopped, the next one begins anew.
        """
        told = read_json(self.made_ahead / paths.scores(self.name, self.fold))
        for file in sorted(path for path in self.made_ahead.rglob("*") if path.is_file()):
            place = file.relative_to(self.made_ahead)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, place)
        taken = temporary_beside(self.made_ahead, "taken")
        os.replace(self.made_ahead, taken)  # what is removed in part isn't taken for whole
        shutil.rmtree(taken)
        figures = {name: told[name] for name in ("best_epoch", "train_seconds", "predict_seconds")}
        return figures | {name: round(score, 4) for name, score in told["score"].items() if score is not None}

    @property
    def _images(self) -> tuple[object, ...]:
        """What is learnt from, but for the member's own settings and files."""
        inputs = paths.AUGMENTED_STORE, paths.FOLDS, self.fold, read_classes(paths.CLASSES)
        return inputs + ((paths.METADATA, self.settings.task.metadata) if self._needs_metadata else ())

    @property
    def _predicted(self) -> tuple[object, ...]:
        """What predictions and scores depend on beside the weights; the code is that of all members."""
        told = self.settings.tta.model_dump(), self.settings.task.model_dump()
        return paths.TEST_RESIZED_STORE, *told, code_digest(__name__)

    @property
    def _needs_metadata(self) -> bool:
        return self.member.settings.needs_metadata
