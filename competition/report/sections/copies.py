"""Contact sheet of the augmented copies, scaled for the page."""

from pathlib import Path

from markupsafe import Markup

from competition.augmentation.contact_sheet import CLASSES
from competition.common import paths
from competition.data.images import read_image
from competition.report.context import ReportContext
from competition.report.inline_images import data_uri
from competition.report.rendering import render
from competition.report.section import Section
from competition.report.sections import SECTIONS

LONGEST = 2000  # pixels: legible, and a fifth of a megabyte


@SECTIONS.register
class Copies(Section):
    """Contact sheet of images as they are, test-like, and as networks train on them."""

    order, title, reads = 110, "Augmented copies", (paths.CONTACT_SHEET, paths.CLASSES)

    def body(self, context: ReportContext) -> Markup:
        return contact_sheet(paths.CONTACT_SHEET, len(context.class_names), context.several)


def contact_sheet(path: Path | str, classes: int, several: bool = False) -> Markup:
    """Contact sheet of `classes` classes at `path`, at most LONGEST pixels. Raises FileNotFoundError.

    several: whether an image may have several labels, so that rows are sets of them.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"{path}: not found; `dvc repro` makes it")
    sheet = read_image(Path(path), LONGEST)
    height, width = sheet.shape[:2]
    which = "each class" if classes <= CLASSES else f"each of the first {CLASSES} of {classes} classes"
    if several:
        which = f"each set of labels that an image has, at most {CLASSES}"
    return render("copies", uri=data_uri(sheet), width=width, height=height, which=which)
