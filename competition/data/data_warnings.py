"""Warnings of a competition whose files are sound: images that no row names, classes and groups that look alike."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from competition.common.errors import counted, examples
from competition.common.folders import is_hidden
from competition.data.boxes import BOX
from competition.data.class_spellings import MOST, alike_text, classes_alike, spelled_alike
from competition.data.competition import Competition
from competition.data.hidden_images import hidden_images, hidden_note
from competition.data.image_files import ImageFolder, claims_to_be_image
from competition.data.label_sets import split_labels


def data_warnings(competition: Competition) -> list[str]:
    """Return warnings, each with counts. The competition's images have been found."""
    return [
        *boxes_of_one_part(competition),
        *unnamed_images(competition),
        *left_hidden(competition),
        *alike_classes(competition),
        *alike_groups(competition),
    ]


def boxes_of_one_part(competition: Competition) -> list[str]:
    """Return a warning where the training images have boxes and the test images have none."""
    if BOX[0] not in competition.train or competition.test_boxes is not None:
        return []
    train, test = competition.root / "train.csv", competition.root / "test.csv"
    return [
        f"{train}: has boxes, and the test images have none: crops are learnt from, whole images answered; give theirs "
        f"in {test}"
    ]


def unnamed_images(competition: Competition) -> list[str]:
    """Return a warning for each part's folder that holds images which no row names."""
    warnings = []
    for part, paths in (("train", competition.train_paths), ("test", competition.test_paths)):
        folder = competition.root / part
        left = [name for name in ImageFolder(folder).names if claims_to_be_image(name) and not is_hidden(name)]
        left = _not_among(left, paths.values(), folder)
        if left:
            table = "train.csv" if part == "train" else "the sample submission"
            what = counted(len(left), f"images have no row in {table}, and are not used")
            warnings.append(f"{folder}: {what}: {examples(left)}")
    return warnings


def left_hidden(competition: Competition) -> list[str]:
    """Return a warning for each part's folder that holds hidden images which no row names."""
    warnings = []
    for part, paths in (("train", competition.train_paths), ("test", competition.test_paths)):
        folder = competition.root / part
        if left := _not_among(hidden_images(folder), paths.values(), folder):
            warnings.append(hidden_note(left, folder))
    return warnings


def _not_among(names: Iterable[str], paths: Iterable[Path], folder: Path) -> list[str]:
    named = {path.relative_to(folder).as_posix() for path in paths}
    return [name for name in names if name not in named]


def alike_classes(competition: Competition) -> list[str]:
    """Return a warning of classes that look alike, with the number of training images of each."""
    several, column = competition.task.several, competition.train["target"]
    counts = Counter(label for text in column for label in (split_labels(text) if several else (text,)))
    images = {target: counts[target] for target in competition.targets}
    text = alike_text(images, competition.target2class)
    return [f"{competition.root / 'train.csv'}: {text}"] if text else []


def alike_groups(competition: Competition) -> list[str]:
    """Return a warning of groups that look alike: images of one may stand on both sides of a split."""
    train = competition.train
    if "group" not in train:
        return []
    counts = Counter(train["group"][train["group"] != train["ID"]])  # without those that stand alone
    groups = classes_alike(counts)
    if not groups:
        return []
    what = counted(len(groups), "groups are written in several ways, and so stand on both sides of a split")
    return [
        f"{competition.root / 'train.csv'}: {what}: {'; '.join(spelled_alike(one, counts) for one in groups[:MOST])}"
    ]
