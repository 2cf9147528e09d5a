"""Files in and below a folder, by one set of rules for all commands.

Links are followed, a folder that several lead to once. What systems leave behind is passed over without a word; what is
hidden (a name that begins with a dot, in it or in a folder above it) and what can't be looked into is told apart, so
that nobody loses a file without being told.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from competition.common.names import is_litter


@dataclass(frozen=True)
class FilesBelow:
    """Files in and below a folder, relative to it, with "/", sorted.

    hidden: those whose own name, or a folder's on the way, begins with a dot. closed: file or folder -> the error that
    it gives when it is looked at; a link that leads nowhere is one.
    """

    names: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    closed: dict[str, OSError] = field(default_factory=dict)


def files_below(folder: Path | str, skip: Callable[[Path], bool] = lambda folder: False) -> FilesBelow:
    """Return the files in and below `folder`; skip: says of a folder below it that it is left out.

    Raises OSError where `folder` itself can't be looked into.
    """
    found = FilesBelow()
    for name, is_hidden in _walk(Path(folder), skip, found.closed):
        (found.hidden if is_hidden else found.names).append(name)
    found.names.sort()
    found.hidden.sort()
    return found


def each_file(folder: Path | str, skip: Callable[[Path], bool] = lambda folder: False) -> Iterator[str]:
    """Yield the names of `files_below`, in no order, as they are found."""
    return (name for name, is_hidden in _walk(Path(folder), skip, {}) if not is_hidden)


def is_hidden(name: str) -> bool:
    """Return whether a file's own name, or that of a folder on the way to it, begins with a dot."""
    return any(part.startswith(".") for part in name.split("/"))


def _walk(folder: Path, skip: Callable[[Path], bool], closed: dict[str, OSError]) -> Iterator[tuple[str, bool]]:
    """Yield files and whether they are hidden; those that aren't first, since a folder is looked into once only."""
    seen, hidden = [""], []
    been: set[tuple[int, int]] = set()
    while seen or hidden:
        below = (seen or hidden).pop()
        if below and skip(folder / below):
            continue
        try:
            facts = os.stat(folder / below)
            if (facts.st_dev, facts.st_ino) in been:
                continue
            been.add((facts.st_dev, facts.st_ino))
            with os.scandir(folder / below) as entries:
                found = sorted((one for one in entries if not is_litter(one.name)), key=lambda one: one.name)
        except OSError as error:
            if not below:
                raise
            closed[below.rstrip("/")] = error
            continue
        for entry in reversed(found):  # so that folders are taken from the stack by name
            path = below + entry.name
            try:
                if entry.is_dir():
                    (hidden if is_hidden(path) else seen).append(f"{path}/")
                elif entry.is_file():  # opening a pipe would wait forever
                    yield path, is_hidden(path)
                elif entry.is_symlink():
                    os.stat(folder / path)  # says where it doesn't lead to
            except OSError as error:
                closed[path] = error
