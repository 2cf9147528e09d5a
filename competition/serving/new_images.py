"""New images prepared exactly as the test images in data/test_squares.arrow, in memory, a few at a time.

Threads read ahead, since Pillow and OpenCV let go of Python's lock while they decode; so reading goes on while networks
compute.
"""

import os
import stat
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from competition.augmentation.offline import Straightener
from competition.common.names import is_litter
from competition.data.file_kinds import what_it_is
from competition.data.image_files import UNREAD_EXTENSIONS, claims_to_be_image
from competition.data.images import UnreadableImage, decode_jpeg, encode_jpeg, read_decoded, used_in_part
from competition.data.letterbox import letterbox
from competition.settings.augment import AugmentSettings
from competition.settings.prepare import PrepareSettings

CHUNK = 64  # images read at once: whole batches of inference, and few enough for the progress to move
NO_IMAGE = ("not an image", "empty file")  # what `read_image` says of files that no decoder knows


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
    """Some files of a folder: `names` and `images`; `unreadable`: name -> why; `others`: files that are no images;
    `damaged`: name -> what is missing of some of the images.
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
    names: list[str] = []
    closed: list[OSError] = []
    for path in _files_below(folder, closed):
        try:
            if stat.S_ISREG(path.stat().st_mode):  # opening a pipe would wait forever
                names.append(path.relative_to(folder).as_posix())
        except OSError as error:
            closed.append(error)
    return sorted(names), {Path(error.filename).relative_to(folder).as_posix(): error.strerror for error in closed}


def _files_below(folder: Path, closed: list[OSError]) -> Iterator[Path]:
    """Yield what isn't hidden and no folder; `closed` grows by the folders that can't be looked into."""
    been: set[tuple[int, int]] = set()
    for place, below, files in os.walk(folder, onerror=closed.append, followlinks=True):
        facts = os.stat(place)
        if (facts.st_dev, facts.st_ino) in been:
            below.clear()
        else:
            been.add((facts.st_dev, facts.st_ino))
            below[:] = sorted(name for name in below if not _is_hidden(name))
            yield from (Path(place) / name for name in files if not _is_hidden(name))


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or is_litter(name)


def packed_image(path: Path, prepare: PrepareSettings, augment: AugmentSettings, packed: bool = True) -> np.ndarray:
    """Return the image at `path` as `prepare` and `augment` pack a test image, uint8 (S, S, 3) RGB.

    packed: with what is lost by packing it as a JPEG twice, at two sizes; without, it is read at the square's size, in
    a quarter of the time. Raises UnreadableImage.
    """
    return _square(path, prepare, augment, packed)[0]


def _square(path: Path, prepare: PrepareSettings, augment: AugmentSettings, packed: bool) -> tuple[np.ndarray, str]:
    """Return `packed_image`, and what is missing of it."""
    if not packed:
        page, damage = _read(path, prepare, min(prepare.longest_side, augment.size))
        return letterbox(page, augment.size, augment.fill), damage
    page, damage = packed_page(path, prepare)
    return _packed(letterbox(page, augment.size, augment.fill), augment.quality), damage


def packed_page(path: Path, prepare: PrepareSettings) -> tuple[np.ndarray, str]:
    """Return the image at `path` as `prepare` packs it, uint8 (H, W, 3) RGB, and what is missing of it, or "".

    Raises UnreadableImage.
    """
    page, damage = _read(path, prepare, prepare.longest_side)
    return _packed(page, prepare.quality), damage


def _read(path: Path, prepare: PrepareSettings, longest_side: int) -> tuple[np.ndarray, str]:
    decoded = read_decoded(path, longest_side, page=prepare.page, least=0)
    return decoded.pixels, used_in_part(decoded) if decoded.damage else ""


def _packed(image: np.ndarray, quality: int) -> np.ndarray:
    return decode_jpeg(np.frombuffer(encode_jpeg(image, quality), np.uint8))


def read_images(
    folder: Path | str,
    names: Sequence[str],
    prepare: PrepareSettings,
    augment: AugmentSettings,
    packed: bool = True,
    straighten: Straightener | None = None,
    threads: int | None = None,
) -> Iterator[Chunk]:
    """Yield the files `names` of `folder`, read by `threads` in CHUNKs ahead, in order; see `packed_image`.

    straighten: turns them upright, in the letterbox's place.
    A file that can't be read is an unreadable image if its name is an image's, or a decoder knew it; otherwise it is
    none at all. Without names there is one empty chunk.
    """
    parts = [names[start : start + CHUNK] for start in range(0, len(names), CHUNK)]
    with ThreadPoolExecutor(threads or os.cpu_count()) as pool, warnings.catch_warnings():
        # read_image's own filter is not made for threads
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)

        def read(name: str) -> Future:
            if straighten is None:
                return pool.submit(_square, Path(folder) / name, prepare, augment, packed)
            return pool.submit(packed_page, Path(folder) / name, prepare)

        def begin(part: Sequence[str]) -> dict[str, Future]:
            return {name: read(name) for name in part}

        ahead = begin(parts[0] if parts else [])
        for following in [*parts[1:], None]:
            begun, ahead = ahead, begin(following) if following else {}
            names, pixels, unreadable, others, damaged = _gathered(Path(folder), begun)
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
    folder: Path, begun: dict[str, Future]
) -> tuple[list[str], list[np.ndarray], dict[str, str], int, dict[str, str]]:
    """Return names and pixels of what could be read, name -> why of what couldn't, how many are no images, and name ->
    what is missing of what was read.
    """
    read, unreadable, others, damaged = {}, {}, 0, {}
    for name, future in begun.items():
        try:
            read[name], damage = future.result()
            damaged |= {name: damage} if damage else {}
        except OSError as error:  # no right to read it, say
            unreadable[name] = error.strerror or str(error)
        except UnreadableImage as problem:
            if str(problem) not in NO_IMAGE:
                unreadable[name] = str(problem)
            elif claims_to_be_image(name):
                convert = str(problem) == NO_IMAGE[0] and name.lower().endswith(UNREAD_EXTENSIONS)
                what = what_it_is(folder / name) if str(problem) == NO_IMAGE[0] else ""
                unreadable[name] = (
                    "this format can't be read; convert it to JPEG or PNG" if convert else f"{problem}{what}"
                )
            else:
                others += 1
    return list(read), list(read.values()), unreadable, others, damaged
