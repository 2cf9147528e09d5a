"""What keeps DVC from running in a folder, found before any work is done, and which files it knows of there."""

import os
import re
import shutil
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import yaml

from competition.common import paths
from competition.common.environment import replaced
from competition.common.files import replace_file

MADE = (paths.TRAIN_STORE.parts[0], paths.FOLDS.parts[0], paths.SUBMISSIONS.name)  # folders with what stages make
CONFIG = Path(".dvc/config")


def linked_folders(folder: Path = Path()) -> list[str]:
    """Return what is wrong with each of the folders MADE that is a link to another place: DVC, where it works with git,
    finds out when the first stage has ended.
    """
    here = folder.resolve()
    if _without_git(folder):
        return []
    return [
        f"{name} is a link to {(folder / name).resolve()}, and DVC keeps only what lies inside the git repository: "
        f"mount that place at {name} (mount --bind), or move the whole project to that disk. data/raw may be a link"
        for name in MADE
        if not (folder / name).resolve().is_relative_to(here)
    ]


def dvc_problems(folder: Path = Path()) -> list[str]:
    """Return all that keeps `dvc repro` from running in `folder`, each with what to do."""
    found = linked_folders(folder)
    if not (folder / ".dvc").is_dir():
        found.append("no .dvc folder: python -m dvc init in a git repository, python -m dvc init --no-scm without one")
    elif not _in_git(folder) and not _without_git(folder):
        found.append("no git repository: git init, or, to do without, python -m dvc config core.no_scm true")
    if "HOME" in replaced:
        found.append("no home folder: export HOME=/tmp")
    if "LOGNAME" in replaced:
        found.append("the user's number has no name: export USER=me")
    if os.name == "posix" and not os.access("/var/tmp", os.W_OK) and "DVC_SITE_CACHE_DIR" not in os.environ:
        found.append('/var/tmp can\'t be written to: export DVC_SITE_CACHE_DIR="$PWD/.dvc/tmp/site"')
    return found


def undeclared_files(stage: str, files: Iterable[Path | str]) -> list[str]:
    """Return those of `files` that dvc.yaml doesn't list for `stage`: their edit would run nothing."""
    read = [str(file) for file in files]
    if not read or not paths.PIPELINE.is_file():
        return []
    deps = _stages(paths.PIPELINE.read_text(encoding="utf-8")).get(stage, {}).get("deps", [])
    return [file for file in read if file not in deps]


@cache
def _stages(text: str) -> dict[str, dict]:
    return yaml.safe_load(text)["stages"]


def keep_dvc_lock(folder: Path = Path()) -> None:
    """Copy dvc.lock, which DVC has just read: a `dvc` that is killed while it writes there leaves half a file."""
    if (folder / paths.DVC_LOCK).is_file():
        with replace_file(folder / paths.KEPT_DVC_LOCK) as temporary:
            shutil.copyfile(folder / paths.DVC_LOCK, temporary)


def _in_git(folder: Path) -> bool:
    here = folder.resolve()
    return any((place / ".git").exists() for place in (here, *here.parents))


def _without_git(folder: Path) -> bool:
    config = folder / CONFIG
    return config.is_file() and bool(
        re.search(r"^\s*no_scm\s*=\s*true", config.read_text(encoding="utf-8"), re.IGNORECASE | re.MULTILINE)
    )
