"""A competition: its checked tables, images and classes."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pandas as pd

from competition.common.csv import sort_targets
from competition.common.errors import ContractError
from competition.data.answers import ANSWERS
from competition.data.boxes import BOX, read_test_boxes
from competition.data.competition_tables import check_targets, read_meta, read_test_ids, read_train
from competition.data.image_files import find_images
from competition.data.label_sets import decode, encode, split_labels
from competition.data.task import Task
from competition.settings.competition import CompetitionSettings
from competition.settings.task import TaskSettings


@dataclass(frozen=True, eq=False)
class Competition:
    """A competition whose files have been checked."""

    root: Path
    train: pd.DataFrame  # ID, target [, group, fold] as str [, x1, y1, x2, y2 as float, NaN for "the whole image"]
    test_ids: tuple[str, ...]  # the submission's IDs, in its order
    targets: tuple[str, ...]  # meta.csv's order, else sorted; the position is the class index
    class_names: tuple[str, ...]  # in the targets' order
    train_paths: dict[str, Path] = field(default_factory=dict)  # ID -> image
    test_paths: dict[str, Path] = field(default_factory=dict)
    test_boxes: pd.DataFrame | None = (
        None  # x1, y1, x2, y2 as float in the order of test_ids, NaN for "the whole image"; None without any
    )
    columns: tuple[str, ...] = ("ID", "target")  # what the submission's columns are called
    settings: TaskSettings = TaskSettings()

    @cached_property
    def task(self) -> Task:
        """What is asked of an image, and how a submission answers."""
        form = ANSWERS[self.settings.answer](self.targets, self.class_names, self.columns[1:], self.settings)
        return Task(self.settings, form)

    @cached_property
    def class2index(self) -> dict[str, int]:
        """Target -> class index."""
        return {target: index for index, target in enumerate(self.targets)}

    @cached_property
    def target2class(self) -> dict[str, str]:
        """Target -> readable name."""
        return dict(zip(self.targets, self.class_names, strict=True))


def read_competition(
    settings: CompetitionSettings, task: TaskSettings = TaskSettings(), images: bool = True
) -> Competition:
    """Return the competition under `settings.root`, or raise ContractError with everything that is wrong with it.

    With `images=False` only the CSV files are looked at and the paths stay empty.
    """
    root = Path(settings.root)
    if not root.is_dir():
        raise FileNotFoundError(f"{root}: no such folder; bring a competition in with python -m pipelines.adopt PATH")
    problems: list[str] = []
    meta = read_meta(root / "meta.csv", settings, problems)
    train = read_train(root / "train.csv", settings, problems)
    test_ids, columns = read_test_ids(root, settings, task, problems)
    targets = tuple(meta) or _targets_of(train, task)
    if train is not None:
        check_targets(root / "train.csv", train["target"], meta, targets, task, problems)
    paths: dict[str, dict[str, Path]] = {"train": {}, "test": {}}
    if images:
        named = {"train": train["ID"] if train is not None else (), "test": test_ids}
        paths = {part: find_images(root / part, ids, problems) for part, ids in named.items()}
    with_boxes = train is not None and BOX[0] in train  # else test.csv may be anything
    boxes = read_test_boxes(root / "test.csv", test_ids, settings, problems) if with_boxes else None
    names = tuple(meta.get(target, target) for target in targets)
    if columns and train is not None and not problems:
        problems += ANSWERS[task.answer](targets, names, columns[1:], task).header_problems(
            root / "sample_submission.csv"
        )
    if problems:
        raise ContractError(problems)
    if task.several:  # in the order of the classes, so that equal sets are equal texts
        train["target"] = decode(encode(train["target"].tolist(), targets, several=True), targets)
    columns = columns or (settings.id, *_columns_of(settings, task, names))
    return Competition(root, train, test_ids, targets, names, paths["train"], paths["test"], boxes, columns, task)


def _targets_of(train: pd.DataFrame | None, task: TaskSettings) -> tuple[str, ...]:
    """Return the classes of a competition without meta.csv: those of train.csv, sorted."""
    if train is None:
        return ()
    return sort_targets(label for text in train["target"] for label in (split_labels(text) if task.several else [text]))


def _columns_of(settings: CompetitionSettings, task: TaskSettings, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of the answer's columns where no sample submission gives them."""
    return names if task.answer == "probabilities" else (settings.submission_columns[1],)


def read_class_names(path: Path, settings: CompetitionSettings) -> dict[str, str]:
    """Return target -> readable name from a meta.csv, in its order; {} without the file. Raises ContractError."""
    problems: list[str] = []
    names = read_meta(path, settings, problems)
    if problems:
        raise ContractError(problems)
    return names
