"""The contact sheet of the augmented copies, scaled for the page."""

from pathlib import Path

from competition.images import read_image
from competition.report.pictures import data_uri
from competition.report.sections import Section, render

LONGEST = 2000  # pixels: legible, and a fifth of a megabyte


def copies_section(path: Path | str) -> Section:
    """Return the section of the contact sheet at `path`, folds/augmented.png."""
    sheet = read_image(Path(path), LONGEST)
    height, width = sheet.shape[:2]
    return Section("copies", "Augmented copies", render("copies", uri=data_uri(sheet), width=width, height=height))
