"""Changes of a sound download, `broken.sound`: another training table, another sample submission."""

from collections.abc import Callable
from pathlib import Path

from makers.competitions.broken import IDS, TESTS, lines

Change = Callable[[Path], None]


def train(label: Callable[[int], str], header: str = "id,kind") -> Change:
    """Return what writes another training table into a folder. label: the cells behind the ID, by the row's number."""
    return lambda folder: lines(folder / "train.csv", header, *(f"{id},{label(n)}" for n, id in enumerate(IDS)))


def asks(header: str, cell: str = "0.5") -> Change:
    """Return what writes a sample submission of these columns and placeholders into a folder."""
    cells = f",{cell}" * header.count(",")
    return lambda folder: lines(folder / "sample_submission.csv", header, *(f"{id}{cells}" for id in TESTS))
