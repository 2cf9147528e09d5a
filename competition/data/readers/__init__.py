"""Registry of image readers: one file each, asked by a file's first bytes. A new one is an `ImageReader` in a new file.

What none recognises is `pillow`'s.
"""

from functools import cache
from pathlib import Path

from competition.common.registry import Registry
from competition.data.image_reader import START, ImageReader
from competition.data.image_starts import begins_as_image

IMAGE_READERS: Registry[type[ImageReader]] = Registry("image reader", __name__)
USUAL = "pillow"


def reader_of(path: Path) -> ImageReader:
    """Return the reader of the file at `path`, by its content. Raises OSError."""
    with open(path, "rb") as file:
        start = file.read(START)
    return next((reader for reader in _readers(IMAGE_READERS.plugins()) if reader.recognises(start)), _usual())


def is_image_content(path: Path) -> bool:
    """Return whether the file at `path` begins as an image that can be read does. Raises OSError."""
    with open(path, "rb") as file:
        start = file.read(START)
    return any(reader.recognises(start) for reader in _readers(IMAGE_READERS.plugins())) or begins_as_image(start)


def extensions() -> tuple[str, ...]:
    """Return the extensions of image names that can be read, with the dot, the likeliest first."""
    return _extensions(IMAGE_READERS.plugins())


@cache
def _usual() -> ImageReader:
    return IMAGE_READERS[USUAL]()


@cache
def _readers(plugins: tuple[str, ...]) -> tuple[ImageReader, ...]:
    return tuple(reader() for name, reader in IMAGE_READERS.items() if name != USUAL)


@cache
def _extensions(plugins: tuple[str, ...]) -> tuple[str, ...]:
    found = (extension for reader in (_usual(), *_readers(plugins)) for extension in reader.extensions)
    return tuple(dict.fromkeys(found))
