"""The contact sheet of the augmented copies, scaled for the page."""

from pathlib import Path

from competition.augmentation.contact_sheet import CLASSES
from competition.data.images import read_image
from competition.report.pictures import data_uri
from competition.report.sections import Section, render

LONGEST = 2000  # pixels: legible, and a fifth of a megabyte


def copies_section(path: Path | str, classes: int) -> Section:
    """Return the section of the contact sheet of `classes` classes at `path`, folds/augmented.png. Raises
    FileNotFoundError.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"{path}: not found; `dvc repro` makes it")
    sheet = read_image(Path(path), LONGEST)
    height, width = sheet.shape[:2]
    which = "each class" if classes <= CLASSES else f"each of the first {CLASSES} of {classes} classes"
    return Section(
        "copies", "Augmented copies", render("copies", uri=data_uri(sheet), width=width, height=height, which=which)
    )
