"""Pages of files: which pages a folder's files have, as `predict` and `serve` read them.

Every page of a PDF and of a TIFF is an image of its own; of any other file `prepare.page` is the only one, as in
training. What a file is, its content says.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from competition.data.image_reader import UnreadableImage
from competition.data.images import read_decoded, used_in_part
from competition.data.letterbox import shrink
from competition.data.tiff_pages import count_tiff_pages, is_tiff
from competition.serving.pdf_pages import START, PdfPages, is_pdf
from competition.settings.prepare import PrepareSettings

MOST_PAGES = 200  # of a file that are read, unless told otherwise
PDF = ".pdf"  # in small letters
OVERSAMPLING = 2  # PDFs are rendered this much larger, then shrunk as scans are


@dataclass(frozen=True)
class Page:
    """A page to label, of a file by its name below a folder.

    number: from 1; None: what `prepare.page` says. several: whether its file has others.
    """

    file: str
    number: int | None = None
    several: bool = False
    is_pdf: bool = False

    @property
    def id(self) -> str:
        """The file's name; of several pages "scan.pdf/2", which can't be another file's."""
        return f"{self.file}/{self.number}" if self.several else self.file

    def read(self, folder: Path, prepare: PrepareSettings, pdfs: PdfPages, longest_side: int) -> tuple[np.ndarray, str]:
        """Return the page, uint8 (H, W, 3) RGB, no side longer than `longest_side`, and what is missing of it, or "".

        Raises UnreadableImage, OSError.
        """
        if self.is_pdf:
            return shrink(self.whole(folder, prepare, pdfs), longest_side), ""
        return read_image_page(folder / self.file, self.number or prepare.page, longest_side)

    def whole(self, folder: Path, prepare: PrepareSettings, pdfs: PdfPages) -> np.ndarray:
        """Return the page before it is shrunk, of a PDF OVERSAMPLING times as large as it is packed."""
        if self.is_pdf:
            return pdfs.render(folder / self.file, self.number, OVERSAMPLING * prepare.longest_side)
        return read_image_page(folder / self.file, self.number or prepare.page, None)[0]


def read_image_page(path: Path, page: int, longest_side: int | None) -> tuple[np.ndarray, str]:
    """Return an image file's page, see `Page.read`."""
    decoded = read_decoded(path, longest_side, page=page, least=0)
    return decoded.pixels, used_in_part(decoded) if decoded.damage else ""


@dataclass(frozen=True)
class PageList:
    """Pages of some files, in their order. unreadable: PDFs that have none, name -> why; cut: files that have more."""

    pages: list[Page] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)
    cut: list[str] = field(default_factory=list)

    @property
    def by_id(self) -> dict[str, Page]:
        """ID -> page."""
        return {page.id: page for page in self.pages}


def list_pages(
    folder: Path | str, names: Sequence[str], pdfs: PdfPages, most: int = MOST_PAGES, only: int | None = None
) -> PageList:
    """Return the pages of the files `names` of `folder`, of each the first `most`; or page `only` alone, from 1."""
    found = PageList()
    for name in names:
        path = Path(folder) / name
        kind = _kind(path)
        if not kind or only is not None:
            found.pages.append(Page(name, only, is_pdf=True) if kind == "pdf" else Page(name))
            continue
        try:
            count = pdfs.count(path) if kind == "pdf" else count_tiff_pages(path, most)
        except UnreadableImage as problem:
            found.unreadable[name] = str(problem)
            continue
        except OSError:  # reading it says why
            count = 1
        numbers = range(1, min(count, most) + 1) if kind == "pdf" or count > 1 else [None]
        found.pages.extend(Page(name, number, count > 1, kind == "pdf") for number in numbers)
        if count > most:
            found.cut.append(name)
    return found


def _kind(path: Path) -> str:
    """Return "pdf", "tiff", or "" for any other file, and for one that can't be opened, as its reading will say."""
    try:
        with open(path, "rb") as file:
            start = file.read(START)
    except OSError:
        return ""
    return "tiff" if is_tiff(start) else "pdf" if is_pdf(start) else ""
