"""Report context: what the other stages left, each file read once, when a section first asks for it."""

from functools import cached_property

import pandas as pd

from competition.audit.duplicate_table import read_duplicates
from competition.audit.problem_files import read_problem_files
from competition.audit.summary import read_audit
from competition.augmentation.fitting.shift_table import read_shift
from competition.common import paths
from competition.common.csv import read_table
from competition.data.answers import ANSWERS
from competition.data.classes import read_classes
from competition.data.image_store import ImageStore
from competition.data.predictions import Predictions
from competition.data.task import Task
from competition.ensembling.final_files import read_final
from competition.ensembling.specialist_choice import read_hard_classes
from competition.folds.predictions import read_fold
from competition.folds.split import read_folds
from competition.labels.review_table import read_label_review
from competition.leaderboard.leaderboard import read_leaderboard
from competition.leaderboard.oof_answers import read_oof
from competition.leaderboard.public_comparison import PublicComparison, read_comparison, read_sizes
from competition.members.history import read_histories
from competition.metrics.make import make_metric
from competition.metrics.metric import Metric
from competition.settings.params import Settings


class ReportContext:
    """Settings and files of a finished project, below the working directory; sections read it and change nothing.

    An attribute raises FileNotFoundError, with the file's name, where the stage that makes its file hasn't run.
    """

    def __init__(self, settings: Settings):
        self.settings = settings
        self._predictions: dict[str, list[dict[str, Predictions]]] = {}

    @cached_property
    def metric(self) -> Metric:
        """Metric that everything was chosen by."""
        return make_metric(self.settings.task)

    @cached_property
    def params(self) -> str:
        """Text of params.yaml."""
        return paths.PARAMS.read_text(encoding="utf-8")

    @cached_property
    def final(self) -> dict:
        """final.json: the final submission's scores, members, lineage."""
        return read_final()

    @property
    def several(self) -> bool:
        """Whether an image may have several labels."""
        return self.settings.task.several

    @cached_property
    def final_targets(self) -> dict[str, str]:
        """Test ID -> labels as text, of final.csv: where it holds probabilities or ranks, the likeliest."""
        frame = read_table(paths.FINAL).frame
        ids, cells = frame.iloc[:, 0], frame.iloc[:, 1:]
        targets, names = list(self.class_names), list(self.class_names.values())
        form = ANSWERS[self.settings.task.answer](targets, names, list(cells.columns), self.settings.task)
        task = Task(self.settings.task, form)
        return dict(zip(ids, task.decode(task.labels_of(form.read(cells))), strict=True))

    @cached_property
    def leaderboard(self) -> pd.DataFrame:
        """Members' submissions, best first. Raises ValueError if one of train.members has none."""
        table = read_leaderboard(paths.LEADERBOARD)
        unranked = [name for name in self.settings.voters if name not in table["submission"].tolist()]
        if unranked:
            raise ValueError(
                f"{paths.LEADERBOARD}: has no row of {', '.join(unranked)}, which params.yaml names; run `dvc repro`"
            )
        return table

    @cached_property
    def candidates(self) -> pd.DataFrame:
        """Candidates for the final submission, best first."""
        return read_leaderboard(paths.CANDIDATES)

    @cached_property
    def public_comparison(self) -> PublicComparison:
        """Public scores beside the out-of-fold ones."""
        settings = self.settings
        sizes = read_sizes(paths.SUBMISSIONS, self.leaderboard, settings.submit.public_share)
        return read_comparison(paths.SUBMISSIONS, self.leaderboard, sizes, settings.ensemble.confidence, self.metric)

    @cached_property
    def oof(self) -> pd.DataFrame:
        """Labels answered out of fold: ID, target, fold, `<submission>.<condition>` of all of them, all str."""
        return read_oof()

    @cached_property
    def shown_submission(self) -> str:
        """Name of the final submission; of the best one if the final one's answers out of fold aren't known."""
        chosen = self.final["chosen"]
        return chosen if f"{chosen}.test_like" in self.oof else self.leaderboard["submission"].iloc[0]

    @cached_property
    def class_names(self) -> dict[str, str]:
        """Target -> readable name, in the order of the classes."""
        return read_classes(paths.CLASSES)

    @cached_property
    def hard_classes(self) -> tuple[str, ...]:
        """The specialist's targets; () without a specialist."""
        return read_hard_classes(paths.VOTES)

    @cached_property
    def histories(self) -> dict[str, dict[int, pd.DataFrame]]:
        """Member, or specialist -> fold -> a row per epoch."""
        specialist = ("specialist",) if self.settings.specialize.base_member else ()
        names = (*self.settings.voters, *specialist)
        return {name: read_histories(name, self.settings.split.folds) for name in names}

    @cached_property
    def ranked_members(self) -> list[str]:
        """Members by the score of their soft vote, best first."""
        return [name for name in self.leaderboard["submission"] if name in self.settings.voters]

    @cached_property
    def folds(self) -> pd.DataFrame:
        """folds.csv: ID, target, fold (-1: holdout), group."""
        return read_folds(paths.FOLDS)

    @cached_property
    def oof_images(self) -> pd.DataFrame:
        """Training images without the holdout: ID, target, fold."""
        return self.folds[self.folds["fold"] >= 0].reset_index(drop=True)

    def predictions(self, member: str) -> list[dict[str, Predictions]]:
        """Predictions of each fold of `member`: `clean` and `test_like` of the fold's own images, `test` of all."""
        if member not in self._predictions:
            targets, folds = tuple(self.class_names), self.settings.split.folds
            self._predictions[member] = [read_fold(member, fold, self.folds, targets) for fold in folds]
        return self._predictions[member]

    @cached_property
    def train_images(self) -> ImageStore:
        """Training images as packed."""
        return ImageStore(paths.TRAIN_STORE)

    @cached_property
    def augmented_images(self) -> ImageStore:
        """Training images as networks get them: clean, test-like, copies."""
        return ImageStore(paths.AUGMENTED_STORE)

    @cached_property
    def test_images(self) -> ImageStore:
        """Test images as networks get them."""
        return ImageStore(paths.TEST_RESIZED_STORE)

    @cached_property
    def audit(self) -> dict:
        """audit.json: sizes, classes, duplicates, domain shift."""
        return read_audit(paths.AUDIT)

    @cached_property
    def duplicates(self) -> pd.DataFrame:
        """Pairs of images that show the same."""
        return read_duplicates(paths.DUPLICATES)

    @cached_property
    def problem_files(self) -> pd.DataFrame:
        """Images that were left out."""
        return read_problem_files(paths.PROBLEM_FILES)

    @cached_property
    def shift(self) -> pd.DataFrame | None:
        """Distance of test-like images from the test images; None while no policy was fitted."""
        return read_shift(paths.DOMAIN_SHIFT)

    @cached_property
    def label_review(self) -> pd.DataFrame | None:
        """Labels in doubt; None where the review is off, whatever an earlier run left."""
        there = self.settings.review.conditions and paths.LABEL_REVIEW.is_file()
        return read_label_review(paths.LABEL_REVIEW) if there else None
