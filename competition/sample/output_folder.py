"""The folder that a sample is written to: checked, and replaced in one piece."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from competition.common.files import file_sha256, read_json

MARK = "SAMPLE.json"
FAULTS = "faults.json"  # what was planted among the training images, beside the solution


def check_destination(out: Path, solution: Path, force: bool = False) -> None:
    """Raise ValueError unless a sample may be written to `out` and its labels to `solution`.

    Only an empty folder or an earlier sample, and only that sample's own solution and a sample's list of faults beside
    it, are replaced, unless `force`.
    """
    here, out, solution = Path.cwd(), out.resolve(), solution.resolve()
    if out == here or out in here.parents:
        raise ValueError(f"{out}: it holds the folder we are in and would be replaced as a whole: name another folder")
    if out in solution.parents or solution == out:
        raise ValueError(f"{solution}: the solution must lie outside {out}, which stages read: name another path")
    faults = solution.with_name(FAULTS)
    if solution == faults:
        raise ValueError(f"{solution}: the planted faults are written under that name: name another path")
    if out.exists() and not out.is_dir() or solution.is_dir() or faults.is_dir():
        raise ValueError(
            f"expected a folder at {out} and files at {solution} and {faults}, found otherwise: name other paths"
        )
    if force:
        return
    mark = _mark(out)
    if out.is_dir() and any(out.iterdir()) and mark is None:
        raise ValueError(
            f"{out}: holds files that the sample did not make (no {MARK}): move them away, name another "
            "folder with --out, or replace them with --force"
        )
    if solution.exists() and file_sha256(solution) != (mark or {}).get("solution_sha256"):
        raise ValueError(
            f"{solution}: not the solution of the sample in {out}: move it away, name another path with "
            "--solution, or replace it with --force"
        )
    if faults.exists() and not _is_ours(faults):
        raise ValueError(
            f"{faults}: not written by the sample: move it away, name another path with --solution, or replace it "
            "with --force"
        )


@contextmanager
def partial_folder(out: Path) -> Iterator[Path]:
    """Yield a new empty folder beside `out`, removed at the end if it is still there.

    Its name is always the same, so that what a killed run left is found and removed: it may be gigabytes.
    """
    partial = out.parent / f".{out.name}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        yield partial
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def swap(partial: Path, out: Path, labels: dict[Path, Path]) -> None:
    """Put `partial` in `out`'s place and each new file of `labels` (place -> new file) in its own.

    A kill in between leaves a competition without its labels, never with another's.
    """
    old = out.parent / f".{out.name}.old"
    shutil.rmtree(old, ignore_errors=True)
    for place in labels:
        place.unlink(missing_ok=True)
    if out.exists():
        os.replace(out, old)
    os.replace(partial, out)
    for place, new in labels.items():
        os.replace(new, place)
    shutil.rmtree(old, ignore_errors=True)


def _mark(out: Path) -> dict | None:
    return read_json(out / MARK) if (out / MARK).is_file() else None


def _is_ours(faults: Path) -> bool:
    try:
        found = read_json(faults)
    except ValueError:
        return False
    return isinstance(found, dict) and "wrong_labels" in found
