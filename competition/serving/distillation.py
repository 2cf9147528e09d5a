"""Distillation of the final vote into one network, the student (Hinton et al. 2015, https://arxiv.org/abs/1503.02531).

The student learns the vote's probabilities of every copy of the training images, in the labels' place, since the vote
has looked at these very copies (Beyer et al., CVPR 2022: a patient teacher sees what its student sees); and of images
without labels, if there are any. The student of all images learns from the whole vote and is the one that is used.

A student for each fold is there for the score alone. Its teacher is the vote of the fold's own networks, which have not
seen the fold's images, fitted without the fold's labels; no epoch is chosen by them either, since all students learn
for as long. So the student of a fold is to its vote what the used student is to the whole one, and the score of both is
of the same images.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

import numpy as np

from competition.common import paths
from competition.data.image_store import ImageStore
from competition.data.label_sets import likeliest_labels
from competition.data.orientations import ORIENTATIONS
from competition.ensembling.fitted_votes import FittedVote
from competition.members.make import make_member
from competition.members.resume_key import state_file
from competition.members.training import TrainedMember, train_member
from competition.models.trained import read_trained
from competition.serving.teacher import Teacher
from competition.serving.unlabelled import fingerprint
from competition.settings.distil import ALL, STUDENT
from competition.settings.params import Settings
from competition.training.fold_data import FoldData

AS_PACKED = np.eye(ORIENTATIONS)[0]  # weights of the orientations: the student looks once


@dataclass(frozen=True, eq=False)
class Unlabelled:
    """Images without labels: behind the copies in `store`, packed in `files` (the copies' first).

    test: how many of them are the test images, which come first; folder: fingerprints of the others, see `fingerprint`.
    """

    store: ImageStore
    files: tuple[Path, ...]
    first: int  # row of the store
    test: int = 0
    folder: tuple[str, ...] = ()

    @classmethod
    def of(cls, copies: Path, test: Path | None, folder: Sequence[Path]) -> "Unlabelled":
        """Return the images of the packed files `test` (None: not to be learnt from) and `folder`, behind `copies`."""
        files = (copies, *([test] if test else []), *folder)
        found = [group for file in folder for group in ImageStore(file).column("group")]
        tests = len(ImageStore(test)) if test else 0
        return cls(ImageStore(*files), files, len(ImageStore(copies)), tests, tuple(found))

    @property
    def rows(self) -> np.ndarray:
        """(U,) rows of all of them."""
        return np.arange(self.first, len(self.store))

    def allowed(self, data: FoldData) -> np.ndarray:
        """Return the rows of those that show nothing on which a student that learns from `data` is scored.

        Left out: test images that are barred, and images whose pixels are a validation or holdout image's.
        """
        barred = np.isin(data.test_ids, list(data.barred)) if self.test else np.zeros(0, bool)
        scored = np.concatenate([*data.valid_rows.values(), *data.holdout_rows.values(), np.empty(0, np.int64)])
        seen = {fingerprint(data.store.image(row)) for row in scored} if self.folder else set()
        return self.rows[~np.concatenate([barred, [one in seen for one in self.folder]]).astype(bool)]


def rows_to_ask(data: FoldData, unlabelled: Unlabelled) -> np.ndarray:
    """Return the rows, ascending, of the joint store that students learn from; data: of all folds."""
    return np.concatenate([np.sort(np.concatenate(data.train_rows)), unlabelled.rows])


def taught_data(
    data: FoldData, vote: FittedVote, teacher: Teacher, unlabelled: Unlabelled, fold: int | None
) -> FoldData:
    """Return `data` with what `vote` says of its training images, and of images without labels, to be learnt.

    fold: whose networks vote; None: all. An image without labels comes as often as a training image; the vote's answer
    stands in its label's place where labels are counted.
    """
    others = unlabelled.allowed(data)
    rows = np.concatenate([*data.train_rows, others])
    said = teacher.vote(vote, rows, fold)
    taught = np.zeros((len(unlabelled.store), said.shape[1]), np.float32)
    taught[rows] = said
    copies = min(map(len, data.train_rows))
    labels = likeliest_labels(taught[others], data.several).astype(data.train_labels.dtype)
    return replace(
        data,
        store=unlabelled.store,
        train_labels=np.concatenate([data.train_labels, labels]),
        train_rows=(*data.train_rows, *(np.full(copies, row) for row in others)),
        train_groups=(),
        taught=taught,
    )


def train_student(
    settings: Settings,
    network: int | str,
    data: FoldData,
    targets: tuple[str, ...],
    inputs: Sequence[Path],
    report: Callable[[dict], None] = lambda row: None,
    state: Path = paths.STATE,
) -> TrainedMember:
    """Return the student `network` (a fold, or all), trained on what `taught_data` made, which looks at images once.

    inputs: the files that it learns from. It goes on where a stopped training was. Raises FileNotFoundError where it
    starts from a member that isn't trained.
    """
    fold = settings.split.folds[0] if network == ALL else network
    begin = (settings.distil.start, fold) if settings.distil.start else None
    member = make_member(settings.described(STUDENT).taught(), STUDENT)
    said = sha256(data.taught.tobytes()).hexdigest()
    begun_with = [paths.weights(*begin)] if begin else []
    known = network, targets, data.metric.source, settings.task.labels, said, [len(rows) for rows in data.train_rows]
    file = state_file(f"distil-{network}", member, *inputs, *begun_with, *known, folder=state)
    start = read_trained(*begin) if begin else None
    return train_member(member.settings, data, targets, AS_PACKED, file, report, start=start)
