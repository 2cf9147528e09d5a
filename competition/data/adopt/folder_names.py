"""What folders are called that hold a part, or all, of the images, and so are no class."""

import re
from collections.abc import Iterable
from pathlib import Path

from competition.common.errors import counted, examples

PARTS = {"train": ("train", "training"), "val": ("val", "valid", "validation", "dev"), "test": ("test", "testing")}
OTHER_PARTS = ("eval", "evaluation", "holdout", "unlabeled", "unlabelled", "labeled", "labelled", "submission")
CONTAINERS = ("images", "imgs", "image", "img", "jpegs", "jpeg", "jpgs", "jpg", "pngs", "png", "jpegimages")
MARKINGS = ("masks", "labels", "annotations", "segmentation", "segmentations", "bboxes", "boxes")
PORTIONS = ("fold", "folds", "batch", "part", "chunk", "shard", "split", "subset", "set", "data", "dataset", "files")
PORTIONS += ("pictures", "pics", "photos", "scans", "raw", "original", "originals", "extra", "external", "samples")


def part_of(name: str) -> str | None:
    """Return the part that a folder's name stands for: train, val or test; None for another name."""
    return next((part for part, names in PARTS.items() if name.lower() in names), None)


def words_of(name: str) -> list[str]:
    """Return the words of a name in small letters, without numbers: train and images of `trainImages2`."""
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return re.findall(r"[^\W\d_]+", parted.lower())


def names_part(name: str, part: str | None = None) -> bool:
    """Return whether a folder's name is that of a part (of `part`) and of nothing else: `test_images`, `val2017`."""
    words = words_of(name)
    parts = PARTS[part] if part else {*OTHER_PARTS, *(word for names in PARTS.values() for word in names)}
    known = {*parts, *CONTAINERS, *PORTIONS, *MARKINGS}
    return bool(words) and {*words} <= known and any(word in parts for word in words)


def names_no_class(name: str) -> bool:
    """Return whether a folder is called as those are that hold a part, images of all classes, masks or annotations."""
    words = words_of(name)
    container = bool(words) and {*words} <= {*CONTAINERS, *MARKINGS} and words not in (["image"], ["img"])
    return names_part(name) or container


def names_portion(name: str) -> bool:
    """Return whether a folder's name says nothing of what its images show: `batch_1`, `photos`, `fold2`."""
    words = words_of(name)
    return names_no_class(name) or bool(words) and {*words} <= {*PORTIONS, *CONTAINERS, *MARKINGS}


def odd_folders(path: Path, files: Iterable[str]) -> list[str]:
    """Return what speaks against the folders in `path` as classes. files: images, `<class>/<path below it>`."""
    files = list(files)
    classes = sorted({file.split("/")[0] for file in files})
    told = "say --class-folders if each of the folders is a class all the same"
    inside = [file for file in files if file.count("/") > 1]
    if inside and len(inside) == len(files):
        return [
            f"{path}: sub-folders hold folders, not images: {examples(classes)} ({len(inside)} images below them); "
            "adopt the folder that holds the classes, or name the parts' folders with --train-images and "
            f"--test-images; {told}"
        ]
    odd = [name for name in classes if names_no_class(name)]
    odd = classes if all(map(names_portion, classes)) else odd
    if odd:
        there = counted(sum(file.split("/")[0] in odd for file in files), "images")
        return [
            f"{path}: {examples(odd)} ({there}): called as folders are that hold a part or all of the images, not as "
            "classes, and no table names the images; add the table with the labels, or name the parts' folders with "
            f"--train-images and --test-images; {told}"
        ]
    deep = sorted({"/".join(file.split("/")[: place + 1]) for file in inside for place in range(1, file.count("/"))})
    odd = [folder for folder in deep if _speaks_against(folder.rpartition("/")[2], classes)]
    if odd:
        there = counted(sum(any(file.startswith(f"{one}/") for one in odd) for file in inside), "images")
        return [
            f"{path}: {examples(odd)} ({there}) inside a class folder: called as another class, as a part, or as masks "
            f"are; move the images to where they belong, or take them away; {told}"
        ]
    return []


def _speaks_against(name: str, classes: Iterable[str]) -> bool:
    masks = {*words_of(name)} & {*MARKINGS, "mask", "segmentation", "annotation"}
    return names_part(name) or bool(masks) or name.lower() in {one.lower() for one in classes}
