"""A small part of a competition, in a folder of its own, in which the stages run as they do in the project."""

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from competition.augmentation.offline import BESIDE
from competition.common import paths
from competition.common.csv import write_frame
from competition.common.seeds import generator
from competition.data.competition import Competition
from competition.data.label_sets import split_labels
from competition.data.metadata import metadata_table
from competition.settings.member import NO_FILES, MemberSettings
from competition.settings.params import Settings

EPOCHS = 3  # of a member in a part: enough to tell an epoch's seconds from the first step's


@dataclass(frozen=True)
class Size:
    """Numbers of training and test images."""

    train: int
    test: int

    @property
    def all(self) -> int:
        return self.train + self.test


def part_sizes(images: int, classes: int, folds: int, copies: int, most: int) -> tuple[int, int]:
    """Return the training images of the smaller and the larger part of the competition, by what it consists of.

    The larger one has `most` at the most, or as many as make 6,000 copies; the smaller one a third of it. Each class
    and fold needs two, though, and the larger part twice as many. Raises ValueError where there are too few for that.
    """
    large = min(most, 6000 // (copies + BESIDE), images)
    small = max(large // 3, 2 * classes, 2 * folds)
    large = max(large, 2 * small)
    if large > images:
        raise ValueError(
            f"{images} training images of {classes} classes are too few to plan from (at least {2 * small}): just "
            "run them"
        )
    return small, large


def write_part(folder: Path, competition: Competition, settings: Settings, images: int) -> Size:
    """Make a project in `folder` with about `images` of the training images and the same share of the test images.

    Images are linked to, not copied. A class keeps its share, and two images at least, so that it stands in two folds;
    of several labels an image, each label has two. Members train for EPOCHS epochs at the most. Returns the numbers of
    images.
    """
    draw = _draw_of_several if settings.task.several else _draw_train
    train = draw(competition.train, images)
    test = list(competition.test_ids)[: max(1, round(len(competition.test_ids) * len(train) / len(competition.train)))]
    root = folder / paths.RAW
    for name, paths_of, ids in (("train", competition.train_paths, train.ID), ("test", competition.test_paths, test)):
        _link(root / name, competition.root / name, [paths_of[id] for id in ids])
    source = settings.competition.model_copy(update={"root": str(competition.root)})
    beside = metadata_table(source).set_index("ID")
    of_train, of_test = (
        beside[beside["set"] == name].drop(columns="set").reindex(ids).reset_index(drop=True)
        for name, ids in (("train", train.ID), ("test", test))
    )
    id_name, target_name = settings.competition.id, settings.competition.target
    named = {"ID": id_name, "target": target_name, "group": settings.competition.group}
    tables = {
        "train": pd.concat([train.rename(columns=named).reset_index(drop=True), of_train], axis=1),
        "sample_submission": pd.DataFrame({id_name: test} | dict.fromkeys(competition.columns[1:], "0")),
        "meta": pd.DataFrame(
            {target_name: competition.targets, settings.competition.class_name: competition.class_names}
        ),
    }
    if len(of_test.columns):
        tables["test"] = pd.concat([pd.DataFrame({id_name: test}), of_test], axis=1)
    for name, table in tables.items():
        write_frame(root / f"{name}.csv", table)
    (folder / paths.PARAMS).write_text(
        yaml.safe_dump(part_params(settings), sort_keys=False, allow_unicode=True), encoding="utf-8"
    )
    return Size(len(train), len(test))


def part_params(settings: Settings) -> dict:
    """Return settings for params.yaml, but for the root, a holdout's unlocking, external votes and epochs over EPOCHS.

    A file of weights is named by its absolute path, since the part is elsewhere; this machine does the work, since a
    cluster's workers don't see the part.
    """
    values = settings.model_dump(mode="json")
    values["competition"]["root"] = str(paths.RAW)
    values["ensemble"] |= {"unlock_holdout": False, "external": [], "choose": "auto"}
    values["machine"]["scheduler"] = None
    values["refit"]["members"] = []
    for name, member in settings.members.items():
        values["members"][name] |= elsewhere(member)
    values["specialize"]["network"] |= elsewhere(settings.specialize.network)
    values["plugins"] = [os.path.abspath(path) for path in settings.plugins]
    if settings.task.metric.endswith(".py"):
        values["task"]["metric"] = os.path.abspath(settings.task.metric)
    return values


def elsewhere(member: MemberSettings) -> dict[str, object]:
    """Return what is changed of a member in a part: few epochs, and the whole path of a file of weights."""
    source = member.weights_source
    return member.shortened(EPOCHS) | ({} if source in NO_FILES else {"weights": os.path.abspath(source)})


def _draw_train(train: pd.DataFrame, images: int) -> pd.DataFrame:
    share, kept = images / len(train), []
    draws = generator(0, "part of a competition")
    for _, rows in train.groupby("target").groups.items():
        count = min(len(rows), max(2, round(share * len(rows))))
        kept += draws.choice(np.sort(np.asarray(rows)), count, replace=False).tolist()
    return train.loc[sorted(kept)]


def _draw_of_several(train: pd.DataFrame, images: int) -> pd.DataFrame:
    """Return `images` rows of `train` at random, and of each label as many more as it takes to have two."""
    order = generator(0, "part of a competition").permutation(len(train))
    kept, have = order[:images].tolist(), Counter()
    labels = [split_labels(text) for text in train["target"]]
    for row in kept:
        have.update(labels[row])
    for row in order[images:].tolist():
        if any(have[label] < 2 for label in labels[row]):
            kept.append(row)
            have.update(labels[row])
    return train.iloc[sorted(kept)]


def _link(folder: Path, source: Path, paths: list[Path]) -> None:
    """Link to `paths`, which lie in or below `source`, from the same places in `folder`."""
    folder.mkdir(parents=True)
    for path in paths:
        link = folder / path.relative_to(source)
        link.parent.mkdir(parents=True, exist_ok=True)
        os.symlink(path.resolve(), link)
