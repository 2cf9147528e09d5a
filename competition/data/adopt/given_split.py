"""A split that is given as folders: train, val and test, each with a sub-folder for each class.

It is used as it is. The validation images are fold 0, whole: its networks learn from the other images and are validated
on just these. The training images have no fold of their own (an empty cell), so `split` spreads them over the other
folds, since every training image needs a prediction out of fold. No validation image is parted from the others, and no
test image is ever trained on.
"""

from collections import defaultdict
from pathlib import Path

from competition.common.errors import counted, examples
from competition.common.files import file_sha256
from competition.data.adopt.class_folders import ClassImage, image_id, visible_entries
from competition.data.adopt.train_test_split import choose_test_images, public_private
from competition.data.image_files import is_image_name

PARTS = {"train": ("train", "training"), "val": ("val", "valid", "validation", "dev"), "test": ("test", "testing")}
VALIDATION_FOLD = "0"


def part_of(name: str) -> str | None:
    """Return the part that a folder's name stands for: train, val or test; None for another name."""
    return next((part for part, names in PARTS.items() if name.lower() in names), None)


def given_parts(path: Path) -> dict[str, Path]:
    """Return part -> its folder, where `path` holds train and another part with class folders; else {}."""
    found = {part_of(entry.name): entry for entry in visible_entries(path) if entry.is_dir() and part_of(entry.name)}
    parts = {part: found[part] for part in PARTS if part in found and _has_class_folders(found[part])}
    return parts if "train" in parts and len(parts) > 1 else {}


def _has_class_folders(folder: Path) -> bool:
    inside = [entry for entry in visible_entries(folder) if entry.is_dir()]
    return len(inside) > 1 and all(any(is_image_name(file.name) for file in entry.iterdir()) for entry in inside)


def images_as_given(files: list[str], share: float, seed: int) -> list[ClassImage]:
    """Return the images of a given split, `<part>/<class>/<file name>`, sorted by ID.

    Without a test part, about `share` of the training part's images of each class are held out for one.
    """
    files = sorted(files)
    parts = [part_of(file.split("/")[0]) for file in files]
    labels = [file.split("/")[1] for file in files]
    if "test" not in parts:
        taught = [row for row, part in enumerate(parts) if part == "train"]
        drawn = choose_test_images([labels[row] for row in taught], [files[row] for row in taught], share, seed)
        for row, held_out in zip(taught, drawn, strict=True):
            parts[row] = "test" if held_out else "train"
    usage = public_private(labels, [part == "test" for part in parts], seed)
    images = [
        ClassImage(image_id(file), file, "", use, VALIDATION_FOLD if part == "val" else "")
        for file, use, part in zip(files, usage, parts, strict=True)
    ]
    return sorted(images, key=lambda image: image.id)


def copies_across(files: dict[str, list[Path]], path: Path) -> list[str]:
    """Return what is wrong where a file of one part is also in another one, byte for byte. files: part -> images."""
    by_size: dict[int, list[tuple[str, Path]]] = defaultdict(list)
    for part, images in files.items():
        for image in images:
            by_size[image.stat().st_size].append((part, image))
    by_digest: dict[str, list[tuple[str, Path]]] = defaultdict(list)
    for same in by_size.values():
        if len({part for part, _ in same}) > 1:
            for part, image in same:
                by_digest[file_sha256(image)].append((part, image))
    torn = [same for same in by_digest.values() if len({part for part, _ in same}) > 1]
    if not torn:
        return []
    shown = [" = ".join(sorted(image.relative_to(path).as_posix() for _, image in same)) for same in torn]
    return [
        f"{path}: the given split leaks: {counted(len(torn), 'images are')} on several sides of it: "
        f"{examples(sorted(shown), most=3)}; "
        "remove the copies from all sides but one, or put everything into one folder for each class, so that the "
        "split is made here"
    ]
