"""A download with everything in it unpacked: archives, and archives inside them, in a folder beside the original."""

import os
from pathlib import Path

from competition.common import folders
from competition.common.errors import ContractError
from competition.common.files import digest, read_json, replace_folder, write_json
from competition.data.adopt.archive_checks import Budget
from competition.data.adopt.archive_kinds import kind_of
from competition.data.adopt.unpacking import Unpacker, may_be_archive
from competition.data.adopt.unpacking_place import MARKER, is_ours, place_for, remove_leftovers

VERSION = 1  # another one makes what was unpacked before be unpacked anew


def opened(path: Path, notes: list[str]) -> Path:
    """Return the folder of a download in which everything is unpacked: `path` itself where it holds no archive.

    path: a folder, or a zip or tar (.gz, .bz2, .xz), whatever it is called. What is unpacked lies in
    `<name>.unpacked` beside it (in data/ where that can't be written), is used again while the download is as it was,
    and is whole or not there; the download stays as it is. An archive `train.zip` becomes the folder `train`; a single
    table becomes that file. `notes` grows by archives whose folder lay beside them already. Raises ContractError,
    FileNotFoundError.
    """
    path = Path(path)
    if path.is_dir():
        base, files = path, download_files(path)
        archives = [file for file in files if may_be_archive(file) and kind_of(path / file)]
        if not archives:
            return path
    elif path.is_file():
        base, files = path.parent, [path.name]
        archives = files
        if not kind_of(path):
            raise ContractError([f"{path}: is neither a folder nor a zip or tar; name what the site lets you download"])
    else:
        raise FileNotFoundError(f"{path}: no such file or folder; name a download: its folder, or its zip or tar")
    place = place_for(path)
    state = _state(base, files)
    if place.exists() and not is_ours(place):
        raise ContractError(
            [f"{place}: is in the way of what is to be unpacked, and not from here; rename or remove it"]
        )
    if (found := _reusable(place, state)) is not None:
        notes += found
        return _root(place)
    remove_leftovers(place)
    with replace_folder(place) as folder:
        told: list[str] = []
        budget = Budget(sum((base / file).stat().st_size for file in archives))
        unpacker = Unpacker(base, folder, budget, told)
        if path.is_dir():
            unpacker.unpack_folder(files, archives)
        else:
            unpacker.unpack_download(path)
        count, size = _contents(folder)
        write_json(folder / MARKER, {"state": state, "files": count, "bytes": size, "notes": told})
    notes += told
    return _root(place)


def download_files(folder: Path) -> list[str]:
    """Return the files in and below `folder`, relative with "/", sorted; not hidden ones nor what was unpacked here."""
    return folders.files_below(folder, is_ours).names


def _state(base: Path, files: list[str]) -> str:
    """Return what changes when any file of the download does: names, sizes, times."""
    facts = ((file, os.stat(base / file)) for file in files)
    return digest(VERSION, [(file, stat.st_size, stat.st_mtime_ns) for file, stat in facts])


def _contents(folder: Path) -> tuple[int, int]:
    """Return the number of files below `folder`, without its marker, and their bytes."""
    count = size = 0
    for place, _, files in os.walk(folder):
        for name in files:
            if name != MARKER:
                count, size = count + 1, size + os.stat(os.path.join(place, name)).st_size
    return count, size


def _reusable(place: Path, state: str) -> list[str] | None:
    """Return the notes of what lies unpacked at `place`; None unless it is whole and of this state."""
    try:
        found = read_json(place / MARKER)
        whole = found["state"] == state and (found["files"], found["bytes"]) == _contents(place)
        return found["notes"] if whole else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _root(folder: Path) -> Path:
    """Return `folder`, or what lies in the one folder that is all there is in it."""
    while True:
        visible = [entry for entry in folder.iterdir() if not entry.name.startswith(".")]
        if len(visible) != 1 or not visible[0].is_dir():
            return folder
        folder = visible[0]
