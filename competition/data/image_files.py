"""Image files by ID: names, extensions, and which file of a folder an ID means."""

import os
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from competition.common.errors import counted, examples, repeated

# the likeliest first
EXTENSIONS = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".bmp", ".gif", ".jfif", ".jp2", ".avif")
UNREAD_EXTENSIONS = (".heic", ".heif", ".jxl")  # of images that Pillow has no decoder for


def is_image_name(name: str) -> bool:
    """Return whether the name ends in a known image extension, in any case."""
    return os.path.splitext(name)[1].lower() in EXTENSIONS


def claims_to_be_image(name: str) -> bool:
    """Return whether the name ends as any image's does, of a kind that can be read or not."""
    return os.path.splitext(name)[1].lower() in (*EXTENSIONS, *UNREAD_EXTENSIONS)


def is_plain_name(id: str) -> bool:
    """Return whether the ID is a mere file name on one line, which can't lead out of a folder."""
    return id not in ("", ".", "..") and not any(mark in id for mark in "/\\\0\r\n")


class ImageFolder:
    """Files of one folder, listed once, found by ID: the exact name, else the name and a known extension."""

    def __init__(self, folder: Path | str):
        self.folder = Path(folder)
        self.names = sorted(entry.name for entry in os.scandir(self.folder) if entry.is_file())
        self._exact = {_composed(name): name for name in self.names}  # a zip made on a Mac has é as two characters
        self._by_stem = defaultdict(list)
        for name in filter(is_image_name, self.names):
            stem, extension = os.path.splitext(name)
            self._by_stem[_composed(stem)].append((EXTENSIONS.index(extension.lower()), name))

    def candidates(self, id: str) -> list[str]:
        """Return the names of all files that the ID can mean, the likeliest first; [] unless it is a plain name."""
        if not is_plain_name(id):
            return []
        id = _composed(id)
        if id in self._exact:
            return [self._exact[id]]
        found = [name for _, name in sorted(self._by_stem.get(id, []))]
        if not found and is_image_name(id):
            stem, extension = os.path.splitext(id)
            same = EXTENSIONS.index(extension.lower())
            found = [name for kind, name in sorted(self._by_stem.get(stem, [])) if kind == same]
        return found


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def find_images(folder: Path, ids: Iterable[str], problems: list[str]) -> dict[str, Path]:
    """Return ID -> image in `folder` (train or test); `problems` grows by IDs with no image, or with several."""
    csv_name = {"train": "train.csv", "test": "sample submission"}[folder.name]
    if not folder.is_dir():
        problems.append(f"{folder}: no such folder; put the images named by the {csv_name} there")
        return {}
    images = ImageFolder(folder)
    ids = [id for id in dict.fromkeys(ids) if is_plain_name(id)]
    names = {id: images.candidates(id) for id in ids}
    if missing := [id for id in ids if not names[id]]:
        fix = "copy them there, or remove the rows"
        problems.append(
            f"{csv_name}: {counted(len(missing), 'IDs have')} no image under {folder}: {examples(missing)}; {fix}"
        )
    if unclear := [f"{id} ({', '.join(names[id])})" for id in ids if len(names[id]) > 1]:
        fix = "keep one file, or write the extension into the ID"
        problems.append(
            f"{csv_name}: {counted(len(unclear), 'IDs fit')} several images under {folder}: {examples(unclear)}; {fix}"
        )
    if shared := repeated(names[id][0] for id in ids if names[id]):
        fix = "keep one row for each image"
        problems.append(
            f"{csv_name}: {counted(len(shared), f'images under {folder} have')} two IDs: {examples(shared)}; {fix}"
        )
    return {id: folder / names[id][0] for id in ids if names[id]}
