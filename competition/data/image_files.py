"""Which file an ID means."""

import os
import unicodedata
from collections import defaultdict
from pathlib import Path

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
    """The files of one folder, listed once, found by ID: the exact name, else the name and a known extension."""

    def __init__(self, folder: Path | str):
        self.folder = Path(folder)
        self.names = sorted(entry.name for entry in os.scandir(self.folder) if entry.is_file())
        self._exact = {_composed(name): name for name in self.names}  # a zip made on a Mac has é as two characters
        self._by_stem = defaultdict(list)
        for name in filter(is_image_name, self.names):
            stem, extension = os.path.splitext(name)
            self._by_stem[_composed(stem)].append((EXTENSIONS.index(extension.lower()), name))

    def candidates(self, id: str) -> list[str]:
        """Return the names of all files that the ID can mean, the likeliest first; empty for an ID that is no plain
        name.
        """
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

    def find(self, id: str) -> Path | None:
        """Return the image's path, None when there is none."""
        names = self.candidates(id)
        return self.folder / names[0] if names else None


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def find_image(folder: Path | str, id: str) -> Path | None:
    """Return the file that `id` means in the folder, None when there is none or the ID leads out of the folder.

    For many IDs make one `ImageFolder` and ask that: it lists the folder only once.
    """
    return ImageFolder(folder).find(id) if Path(folder).is_dir() else None
