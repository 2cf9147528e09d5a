"""Downloads laid out in the ways that people have: flat parts, folders of classes, of parts, of portions."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from zlib import crc32

from makers.competitions.broken import IDS, TESTS, lines, picture

SAMPLE = "sample_submission.csv"


def put(folder: Path, files: Iterable[str]) -> Path:
    """Write a picture at each of the paths, all different."""
    for file in files:
        picture(folder / file, crc32(file.encode()))
    return folder


def in_folders(folder: Path, *names: str, each: int = 6) -> Path:
    """Write `each` pictures into each of the folders."""
    return put(folder, [f"{name}/{name.replace('/', '_')}{n}.png" for name in names for n in range(each)])


def flat(
    folder: Path,
    table: str | None = "labels.csv",
    parts: Sequence[str] = ("train", "test"),
    sample: str | None = SAMPLE,
    name: Callable[[str], str] = str,
) -> Path:
    """Write 12 training and 4 test pictures in a folder each, and tables. name: what the labels' table calls an ID."""
    put(folder, [f"{parts[0]}/{id}.png" for id in IDS])
    put(folder, [f"{parts[1]}/{id}.png" for id in TESTS])
    if table:
        mark = "\t" if table.endswith(".tsv") else ","
        lines(folder / table, f"id{mark}kind", *(f"{name(id)}{mark}{'ab'[n % 2]}" for n, id in enumerate(IDS)))
    if sample:
        lines(folder / sample, "id,kind", *(f"{id},a" for id in TESTS))
    return folder
