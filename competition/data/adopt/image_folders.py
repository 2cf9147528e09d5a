"""The folder that holds a part's images, where several hold images of the same names.

An image right in a folder is meant before one of its sub-folders (`train/resized`). A folder counts if it holds half of
the images that the fullest holds: one that lacks an image isn't left for another that has it. Of several, one that is
called as the part is, is taken; of several such, that with the plainest name or the format that is read fastest if
their pictures look alike. Else it is asked about.
"""

import os
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from competition.common.errors import ContractError, examples
from competition.data.adopt.folder_names import CONTAINERS, MARKINGS, PARTS, names_part, words_of
from competition.data.adopt.image_index import ImageIndex, is_below, parents
from competition.data.image_reader import UnreadableImage
from competition.data.readers import extensions

MASKS = re.compile(r"mask|segmentation|annotation", re.I)  # folders that show where a thing is, not the thing
PART_WORDS = {"train": ("train", "labelled", "labeled"), "test": ("test", "unlabelled", "unlabeled", "eval")}
ENOUGH = 0.5  # of the images of the fullest folder
COMPARED, SIDE, ALIKE = 5, 32, 0.9  # pictures; pixels they are made; least correlation of two that show the same


@dataclass(frozen=True)
class FolderChoice:
    """The folder that holds the images of a part, the others that could, and why, where that has to be said."""

    folder: str  # relative, "" for the whole download
    others: tuple[str, ...] = ()
    note: str = ""


def choose_folder(
    index: ImageIndex, ids: Iterable[str], part: str, told: str | None, taken: str | None = None
) -> FolderChoice:
    """Return the folder of the images that `ids` name.

    part: train or test; told: the folder that a person named; taken: the other part's folder, left out where
    another one would do. Raises ContractError where several would.
    """
    if told is not None:
        return FolderChoice(_told(index, told, part))
    ids = list(dict.fromkeys(ids))
    counts: Counter[str] = Counter()
    for id in ids:
        above = {folder for file in index.candidates(id) for folder in parents(file)}
        counts.update(folder for folder in above if len(index.files_of(id, folder)) == 1)
    if not counts:
        return FolderChoice("")
    least = ENOUGH * max(counts.values())
    files = {folder: _single(index, ids, folder) for folder, count in counts.items() if count >= least}
    left = able = _different(files)
    other_part = "test" if part == "train" else "train"
    for better in (lambda one: not MASKS.search(one), lambda one: _called_as(one, part) > 0, lambda one: one != taken):
        left = list(filter(better, left)) or left
    chosen, reason = _same_pictures(index, {one: files[one] for one in left}, part)
    others = tuple(one for one in able if one not in (chosen, taken) and not _called_as(one, other_part))
    if not others:
        return FolderChoice(chosen)
    too = f"{examples(others)} {'has' if len(others) == 1 else 'have'} images of these names too"
    return FolderChoice(chosen, others, f"{part} images: {chosen}{reason}; {too} (--{part}-images decides)")


def _single(index: ImageIndex, ids: list[str], folder: str) -> dict[str, str]:
    """Return ID -> its image in or below `folder`, of the IDs that have one."""
    found = index.find(ids, folder)
    return {id: files[0] for id, files in found.items() if len(files) == 1}


def _different(files: dict[str, dict[str, str]]) -> list[str]:
    """Return the folders, in order, that name other images than the rest: of equals the deepest, of parts the whole.

    files: folder -> ID -> image. Of a folder and one below it, which name different images, the upper one is left.
    """
    left: list[str] = []
    for folder in sorted(files, key=lambda one: (-len(files[one]), -one.count("/"), one == "", one)):
        if any(files[folder].items() <= files[other].items() for other in left):
            continue
        left.append(folder)
    return sorted(one for one in left if not any(other != one and is_below(one, other) for other in left))


def _called_as(folder: str, part: str) -> int:
    """Return how much the folder is called as the part is, 0 to 3: `train_jpg` 3, `train_set2` 2, `train_depth` 1."""
    return max((_word_called_as(name, part) for name in folder.split("/")), default=0)


def _word_called_as(name: str, part: str) -> int:
    words, low = {*words_of(name)}, name.lower()
    if words & {*PARTS[part]} and words <= {*PARTS[part], *CONTAINERS} and not re.search(r"\d", name):
        return 3
    if names_part(name, part) and not words & {*MARKINGS}:
        return 2
    other = "test" if part == "train" else "train"
    if part == "train" and any(low.startswith(mark) for mark in PART_WORDS[other]):  # "unlabelled" holds "labelled"
        return 0
    return int(any(mark in low for mark in PART_WORDS[part]))


def _same_pictures(index: ImageIndex, files: dict[str, dict[str, str]], part: str) -> tuple[str, str]:
    """Return the folder to take, of those that hold the same pictures, and why: called as the part, else read fastest.

    Raises ContractError where the pictures differ, or nothing tells.
    """
    ranks = {one: (-_called_as(one, part), min(map(_kind, found.values()))) for one, found in files.items()}
    first, *others = sorted(files, key=ranks.__getitem__)
    if any(ranks[one] == ranks[first] or not _look_alike(index.root, files[first], files[one]) for one in others):
        raise ContractError(
            [
                f"{index.root}: the {part} images are in several folders: {examples(sorted(files))}; name one of them "
                f"with --{part}-images"
            ]
        )
    fastest = any(ranks[one][0] == ranks[first][0] for one in others)
    kind = [*extensions(), "a bare name"][ranks[first][1]]
    return first, f", since {kind} is read fastest" if fastest else ""


def _look_alike(root: Path, some: dict[str, str], others: dict[str, str]) -> bool:
    """Return whether the pictures of the first few IDs show the same; one that can't be read shows anything."""
    pairs = [(some[id], others[id]) for id in some if id in others][:COMPARED]
    return all(_shows_the_same(root / one, root / other) for one, other in pairs)


def _shows_the_same(one: Path, other: Path) -> bool:
    from competition.data.images import read_image  # OpenCV's second is for downloads with several such folders alone
    from competition.data.letterbox import resize

    try:
        small = [resize(read_image(path), SIDE, SIDE).astype(np.float64).ravel() for path in (one, other)]
    except (UnreadableImage, OSError):
        return True
    if np.ptp(small[0]) == 0 or np.ptp(small[1]) == 0:
        return bool(np.abs(small[0] - small[1]).max() < 255 * (1 - ALIKE))
    return bool(np.corrcoef(*small)[0, 1] > ALIKE)


def _kind(file: str) -> int:
    return [*extensions(), ""].index(_extension(file))


def _extension(file: str) -> str:
    extension = os.path.splitext(file)[1].lower()
    return extension if extension in extensions() else ""


def _told(index: ImageIndex, told: str, part: str) -> str:
    below = Path(told).resolve()
    root = index.root.resolve()
    folder = below.relative_to(root) if below.is_relative_to(root) else Path(told)
    name = PurePosixPath(folder).as_posix().removeprefix("./")
    name = "" if name == "." else name
    if not index.below(name):
        raise ContractError(
            [
                f"--{part}-images {told}: no images in this folder of {index.root}; it has "
                f"{examples(sorted({file.rpartition('/')[0] or '.' for file in index.files}))}"
            ]
        )
    return name
