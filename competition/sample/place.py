"""Where a competition may be written, and how it gets there in one piece."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MARK = "SAMPLE.json"


def check_place(out: Path, solution: Path, force: bool = False) -> None:
    """Nothing, if a sample may be written to `out` and its labels to `solution`; ValueError otherwise.

    Only an empty folder or an earlier sample, and only that sample's own solution, are replaced, unless `force`.
    """
    here, out, solution = Path.cwd(), out.resolve(), solution.resolve()
    if out == here or out in here.parents:
        raise ValueError(f"{out}: it holds the folder we are in and would be replaced as a whole: name another folder")
    if out in solution.parents or solution == out:
        raise ValueError(f"{solution}: the solution must lie outside {out}, which stages read: name another path")
    if out.exists() and not out.is_dir() or solution.is_dir():
        raise ValueError(f"expected a folder at {out} and a file at {solution}, found otherwise: name other paths")
    if force:
        return
    mark = _mark(out)
    if out.is_dir() and any(out.iterdir()) and mark is None:
        raise ValueError(f"{out}: holds files that the sample did not make (no {MARK}): move them away, name another "
                         "folder with --out, or replace them with --force")
    if solution.exists() and sha256(solution) != (mark or {}).get("solution_sha256"):
        raise ValueError(f"{solution}: not the solution of the sample in {out}: move it away, name another path with "
                         "--solution, or replace it with --force")


@contextmanager
def partial_folder(out: Path) -> Iterator[Path]:
    """Yields a new empty folder beside `out`, removed at the end if it is still there.

    Its name is always the same, so that what a killed run left is found and removed: it may be gigabytes.
    """
    partial = out.parent / f".{out.name}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        yield partial
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def swap(partial: Path, out: Path, new_solution: Path, solution: Path) -> None:
    """Puts `partial` in `out`'s place and `new_solution` in `solution`'s.

    A kill in between leaves a competition without its solution, never with another's.
    """
    old = out.parent / f".{out.name}.old"
    shutil.rmtree(old, ignore_errors=True)
    solution.unlink(missing_ok=True)
    if out.exists():
        os.replace(out, old)
    os.replace(partial, out)
    os.replace(new_solution, solution)
    shutil.rmtree(old, ignore_errors=True)


def sha256(path: Path) -> str:
    """The file's SHA-256 in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _mark(out: Path) -> dict | None:
    path = out / MARK
    return json.loads(path.read_text()) if path.is_file() else None
