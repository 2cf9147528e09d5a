"""Images below a folder, listed once and found by ID: whatever the folder, with or without the extension."""

import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from competition.common.errors import ContractError, counted, examples
from competition.common.names import closest, is_writable, name_key
from competition.data.image_files import is_image_name
from competition.data.missing_images import AlmostNamed, why_missing
from competition.data.readers import extensions

PART_WORDS = {"train": ("train", "labelled", "labeled"), "test": ("test", "unlabelled", "unlabeled", "eval")}

MASKS = re.compile(r"mask|segmentation|annotation", re.I)  # folders that show where a thing is, not the thing


@dataclass(frozen=True)
class FolderChoice:
    """The folder that holds the images of a part, and why, where others could."""

    folder: str  # relative, "" for the whole download
    note: str = ""


class ImageIndex:
    """Images of a download. files: relative paths with "/", of images only."""

    def __init__(self, root: Path, files: Iterable[str]):
        self.root, self.files = root, sorted(files)
        self._folders: dict[str, list[str]] | None = None
        self._found: dict[str, list[str]] = {}
        self._by_name: dict[str, list[str]] = defaultdict(list)
        for file in self.files:
            name = name_key(file.rpartition("/")[2])
            stem, extension = os.path.splitext(name)
            for key in {name, name_key(stem), stem + extension.lower()}:
                self._by_name[key].append(file)

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
        """Return ID -> its files in or below `folder`."""
        return {id: [file for file in self.candidates(id) if is_below(file, folder)] for id in ids}

    def below(self, folder: str) -> list[str]:
        """Return the images in or below `folder`."""
        return [file for file in self.files if is_below(file, folder)]

    def choose_folder(self, ids: Iterable[str], part: str, told: str | None, taken: str | None = None) -> FolderChoice:
        """Return the folder in or below which most of `ids` have exactly one image.

        part: train or test; told: the folder that a person named; taken: the other part's folder, left out where
        another one would do. Raises ContractError where several would.
        """
        if told is not None:
            return FolderChoice(self._told(told, part))
        single: Counter[str] = Counter()
        for id in set(ids):
            per_folder = Counter(folder for file in self.candidates(id) for folder in parents(file))
            single.update(folder for folder, count in per_folder.items() if count == 1)
        if not single:
            return FolderChoice("")
        most = max(single.values())
        best = [folder for folder, count in single.items() if count == most]
        best = [one for one in best if not any(other != one and is_below(other, one) for other in best)]
        return self._decide(sorted(best), part, taken)

    def _decide(self, best: list[str], part: str, taken: str | None) -> FolderChoice:
        if len(best) > 1 and (images := [one for one in best if not MASKS.search(one)]):
            best = images
        if len(best) > 1 and len(hinted := [one for one in best if _names_part(one, part)]):
            best = hinted
        if len(best) > 1 and len(free := [one for one in best if one != taken]):
            best = free
        if len(best) == 1:
            return FolderChoice(best[0])
        kinds = {folder: min(_kind(file) for file in self.below(folder)) for folder in best}
        first = min(best, key=kinds.__getitem__)
        if sum(kind == kinds[first] for kind in kinds.values()) > 1:
            raise ContractError(
                [
                    f"{self.root}: the {part} images are in several folders: {examples(best)}; name one of them with "
                    f"--{part}-images"
                ]
            )
        return FolderChoice(
            first,
            f"{part} images: {first}, since {extensions()[kinds[first]]} is read fastest; "
            f"{examples(set(best) - {first})} "
            f"has them too (--{part}-images decides)",
        )

    def _told(self, told: str, part: str) -> str:
        below = Path(told).resolve()
        folder = below.relative_to(self.root.resolve()) if below.is_relative_to(self.root.resolve()) else Path(told)
        name = PurePosixPath(folder).as_posix().removeprefix("./")
        name = "" if name == "." else name
        if not self.below(name):
            raise ContractError(
                [
                    f"--{part}-images {told}: no images in this folder of {self.root}; it has "
                    f"{examples(sorted({file.rpartition('/')[0] or '.' for file in self.files}))}"
                ]
            )
        return name


def image_problems(
    where: str, found: dict[str, list[str]], place: str, part: str, names: Sequence[str] = (), root: Path | None = None
) -> list[str]:
    """Return what is wrong with ID -> files: IDs without an image, with several, and images of two IDs.

    names: all files of the download, relative to `root`, which may be called almost as the IDs.
    """
    problems = []
    if missing := [id for id, files in found.items() if not files]:
        usual = f"copy them there, remove the rows, or name the folder with --{part}-images"
        fix = why_missing(missing, AlmostNamed(names, root)) or usual
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


def _names_part(folder: str, part: str) -> bool:
    other = "test" if part == "train" else "train"
    words = [name.lower() for name in folder.split("/")]
    if part == "train":  # "unlabelled" holds "labelled"
        words = [word for word in words if not any(word.startswith(mark) for mark in PART_WORDS[other])]
    return any(mark in word for word in words for mark in PART_WORDS[part])


def _kind(file: str) -> int:
    return extensions().index(os.path.splitext(file)[1].lower()) if is_image_name(file) else len(extensions())
