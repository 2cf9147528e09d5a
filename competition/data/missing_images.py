"""IDs without an image: which files lie there under almost these names, and what to do."""

import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from competition.common.errors import examples
from competition.data.class_spellings import spelling_key
from competition.data.file_kinds import kind_of_file
from competition.data.readers import extensions

EXTENSION = re.compile(r"\.[A-Za-z][A-Za-z0-9]{1,6}")
ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".7z", ".rar", ".bz2", ".xz")


def _number(stem: str) -> str:
    """Return a number's digits without leading zeros and without zeros behind the point; "" of other names."""
    found = re.fullmatch(r"(\d[\d,]*)(\.0*)?", stem)
    return (found[1].replace(",", "").lstrip("0") or "0") if found else ""


WAYS: dict[str, Callable[[str], str]] = {  # what to do -> what the names then have in common
    "extensions differ: write the IDs without one": str,
    "capitals differ: write the IDs as the files are called": str.casefold,
    "the IDs have a point and zeros behind, as a spreadsheet writes numbers: take them off": (
        lambda stem: re.sub(r"(?<=\d)\.0+$", "", stem)
    ),
    "the files' names have leading zeros: write them into the IDs (as text, in a spreadsheet)": _number,
    "zeros at the front differ: write the IDs as the files are called": (
        lambda stem: re.sub(r"(?<!\d)0+(?=\d)", "", stem.casefold())
    ),
    "blanks, hyphens or other marks differ: write the IDs as the files are called": spelling_key,
}
AROUND = "the files' names have more before or behind the ID: write the whole names"
OTHER_KIND = "what lies there is no image that can be read: convert or replace it"
ELSEWHERE = "they lie in another folder: move them"


@dataclass(frozen=True)
class Almost:
    """A file that an ID may have been meant to name, and what to do then."""

    file: str
    way: str


class AlmostNamed:
    """Files, images or not, found by names that are almost theirs.

    files: relative to `root`; elsewhere: files in other folders, which are found by their exact names only.
    """

    def __init__(self, files: Iterable[str], root: Path | None = None, elsewhere: Iterable[str] = ()):
        self.files, self.root = sorted(files, key=lambda file: (not _is_image(file), file)), root
        self.elsewhere = {_stem(file): file for file in sorted(elsewhere, reverse=True) if _is_image(file)}
        self._keys: dict[str, dict[str, str]] = {}

    def find(self, id: str) -> Almost | None:
        """Return the file that the ID is most like; None where no name is like it."""
        stem = _stem(id)
        for way, key in WAYS.items():
            wanted = key(stem)
            if wanted and (file := self._by(way).get(wanted)):
                return Almost(file, way if _is_image(file) else OTHER_KIND)
        if stem in self.elsewhere:
            return Almost(self.elsewhere[stem], ELSEWHERE)
        around = self._around.get(stem, [])
        return Almost(around[0], AROUND) if len(around) == 1 else None

    def _by(self, way: str) -> dict[str, str]:
        if way not in self._keys:
            key = WAYS[way]
            self._keys[way] = {key(_stem(file)): file for file in reversed(self.files)}  # images last, so they stay
        return self._keys[way]

    @cached_property
    def _around(self) -> dict[str, list[str]]:
        """ID -> images whose names end in it or begin with it, parted by a mark."""
        found = defaultdict(list)
        for file in filter(_is_image, self.files):
            stem = _stem(file)
            for part in {match.group() for match in re.finditer(r"^[^_\-. ]+(?=[_\-. ])|(?<=[_\-. ])[^_\-. ]+$", stem)}:
                found[part].append(file)
        return found

    def shown(self, file: str) -> str:
        """Return the file's name, with what it is where it is no image."""
        if _is_image(file) or self.root is None:
            return file
        try:
            kind = kind_of_file(self.root / file)
        except OSError:
            kind = ""
        return f"{file}, {kind}" if kind else file


def why_missing(missing: list[str], almost: AlmostNamed) -> str:
    """Return what lies there instead of the missing IDs' images and what to do, for those where something does."""
    found: dict[str, list[str]] = defaultdict(list)
    for id in missing:
        if near := almost.find(id):
            found[near.way].append(f"{id}: {almost.shown(near.file)}")
    texts = [f"{way} ({examples(some, most=3)})" for way, some in found.items()]
    explained = sum(map(len, found.values()))
    if explained and explained < len(missing):
        texts.append(
            f"nothing is called like the other {len(missing) - explained}: copy them there, or remove the rows"
        )
    archives = [file for file in almost.files if file.lower().endswith(ARCHIVES)]
    if not explained and archives:
        texts.append(f"unpack {examples(archives, most=3)}, which lies there")
    return "; ".join(texts)


def _stem(name: str) -> str:
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    stem, extension = os.path.splitext(last)
    return stem if stem and EXTENSION.fullmatch(extension) else last


def _is_image(file: str) -> bool:
    return os.path.splitext(file)[1].lower() in extensions()
