"""Locks on a project's folder: who writes the same files, or replaces what others read, comes one after the other.

The kernel lets go of a lock when the process that holds it has ended, however it ended: a stage that goes on behind a
killed `dvc` still has its own, and nothing is left to be removed by hand. Where the file system has no such locks, or
the folder can't be written to, there are none.
"""

import json
import os
import platform
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from enum import Enum
from pathlib import Path
from time import monotonic, sleep

from competition.common import paths

try:
    import fcntl
except ModuleNotFoundError:  # Windows
    fcntl = None

HELD = "FOLDVOTE_LOCKED"  # an environment variable: whoever started this process holds the locks for it
DVC_TMP = Path(".dvc/tmp")
PATIENCE = 1.0  # seconds: who only looks holds a lock for a moment


class Use(Enum):
    """What a command does in the folder."""

    PACK = "pack"  # replaces the packed images, or what they are made of
    READ = "read"  # reads them, and writes what no other command does
    TRAIN = "train"  # the same, for hours
    TUNE = "tune"  # the same, any number of workers


# who can't be at work meanwhile
ALONE = {
    Use.PACK: (Use.READ, Use.TRAIN, Use.TUNE),
    Use.READ: (Use.PACK,),
    Use.TRAIN: (Use.PACK, Use.TUNE),
    Use.TUNE: (Use.PACK, Use.TRAIN),
}


class Busy(ValueError):
    """Another command is at work in this folder, which this one can't share with it."""


@contextmanager
def hold(use: Use, command: str, folder: Path = paths.LOCKS) -> Iterator[None]:
    """Hold the locks of `command` ("train lite0 0") while the block runs: no second one like it, nor one that its `use`
    excludes. Raises Busy, which says who is at work.
    """
    if fcntl is None or HELD in os.environ:
        yield
        return
    with ExitStack() as stack:
        try:
            _hold(stack, use, command, folder)
        except OSError:  # no locks to be had here
            pass
        os.environ[HELD] = command
        stack.callback(os.environ.pop, HELD, None)
        yield


@contextmanager
def hold_another(command: str, folder: Path = paths.LOCKS, patience: float = 0.0) -> Iterator[None]:
    """Hold the lock of `command` beside those of this process's own, whose use is the same. Raises Busy after
    `patience` seconds (PATIENCE at the least); of a longer wait a line says for whom.
    """
    if fcntl is None:
        yield
        return
    with ExitStack() as stack:
        with suppress(OSError):  # no locks to be had here
            folder.mkdir(parents=True, exist_ok=True)
            _hold_command(stack, folder / f"{_file_name(command)}.command", command, folder, patience)
        yield


def _hold(stack: ExitStack, use: Use, command: str, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    name = _file_name(command)
    own = folder / (f"{name}.{os.getpid()}.worker" if use is Use.TUNE else f"{name}.command")
    _hold_command(stack, own, command, folder)
    if use is Use.TUNE:
        stack.callback(own.unlink, missing_ok=True)
    _lock(stack, folder / use.value, fcntl.LOCK_EX if use is Use.PACK else fcntl.LOCK_SH, folder, own)
    for other in ALONE[use]:
        with ExitStack() as look:
            _lock(look, folder / other.value, fcntl.LOCK_EX, folder, own)


def _file_name(command: str) -> str:
    return re.sub(r"[^\w.-]+", "-", command)[:100]


def _hold_command(stack: ExitStack, own: Path, command: str, folder: Path, patience: float = 0.0) -> None:
    file = _lock(stack, own, fcntl.LOCK_EX, folder, patience=patience)
    file.truncate(0)
    file.write(f"`{command}` (process {os.getpid()} on {platform.node()})")
    file.flush()


def _lock(stack: ExitStack, path: Path, mode: int, folder: Path, own: Path | None = None, patience: float = 0.0):
    """Lock `path`, made if it isn't there, until `stack` ends. Raises Busy after PATIENCE, or `patience`, seconds."""
    file = stack.enter_context(path.open("a+", encoding="utf-8"))
    began, told = monotonic(), patience <= PATIENCE
    while not _tried(file, mode):
        waited = monotonic() - began
        if not told and waited > PATIENCE:
            print(f"waiting for {path.read_text(encoding='utf-8') or 'another command'}", flush=True)
            told = True
        if waited > max(patience, PATIENCE):
            who = _at_work(folder, own) or "another command"
            raise Busy(
                f"{who} is at work in this folder: wait until it has ended, or end it (a `dvc` that was killed leaves "
                "its stage running), then run the command again"
            )
        sleep(0.05)
    return file


def _tried(file, mode: int) -> bool:
    try:
        fcntl.flock(file, mode | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _at_work(folder: Path, own: Path | None) -> str:
    """Return who holds a command's lock, but for `own`, this process's; what killed workers left is removed."""
    found = []
    for path in sorted([*folder.glob("*.command"), *folder.glob("*.worker")]):
        if path == own:
            continue
        with path.open("a+", encoding="utf-8") as file:
            if not _tried(file, fcntl.LOCK_SH):
                file.seek(0)
                found.append(file.read())
            elif path.suffix == ".worker":
                path.unlink(missing_ok=True)
    return ", ".join(found)


def refuse_while_dvc_reads(*files: Path) -> None:
    """Raise Busy while a stage of DVC's runs that reads any of `files`, or what lies in them.

    Only when the stage has ended, DVC notes the digests of what it depends on: those of a file that was changed
    meanwhile, which the stage hasn't seen, so that it would never run again for it.
    """
    from psutil import pid_exists  # seldom needed

    try:
        readers = json.loads((DVC_TMP / "rwlock").read_text(encoding="utf-8")).get("read", {})
    except (OSError, ValueError):  # none has run here, or it is being written: then `hold` excludes the stage
        return
    for place, who in readers.items():
        if not any(_overlap(Path(place), file.resolve()) for file in files):
            continue
        if running := [one for one in who if pid_exists(one["pid"])]:
            raise Busy(
                f"`{running[0]['cmd']}` (process {running[0]['pid']}) is at a stage that reads {place}: wait until "
                "that stage has ended, then run the command again"
            )


def _overlap(one: Path, other: Path) -> bool:
    return one.is_relative_to(other) or other.is_relative_to(one)
