"""Images below a folder, listed once and found by ID: whatever the folder, with or without the extension."""

import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from competition.common.errors import counted, examples
from competition.common.names import closest, is_writable, name_key
from competition.data.missing_images import AlmostNamed, why_missing


class ImageIndex:
    """Images of a download. files: relative paths with "/", of images only; hidden: of images that only an ID finds."""

    def __init__(self, root: Path, files: Iterable[str], hidden: Iterable[str] = ()):
        self.root, self.files = root, sorted(files)
        self._folders: dict[str, list[str]] | None = None
        self._found: dict[str, list[str]] = {}
        self._by_name: dict[str, list[str]] = defaultdict(list)
        self._hidden = set(hidden)
        for file in (*self.files, *sorted(self._hidden)):
            name = name_key(file.rpartition("/")[2])
            stem, extension = os.path.splitext(name)
            for key in {name, name_key(stem), stem + extension.lower()}:
                self._by_name[key].append(file)

    @property
    def hidden_found(self) -> set[str]:
        """The hidden images that an ID has found."""
        return {file for files in self._found.values() for file in files if file in self._hidden}

    def candidates(self, id: str) -> list[str]:
        """Return the files that the ID can mean, whatever their folder: those of just this name before others."""
        if id not in self._found:
            self._found[id] = self._look_for(id)
        return self._found[id]

    def folders_named(self, name: str) -> list[str]:
        """Return the folders of this name that hold more than one image."""
        if self._folders is None:
            counts = Counter(file.rpartition("/")[0] for file in self.files)
            self._folders = defaultdict(list)
            for folder, count in counts.items():
                if count > 1:
                    self._folders[folder.rpartition("/")[2]].append(folder)
        return self._folders.get(name, [])

    def _look_for(self, id: str) -> list[str]:
        wanted = id.replace("\\", "/").strip("/")
        folder, _, name = wanted.rpartition("/")
        stem, extension = os.path.splitext(name_key(name))
        for key in (name_key(name), stem + extension.lower()):
            found = [file for file in self._by_name.get(key, ()) if _ends_in(file, folder)]
            if exact := [file for file in found if name_key(os.path.basename(file)) == key]:
                spelled = set(closest(name, map(os.path.basename, exact)))
                return [file for file in exact if os.path.basename(file) in spelled]
            if found:
                return found
        return []

    def share(self, ids: Iterable[str]) -> float:
        """Return which share of the different IDs has an image, 0 to 1."""
        different = set(ids) - {""}
        return sum(bool(self.candidates(id)) for id in different) / len(different) if different else 0.0

    def find(self, ids: Iterable[str], folder: str) -> dict[str, list[str]]:
        """Return ID -> its files right in `folder`, or where none is there, below it."""
        return {id: self.files_of(id, folder) for id in ids}

    def files_of(self, id: str, folder: str) -> list[str]:
        """Return the ID's files right in `folder`, or where none is there, below it."""
        below = [file for file in self.candidates(id) if is_below(file, folder)]
        if len(below) < 2:
            return below
        inside = id.replace("\\", "/").strip("/").rpartition("/")[0]
        place = name_key("/".join(filter(None, (folder, inside))))
        return [file for file in below if name_key(file.rpartition("/")[0]) == place] or below

    def below(self, folder: str) -> list[str]:
        """Return the images in or below `folder`."""
        return [file for file in self.files if is_below(file, folder)]


def image_problems(
    where: str,
    found: dict[str, list[str]],
    place: str,
    part: str,
    names: Sequence[str] = (),
    root: Path | None = None,
    others: Sequence[str] = (),
) -> list[str]:
    """Return what is wrong with ID -> files: IDs without an image, with several, and images of two IDs.

    names: all files of the download, relative to `root`, which may be called almost as the IDs; others: folders that
    have images of the same names.
    """
    problems = []
    if missing := [id for id, files in found.items() if not files]:
        usual = f"copy them there, remove the rows, or name the folder with --{part}-images"
        usual += f" ({examples(others)}: images of these names too)" if others else ""
        fix = usual if others else why_missing(missing, AlmostNamed(names, root)) or usual
        problems.append(
            f"{where}: {counted(len(missing), 'IDs have')} no image under {place}: {examples(missing)}; {fix}"
        )
    if unclear := [f"{id} ({examples(files, most=3)})" for id, files in found.items() if len(files) > 1]:
        problems.append(
            f"{where}: {counted(len(unclear), 'IDs fit')} several images under {place}: {examples(unclear)}; keep "
            f"one file of each, or name the folder with --{part}-images"
        )
    owners: dict[str, list[str]] = defaultdict(list)
    for id, files in found.items():
        for file in files[:1]:
            owners[file].append(id)
    if shared := [f"{file} ({examples(ids, most=3)})" for file, ids in owners.items() if len(ids) > 1]:
        problems.append(
            f"{where}: {counted(len(shared), 'images have')} two IDs: {examples(shared)}; keep one row for each image"
        )
    return problems


def unsafe_ids(where: str, ids: Iterable[str]) -> list[str]:
    """Return what is wrong where IDs lead out of a folder, or stand on several lines."""
    odd = [
        id
        for id in dict.fromkeys(ids)
        if ".." in id.split("/") or id.startswith("/") or not is_writable(id) or "\\" in id
    ]
    if not odd:
        return []
    return [
        f"{where}: {counted(len(odd), 'IDs')} can't name a file: {examples(map(ascii, odd))}; use names on one line, "
        "with folders in "
        "front at most, without \\ and .."
    ]


def parents(file: str) -> Iterator[str]:
    """Yield the folders above a file, the nearest first, "" at the end."""
    folder = file.rpartition("/")[0]
    while folder:
        yield folder
        folder = folder.rpartition("/")[0]
    yield ""


def is_below(file: str, folder: str) -> bool:
    """Return whether `file`, or a folder, lies in or below `folder`, "" for everywhere."""
    return not folder or file.startswith(f"{folder}/")


def _ends_in(file: str, folder: str) -> bool:
    return not folder or name_key(f"/{file.rpartition('/')[0]}").endswith(name_key(f"/{folder}"))
