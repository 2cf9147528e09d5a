"""Files that are either whole or not there: written beside their place, then renamed into it."""

import hashlib
import json
import os
import platform
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from glob import escape
from pathlib import Path

MACHINE = re.sub(r"\W", "", platform.node())  # a process's number says nothing on another one that shares the folder


def temporary_beside(path: Path, ending: str = "tmp") -> Path:
    """Return a hidden path beside `path`, this process's own; what killed processes left of that kind is removed."""
    start, end = f".{path.name}.{MACHINE}-", f".{ending}"
    for left in path.parent.glob(f"{escape(start)}*{end}"):
        process = left.name.removeprefix(start).removesuffix(end)
        if process.isdecimal() and not _runs(int(process)):
            _remove(left)
    return path.with_name(f"{start}{os.getpid()}{end}")


def _runs(process: int) -> bool:
    import psutil  # seldom needed

    return psutil.pid_exists(process)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def replace_file(path: Path | str) -> Iterator[Path]:
    """Yield a temporary path in `path`'s folder; on success it becomes `path`, on an error it is removed.

    Whatever stood at `path` stays there, whole, until the last moment. Makes the folder if there is none.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary_beside(path)
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def replace_folder(path: Path | str) -> Iterator[Path]:
    """Yield an empty temporary folder beside `path`; on success it takes `path`'s place, on an error it is removed."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary_beside(path)
    # until it is replaced, what a killed process had moved away may be the only one
    old = temporary_beside(path, "old") if path.exists() else temporary.with_suffix(".old")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    try:
        yield temporary
        if path.exists():
            os.replace(path, old)
        os.replace(temporary, path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        if old.exists() and not path.exists():
            os.replace(old, path)
        shutil.rmtree(old, ignore_errors=True)


def write_json(path: Path | str, value: object) -> None:
    """Write `value` as readable JSON, keys in the order given."""
    with replace_file(path) as temporary:
        temporary.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def read_json(path: Path | str) -> dict:
    """Return the object that `write_json` wrote. Raises FileNotFoundError; ValueError for what is no JSON."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def file_sha256(path: Path | str) -> str:
    """Return the file's SHA-256 as `sha256sum` prints it: 64 hex digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest(*parts: object) -> str:
    """Return 16 hex digits (sha256) of `parts`: a file's bytes for a Path, sorted JSON for anything else."""
    total = hashlib.sha256()
    for part in parts:
        if isinstance(part, Path):
            with part.open("rb") as file:
                total.update(hashlib.file_digest(file, "sha256").digest())
        else:
            total.update(hashlib.sha256(json.dumps(part, sort_keys=True, default=str).encode()).digest())
    return total.hexdigest()[:16]
