"""Corrections: new images whose labels a person gave, kept with their pixels, as training data to come.

A folder of images, each named by the SHA-256 of its bytes, and corrections.csv with the columns ID,target: the images'
names, and targets as in train.csv. An image is corrected once: a later correction replaces the row.
"""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from filelock import FileLock

from competition.common.csv import read_table, write_table
from competition.common.errors import ContractError, examples
from competition.common.files import replace_file
from competition.data.image_files import is_plain_name

CORRECTIONS = "corrections.csv"
COLUMNS = ("ID", "target")


def read_corrections(folder: Path | str) -> dict[str, str]:
    """Return ID -> target, in the file's order; {} without the file. Raises ContractError for an unusable file."""
    return read_rows(Path(folder) / CORRECTIONS)


def read_rows(path: Path) -> dict[str, str]:
    """Return ID -> target of a table of COLUMNS, see `read_corrections`."""
    if not path.is_file():
        return {}
    frame = read_table(path).frame
    if tuple(frame) != COLUMNS:
        raise ContractError([f"{path}: expected the columns ID,target, found {examples(frame, most=20)}"])
    if wrong := [id for id in frame["ID"] if not is_plain_name(id)]:
        raise ContractError([f"{path}: no names of images: {examples(wrong)}; correct or remove the rows"])
    return dict(zip(frame["ID"], frame["target"], strict=True))


def write_rows(path: Path, rows: Mapping[str, str]) -> None:
    """Write ID -> target as `read_rows` reads it."""
    write_table(path, COLUMNS, rows.items())


def image_id(data: bytes, extension: str) -> str:
    """Return the ID of an image file's bytes: their SHA-256, 64 hex digits, and `extension` (with the dot)."""
    return sha256(data).hexdigest() + extension


def add_correction(
    folder: Path | str, data: bytes, extension: str, target: str, most: int
) -> tuple[Mapping[str, str], str | None]:
    """Return all corrections after this one is written, the image's bytes and its row; and the target that the row had
    before, None where there was none.

    Raises ValueError where there are `most` already.
    """
    folder, id = Path(folder), image_id(data, extension)
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / ".lock"):
        corrections = read_corrections(folder)
        earlier = corrections.get(id)
        if earlier is None and len(corrections) >= most:
            raise ValueError(f"{folder}: holds {most} corrections, as many as are kept; train on them and empty it")
        if not (folder / id).is_file():
            with replace_file(folder / id) as temporary:
                temporary.write_bytes(data)
        corrections[id] = target
        write_rows(folder / CORRECTIONS, corrections)
    return corrections, earlier
