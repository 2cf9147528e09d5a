"""Files of the final submission: written together, and read only where they belong together.

final.json holds the SHA-256 of the others and takes its place last. A run that is killed between them leaves a
final.json that doesn't match: readers refuse it, and `dvc repro` makes all of them anew.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from competition.common import paths
from competition.common.files import file_sha256, read_json, temporary_beside, write_json

FILES = paths.FINAL, paths.FINAL_VOTE, paths.FINAL_FACTS, paths.METRICS
FINAL, FINAL_VOTE, FACTS, METRICS_FILE = (path.name for path in FILES)


@contextmanager
def replace_final(folder: Path | str = paths.SUBMISSIONS) -> Iterator[Path]:
    """Yield an empty temporary folder; on success its files take their places in `folder`, FACTS last.

    To the JSON object FACTS is added `files`: name -> SHA-256 of each of the others.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    temporary = temporary_beside(folder / "final")
    temporary.mkdir(exist_ok=True)
    try:
        yield temporary
        others = sorted(path for path in temporary.iterdir() if path.name != FACTS)
        facts = read_json(temporary / FACTS)
        write_json(temporary / FACTS, facts | {"files": {path.name: file_sha256(path) for path in others}})
        for path in (*others, temporary / FACTS):
            with path.open("rb+") as file:
                os.fsync(file.fileno())
        for path in (*others, temporary / FACTS):
            os.replace(path, folder / path.name)
    finally:
        for path in temporary.iterdir():
            path.unlink()
        temporary.rmdir()


def read_final(folder: Path | str = paths.SUBMISSIONS) -> dict:
    """Return final.json of `folder`.

    Raises FileNotFoundError, and ValueError where final.csv or another of its files is of another run.
    """
    path = Path(folder) / FACTS
    if not path.is_file():
        raise FileNotFoundError(f"{path}: not found; `dvc repro` makes it (stage ensemble)")
    facts = read_json(path)
    check_final(folder, facts)
    return facts


def read_final_if_any(folder: Path | str = paths.SUBMISSIONS) -> dict | None:
    """Return what `read_final` does; None without a final.json."""
    return read_final(folder) if (Path(folder) / FACTS).is_file() else None


def check_final(folder: Path | str, facts: Mapping[str, object]) -> None:
    """Raise ValueError where a file of `folder` isn't the one that was written with `facts`, its final.json."""
    for name, sha256 in facts.get("files", {}).items():
        path = Path(folder) / name
        if path.is_file() and file_sha256(path) != sha256:
            raise ValueError(
                f"{path}: not the file that {Path(folder) / FACTS} describes: it was edited, or a run was stopped "
                "while it wrote them; run `dvc repro ensemble` again"
            )
