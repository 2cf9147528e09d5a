"""New images prepared exactly as the test images in data/test_squares.arrow, in memory, a few at a time.

Threads read ahead, since Pillow and OpenCV let go of Python's lock while they decode; so reading goes on while networks
compute.
"""

import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from competition.augmentation.offline import Straightener
from competition.common.folders import files_below
from competition.data.file_kinds import what_it_is
from competition.data.image_files import UNREAD_EXTENSIONS, claims_to_be_image
from competition.data.image_reader import UnreadableImage
from competition.data.images import decode_jpeg, encode_jpeg
from competition.data.letterbox import letterbox
from competition.serving.pages import PDF, Page, read_image_page
from competition.serving.pdf_pages import PdfPages
from competition.settings.augment import AugmentSettings
from competition.settings.prepare import PrepareSettings

CHUNK = 64  # images read at once: whole batches of inference, and few enough for the progress to move
NO_IMAGE = ("not an image", "empty file")  # what `read_image` says of files that no decoder knows

Read = Callable[[int], tuple[np.ndarray, str]]  # longest side -> a page, and what is missing of it; see `Page.read`


@dataclass(frozen=True, eq=False)
class MemoryImages:
    """Packed images in memory, uint8 (S, S, 3) RGB each; `len`, `image` and `orientations` as an ImageStore's."""

    pixels: Sequence[np.ndarray]
    upright: np.ndarray | None = None  # (N, 8), how likely each orientation is upright

    def __len__(self) -> int:
        return len(self.pixels)

    def image(self, row: int) -> np.ndarray:
        """Return the pixels of `row`, uint8 (S, S, 3) RGB."""
        return self.pixels[row]

    def orientations(self, rows: np.ndarray) -> np.ndarray | None:
        """Return how likely each orientation of the images `rows` (R,) is upright, (R, 8); None if nobody asked."""
        return None if self.upright is None else self.upright[rows]


@dataclass(frozen=True, eq=False)
class Chunk:
    """Some pages of a folder's files: `names`, their IDs, and `images`; `unreadable`: ID -> why; `others`: files that
    are no images; `damaged`: ID -> what is missing of some of the images.
    """

    names: list[str]
    images: MemoryImages
    unreadable: dict[str, str]
    others: int
    damaged: dict[str, str] = field(default_factory=dict)


def list_files(folder: Path | str) -> tuple[list[str], dict[str, str]]:
    """Return the names of all files in and below `folder`, sorted, relative, with "/"; and name -> why it is closed.

    Hidden files and folders, and systems' litter, are left out; links are followed, a folder that several lead to
    once. Which files are images, their content decides. Raises NotADirectoryError.
    """
    folder = Path(folder)
    if not folder.is_dir():
        what = "is a file; name its folder" if folder.is_file() else "no such folder; name one that holds images"
        raise NotADirectoryError(f"{folder}: {what}")
    found = files_below(folder)
    return found.names, {name: error.strerror for name, error in found.closed.items()}


def packed_image(path: Path, prepare: PrepareSettings, augment: AugmentSettings, packed: bool = True) -> np.ndarray:
    """Return the image at `path` as `prepare` and `augment` pack a test image, uint8 (S, S, 3) RGB.

    packed: with what is lost by packing it as a JPEG twice, at two sizes; without, it is read at the square's size, in
    a quarter of the time. Raises UnreadableImage.
    """
    return _square(partial(read_image_page, path, prepare.page), prepare, augment, packed)[0]


def _square(read: Read, prepare: PrepareSettings, augment: AugmentSettings, packed: bool) -> tuple[np.ndarray, str]:
    """Return `packed_image` of what is `read`, and what is missing of it."""
    if not packed:
        page, damage = read(min(prepare.longest_side, augment.size))
        return letterbox(page, augment.size, augment.fill), damage
    page, damage = _packed_page(read, prepare)
    return _packed(letterbox(page, augment.size, augment.fill), augment.quality), damage


def _packed_page(read: Read, prepare: PrepareSettings) -> tuple[np.ndarray, str]:
    """Return what is `read` as `prepare` packs it, uint8 (H, W, 3) RGB, and what is missing of it, or ""."""
    page, damage = read(prepare.longest_side)
    return _packed(page, prepare.quality), damage


def _packed(image: np.ndarray, quality: int) -> np.ndarray:
    return decode_jpeg(np.frombuffer(encode_jpeg(image, quality), np.uint8))


def read_images(
    folder: Path | str,
    pages: Sequence[Page | str],
    prepare: PrepareSettings,
    augment: AugmentSettings,
    packed: bool = True,
    straighten: Straightener | None = None,
    threads: int | None = None,
    pdfs: PdfPages | None = None,
) -> Iterator[Chunk]:
    """Yield `pages` of files of `folder`, read by `threads` in CHUNKs ahead, in order; see `packed_image`.

    pages: names alone of files whose only page is `prepare.page`. straighten: turns them upright, in the letterbox's
    place. pdfs: reads the PDFs among them; None: by a process of their own.
    A file that can't be read is an unreadable image if its name is an image's, or a decoder knew it; otherwise it is
    none at all. Without pages there is one empty chunk.
    """
    folder, pages = Path(folder), [Page(page) if isinstance(page, str) else page for page in pages]
    parts = [pages[start : start + CHUNK] for start in range(0, len(pages), CHUNK)]
    with ExitStack() as stack:
        pdfs = pdfs or stack.enter_context(PdfPages())
        pool = stack.enter_context(ThreadPoolExecutor(threads or os.cpu_count()))
        stack.enter_context(warnings.catch_warnings())
        # read_image's own filter is not made for threads
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)

        def begin(part: Sequence[Page]) -> dict[Page, Future]:
            reads = {page: partial(page.read, folder, prepare, pdfs) for page in part}
            if straighten is None:
                return {page: pool.submit(_square, read, prepare, augment, packed) for page, read in reads.items()}
            return {page: pool.submit(_packed_page, read, prepare) for page, read in reads.items()}

        ahead = begin(parts[0] if parts else [])
        for following in [*parts[1:], None]:
            begun, ahead = ahead, begin(following) if following else {}
            names, pixels, unreadable, others, damaged = _gathered(folder, begun)
            images = MemoryImages(pixels) if straighten is None else _upright(names, pixels, straighten, augment)
            yield Chunk(names, images, unreadable, others, damaged)


def _upright(
    names: list[str], pages: list[np.ndarray], straighten: Straightener, augment: AugmentSettings
) -> MemoryImages:
    if not pages:
        return MemoryImages([])
    squares, orientations = straighten.squares(pages, names, augment.size, augment.fill)
    return MemoryImages([_packed(square, augment.quality) for square in squares], orientations)


def _gathered(
    folder: Path, begun: dict[Page, Future]
) -> tuple[list[str], list[np.ndarray], dict[str, str], int, dict[str, str]]:
    """Return IDs and pixels of what could be read, ID -> why of what couldn't, how many are no images, and ID ->
    what is missing of what was read.
    """
    read, unreadable, others, damaged = {}, {}, 0, {}
    for page, future in begun.items():
        name, file = page.id, page.file
        try:
            read[name], damage = future.result()
            damaged |= {name: damage} if damage else {}
        except OSError as error:  # no right to read it, say
            unreadable[name] = error.strerror or str(error)
        except UnreadableImage as problem:
            if str(problem) not in NO_IMAGE:
                unreadable[name] = str(problem)
            elif claims_to_be_image(file) or file.lower().endswith(PDF):
                convert = str(problem) == NO_IMAGE[0] and file.lower().endswith(UNREAD_EXTENSIONS)
                what = what_it_is(folder / file) if str(problem) == NO_IMAGE[0] else ""
                unreadable[name] = (
                    "this format can't be read; convert it to JPEG or PNG" if convert else f"{problem}{what}"
                )
            else:
                others += 1
    return list(read), list(read.values()), unreadable, others, damaged
