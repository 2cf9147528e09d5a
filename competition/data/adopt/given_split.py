"""A split that is given as folders: train, val and test, each with a sub-folder for each class.

It is used as it is. The validation images are fold 0, whole: its networks learn from the other images and are validated
on just these. The training images have no fold of their own (an empty cell), so `split` spreads them over the other
folds, since every training image needs a prediction out of fold. No validation image is parted from the others, and no
test image is ever trained on.
"""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from competition.common.errors import ContractError, counted, examples
from competition.common.files import file_sha256
from competition.common.folders import each_file
from competition.data.adopt.archives import download_files
from competition.data.adopt.class_folders import ClassImage, image_id, visible_entries
from competition.data.adopt.folder_names import PARTS, part_of
from competition.data.adopt.train_test_split import choose_test_images, public_private
from competition.data.adopt.unpacking_place import is_ours
from competition.data.image_files import is_image_file

VALIDATION_FOLD = "0"


def given_parts(path: Path) -> dict[str, Path]:
    """Return part -> its folder, where `path` holds train and another part with class folders; else {}.

    {} too where one of the parts holds images and no class folders. Raises ContractError for two folders of one part.
    """
    found: dict[str, list[Path]] = defaultdict(list)
    for entry in visible_entries(path):
        if entry.is_dir() and part_of(entry.name):
            found[part_of(entry.name)].append(entry)
    parts = {}
    for part in PARTS:
        able = [folder for folder in found[part] if has_class_folders(folder)]
        if len(able) > 1:
            names = examples(folder.name for folder in able)
            raise ContractError([f"{path}: {names} are all the {part} part; put them together, or take one away"])
        if able:
            parts[part] = able[0]
        if any(folder not in able and holds_images(folder) for folder in found[part]):
            return {}
    return parts if "train" in parts and len(parts) > 1 else {}


def has_class_folders(folder: Path) -> bool:
    """Return whether a folder in `folder` holds images, in it or below."""
    return any(entry.is_dir() and holds_images(entry) for entry in visible_entries(folder))


def holds_images(folder: Path) -> bool:
    """Return whether an image lies in `folder` or below."""
    return any(is_image_file(folder / name) for name in each_file(folder, is_ours))


def left_outside(path: Path, given: dict[str, Path]) -> list[str]:
    """Return what is wrong where images lie outside the parts of a given split."""
    folders = {folder.name for folder in given.values()}
    outside = [
        name for name in download_files(path) if name.split("/")[0] not in folders and is_image_file(path / name)
    ]
    if not outside:
        return []
    return [
        f"{path}: {counted(len(outside), 'images lie')} outside {', '.join(sorted(folders))}: {examples(outside)}; "
        "move them into a class folder of a part, or take them away"
    ]


def images_as_given(files: list[str], share: float, seed: int, spelling: Mapping[str, str]) -> list[ClassImage]:
    """Return the images of a given split, `<part>/<class>/<path below it>`, sorted by ID. spelling: see draw_test_part.

    Without a test part, about `share` of the training part's images of each class are held out for one.
    """
    files = sorted(files)
    parts = [part_of(file.split("/")[0]) for file in files]
    folders = [file.split("/")[1] for file in files]
    labels = [spelling.get(folder, folder) for folder in folders]
    if "test" not in parts:
        taught = [row for row, part in enumerate(parts) if part == "train"]
        drawn = choose_test_images([labels[row] for row in taught], [files[row] for row in taught], share, seed)
        for row, held_out in zip(taught, drawn, strict=True):
            parts[row] = "test" if held_out else "train"
    usage = public_private(labels, [part == "test" for part in parts], seed)
    images = [
        ClassImage(image_id(file), file, label, "", use, VALIDATION_FOLD if part == "val" else "")
        for file, label, use, part in zip(files, labels, usage, parts, strict=True)
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
