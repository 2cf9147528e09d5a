"""Image files by ID: names, extensions, and which file of a folder, or below it, an ID means."""

import os
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from competition.common.errors import counted, examples, repeated
from competition.common.folders import files_below, is_hidden
from competition.common.names import closest, is_writable, name_key
from competition.data.missing_images import AlmostNamed, why_missing
from competition.data.readers import extensions, is_image_content

UNREAD_EXTENSIONS = (".heic", ".heif", ".jxl")  # of images that Pillow has no decoder for
TABLES = {"train": "train.csv", "test": "sample submission"}  # whose rows name a folder's images


def is_image_name(name: str) -> bool:
    """Return whether the name ends in a known image extension, in any case."""
    return os.path.splitext(name)[1].lower() in extensions()


def without_extension(id: str) -> str:
    """Return the ID without a known image extension; its other dots stay."""
    return os.path.splitext(id)[0] if is_image_name(id) else id


def claims_to_be_image(name: str) -> bool:
    """Return whether the name ends as any image's does, of a kind that can be read or not."""
    return os.path.splitext(name)[1].lower() in (*extensions(), *UNREAD_EXTENSIONS)


def is_image_file(path: Path) -> bool:
    """Return whether a file is an image by its name, or, whatever its name, by its content."""
    return is_image_name(path.name) or (path.is_file() and is_image_content(path))


def is_plain_name(id: str) -> bool:
    """Return whether the ID is a file name, with or without folders, can be written, and leads out of no folder."""
    return is_writable(id) and not ({"", ".", ".."} & set(id.split("/")) or "\\" in id)


class ImageFolder:
    """Files in and below a folder, listed once, found by ID: the exact name, else the name and a known extension.

    An ID is a path below the folder; where there is no such file, it may lie in any further folders.
    """

    def __init__(self, folder: Path | str):
        self.folder = Path(folder)
        found = files_below(self.folder)
        for error in found.closed.values():
            if isinstance(error, PermissionError):  # else its images would be said to be missing
                raise error
        own = [name for name in found.hidden if not is_hidden(os.path.dirname(name))]  # in no hidden folder
        self.names = sorted([*found.names, *own])  # relative, with "/"
        self._exact: dict[str, list[str]] = defaultdict(list)  # name -> names that look the same, see name_key
        self._by_stem: dict[str, list[tuple[int, str]]] = defaultdict(list)
        self._unknown: dict[str, list[str]] = defaultdict(list)  # of other extensions: looked into when asked for
        self._deep: dict[str, set[str]] = defaultdict(set)  # name or stem without its folders -> names with them
        self._order = {extension: place for place, extension in enumerate(extensions())}
        for name in self.names:
            stem, extension = os.path.splitext(name)
            self._exact[name_key(name)].append(name)
            if (place := self._order.get(extension.lower())) is not None:
                self._by_stem[name_key(stem)].append((place, name))
            elif extension:
                self._unknown[name_key(stem)].append(name)
            if "/" in name:
                for whole in {name, stem}:
                    self._deep[name_key(whole.rpartition("/")[2])].add(name_key(whole))

    def candidates(self, id: str) -> list[str]:
        """Return the names of all files that the ID can mean, the likeliest first; [] unless it is a plain name.

        Several folders may hold a file of that name: then all of them are named, unless the ID is the whole path.
        """
        if not is_plain_name(id):
            return []
        found = self._at(id) or self._further(id)
        front, _, rest = id.partition("/")
        if not found and rest and front == self.folder.name:  # written from the folder above
            found = self._at(rest)
        return found

    def _at(self, path: str) -> list[str]:
        """Return the files that lie at `path`, with its extension or any."""
        if exact := self._exact.get(name_key(path)):
            return closest(path, exact)
        found = self._of_stem(path)
        stem, extension = os.path.splitext(path)
        if not found and extension.lower() in self._order:
            found = [name for name in self._of_stem(stem) if os.path.splitext(name)[1].lower() == extension.lower()]
        return found or [name for name in self._unknown.get(name_key(path), []) if is_image_content(self.folder / name)]

    def _of_stem(self, stem: str) -> list[str]:
        """Return the files that are called `stem` before their extension, the likeliest extension first."""
        found = [name for _, name in sorted(self._by_stem.get(name_key(stem), []))]
        spelled = set(closest(stem, (os.path.splitext(name)[0] for name in found)))
        return [name for name in found if os.path.splitext(name)[0] in spelled]

    def _further(self, id: str) -> list[str]:
        """Return the files that lie at `id` below any folder."""
        last = id.rpartition("/")[2]
        stem, extension = os.path.splitext(last)
        paths = self._deep.get(name_key(last), set())
        if not paths and extension.lower() in self._order:
            paths = {path + extension for path in self._deep.get(name_key(stem), set())}
        found = (name for path in sorted(paths) if path.endswith(f"/{name_key(id)}") for name in self._at(path))
        return list(dict.fromkeys(found))


def find_images(
    folder: Path | ImageFolder, ids: Iterable[str], problems: list[str], table: str | None = None
) -> dict[str, Path]:
    """Return ID -> image in `folder` or below it; `problems` grows by IDs with no image, or with several.

    folder: train or test; or one that is listed already, which both parts may share. table: what names the images, for
    messages; without it by the folder's name.
    """
    path = folder.folder if isinstance(folder, ImageFolder) else folder
    table = table or TABLES[path.name]
    if not path.is_dir():
        problems.append(f"{path}: no such folder; put the images named by the {table} there")
        return {}
    images = folder if isinstance(folder, ImageFolder) else ImageFolder(folder)
    ids = [id for id in dict.fromkeys(ids) if is_plain_name(id)]
    names = {id: images.candidates(id) for id in ids}
    if missing := [id for id in ids if not names[id]]:
        fix = (
            why_missing(missing, AlmostNamed(images.names, images.folder, _beside(images.folder)))
            or "copy them there, or remove the rows"
        )
        problems.append(
            f"{table}: {counted(len(missing), 'IDs have')} no image under {path}: {examples(missing)}; {fix}"
        )
    if unclear := [id for id in ids if len(names[id]) > 1]:
        shown = [f"{id} ({', '.join(names[id])})" for id in unclear]
        folders = any(len({os.path.dirname(name) for name in names[id]}) > 1 for id in unclear)
        fix = f"keep one file, or write the {'folder' if folders else 'extension'} into the ID"
        problems.append(
            f"{table}: {counted(len(unclear), 'IDs fit')} several images under {path}: {examples(shown)}; {fix}"
        )
    if shared := repeated(names[id][0] for id in ids if names[id]):
        fix = "keep one row for each image"
        problems.append(
            f"{table}: {counted(len(shared), f'images under {path} have')} two IDs: {examples(shared)}; {fix}"
        )
    return {id: path / names[id][0] for id in ids if names[id]}


def _beside(folder: Path) -> list[str]:
    """Return the files beside a part's folder and below the other part's, relative to `folder`: with "../"."""
    others = [entry for entry in sorted(folder.parent.iterdir()) if entry.name in (*TABLES, "images")]
    loose = [f"../{entry.name}" for entry in folder.parent.iterdir() if entry.is_file()]
    parts = [one for one in others if one != folder and one.is_dir()]
    below = [f"../{one.name}/{name}" for one in parts for name in files_below(one).names]
    return [*loose, *below]
