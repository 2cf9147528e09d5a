"""Labels that stand in no table: class folders beside a test part, and the names of the image files."""

import os
from collections import Counter
from collections.abc import Iterable

from competition.common.errors import ContractError, counted, examples
from competition.data.adopt.folder_names import odd_folders, part_of
from competition.data.adopt.image_index import ImageIndex, is_below
from competition.data.adopt.name_patterns import NamePattern

FIRST_DOT = "{label}.{id}.*"
FEW_CLASSES = 0.2  # of the images, at most


def class_folders_of(index: ImageIndex, test_files: Iterable[str], told: str | None) -> dict[str, tuple[str, str]]:
    """Return image -> (ID, class) of the folder whose sub-folders hold the images that aren't test images; {} without.

    Images in folders inside a class's are taken along. The ID is the file's name where no two images have it, else the
    path below that folder. Raises ContractError where several folders may be meant, images lie in none, or the folders
    are not called as classes are.
    """
    tests = set(test_files)
    files = [file for file in index.files if file not in tests and file.count("/") and is_below(file, told or "")]
    above = Counter(os.path.dirname(os.path.dirname(file)) for file in files)
    if told is None:
        above = Counter({folder: count for folder, count in above.items() if len(_classes(files, folder)) > 1})
    places = [folder for folder in above if part_of(folder.rpartition("/")[2]) != "val"]
    outer = [one for one in places if one and all(is_below(f"{other}/", one) for other in places)]
    if told is None and len(places) > 1 and not outer:
        raise ContractError(
            [
                f"class folders lie in several places: {examples(sorted(places))}; name the right one with "
                "--train-images, or say which folder is the class: --train-images FOLDER --label-from "
                "'{label}/*/{id}.*'"
            ]
        )
    above = {folder: above[folder] for folder in outer} or above
    folder = told if told is not None else max(above, key=lambda one: (above[one], one), default=None)
    if folder is None or len(_classes(files, folder)) < (2 if told is None else 1):
        return {}
    front = f"{folder}/" if folder else ""
    inside = [file for file in files if is_below(file, folder) and "/" in file.removeprefix(front)]
    if problems := _loose_images(index, files, front) + odd_folders(index.root / folder, _below(inside, front)):
        raise ContractError(problems)
    names = Counter(os.path.basename(file) for file in inside)
    unique = max(names.values()) == 1
    found = {}
    for file in inside:
        name = file.removeprefix(front)
        found[file] = (os.path.basename(file) if unique else name, name.split("/")[0])
    return found


def _below(files: list[str], front: str) -> list[str]:
    return [file.removeprefix(front) for file in files]


def _loose_images(index: ImageIndex, files: list[str], front: str) -> list[str]:
    loose = [name for name in _below([file for file in files if file.startswith(front)], front) if "/" not in name]
    if not loose:
        return []
    return [
        f"{index.root / front}: {counted(len(loose), 'images lie')} in no class folder: {examples(loose)}; move them "
        "into their class's folder, or take them away"
    ]


def _classes(files: list[str], folder: str) -> set[str]:
    return {os.path.dirname(file) for file in files if os.path.dirname(os.path.dirname(file)) == folder}


def labels_in_names(files: Iterable[str], pattern: str | None, folder: str = "") -> dict[str, tuple[str, str, str]]:
    """Return image -> (ID, label, group) by a pattern of the file names, or of their paths below `folder`.

    pattern: see `NamePattern`. None: the part before the first dot, if that makes few labels; {} where it doesn't. The
    ID is the file's name without its extension. Raises ContractError for a pattern without {label}, or that doesn't fit
    all files in one way.
    """
    files = list(files)
    if pattern is None:
        return _before_first_dot(files)
    read = NamePattern(pattern)
    if "label" not in read.places:
        raise ContractError(
            [f"--label-from {pattern}: has no {{label}}; write it where the label stands, as {FIRST_DOT}"]
        )
    found, odd = {}, []
    for file in files:
        name = file if "/" in pattern else os.path.basename(file)
        below = name.removeprefix(f"{folder}/") if "/" in pattern and folder else name
        if (places := read.match(file, below)) is None:
            odd.append(file)
        else:
            found[file] = (os.path.splitext(os.path.basename(file))[0], places["label"], places.get("group") or "")
    if odd:
        raise ContractError(
            [
                f"--label-from {pattern}: {counted(len(odd), 'images')} don't fit: {examples(odd)}; change the "
                "pattern, or name the training images' folder with --train-images"
            ]
        )
    if problems := read.problems():
        raise ContractError(problems)
    return found


def _before_first_dot(files: list[str]) -> dict[str, tuple[str, str, str]]:
    names = [os.path.basename(file) for file in files]
    if not names or any(name.count(".") < 2 for name in names):
        return {}
    labels = Counter(name.split(".")[0] for name in names)
    if not 2 <= len(labels) <= FEW_CLASSES * len(names) or min(labels.values()) < 2:
        return {}
    return {file: (os.path.splitext(name)[0], name.split(".")[0], "") for file, name in zip(files, names, strict=True)}
