"""The place for what is unpacked: a folder beside the download, marked as made here."""

import os
import shutil
from pathlib import Path

from competition.common import paths
from competition.common.files import digest

MARKER = ".unpacked.json"  # written last: what lies in its folder is whole
SUFFIX = ".unpacked"


def place_for(path: Path) -> Path:
    """Return the folder for what is unpacked of the download at `path`: beside it, else in the project's data/."""
    whole = path.resolve()
    if os.access(whole.parent, os.W_OK):
        beside = path.parent if path.name not in ("", "..") else whole.parent
        return beside / f"{whole.name}{SUFFIX}"
    return paths.RAW.parent / f"{whole.name}-{digest(str(whole))[:8]}{SUFFIX}"  # two downloads may have one name


def is_ours(folder: Path) -> bool:
    """Return whether the folder was unpacked here."""
    return folder.name.endswith(SUFFIX) and (folder / MARKER).is_file()


def remove_leftovers(place: Path) -> None:
    """Remove what runs that were killed left beside `place`."""
    for kind in ("tmp", "old"):
        for folder in place.parent.glob(f".{_escaped(place.name)}.*.{kind}"):
            owner = folder.name.removeprefix(f".{place.name}.").removesuffix(f".{kind}")
            if owner.isdigit() and not _runs(int(owner)):
                shutil.rmtree(folder, ignore_errors=True)


def _escaped(name: str) -> str:
    return "".join(f"[{mark}]" if mark in "*?[" else mark for mark in name)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # somebody else's
        return True
    return True
