"""A folder's images without labels, packed as the test images are, for the student to learn from.

They are packed once, in shards under data/cache, under a name made of the files and of all that packing depends on.
"""

from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np

from competition.augmentation.offline import Straightener
from competition.common import paths
from competition.common.files import digest
from competition.common.imports import code_digest
from competition.common.names import printable
from competition.data.image_store import ImageStore, write_rows
from competition.data.images import encode_jpeg
from competition.serving.new_images import list_files, read_images
from competition.settings.params import Settings
from competition.upright.straighten import open_straightener

SHARD = 1024  # files between two shards

Log = Callable[..., None]


def pack_unlabelled(folder: Path | str, settings: Settings, log: Log, cache: Path = paths.CACHE) -> list[Path]:
    """Return the packed files that hold the images of `folder`, and of the folders below.

    log: told what can't be read. Raises NotADirectoryError, and ValueError for a folder without a readable image.
    """
    folder = Path(folder)
    (names, closed), straighten = list_files(folder), open_straightener(settings.upright)
    facts = [(folder / name).stat() for name in names]
    key = digest(
        [(name, fact.st_size, fact.st_mtime_ns) for name, fact in zip(names, facts, strict=True)],
        settings.prepare.model_dump(),
        settings.augment.model_dump(include={"size", "fill", "quality"}),
        straighten.key() if straighten else None,
        code_digest(__name__),
    )
    for name, why in closed.items():
        log("warning: unreadable", file=printable(name), problem=why)
    files = []
    for start in range(0, len(names), SHARD):
        file = cache / f"unlabelled-{key}" / f"{start:08d}.arrow"
        if not file.is_file():
            write_rows(file, _rows(folder, names[start : start + SHARD], settings, straighten, log))
        files.append(file)
    files = [file for file in files if len(ImageStore(file))]
    if not files:
        raise ValueError(f"distil.images: {folder}: no image in it that could be read; name a folder with images")
    return files


def fingerprint(pixels: np.ndarray) -> str:
    """Return 16 hex digits of an image's pixels: of equal images the same."""
    return sha256(np.ascontiguousarray(pixels).tobytes()).hexdigest()[:16]


def _rows(
    folder: Path, names: Sequence[str], settings: Settings, straighten: Straightener | None, log: Log
) -> list[dict]:
    rows, size = [], settings.augment.size
    for chunk in read_images(folder, names, settings.prepare, settings.augment, straighten=straighten):
        for name, why in chunk.unreadable.items():
            log("warning: unreadable", file=printable(name), problem=why)
        for number, name in enumerate(map(printable, chunk.names)):
            pixels = chunk.images.image(number)
            row = {"id": f"{name}/unlabelled/0", "source_id": name, "target": None, "group": fingerprint(pixels)}
            row |= {"view": "clean", "copy": 0, "height": size, "width": size}
            row["image"] = encode_jpeg(pixels, settings.augment.quality)
            upright = chunk.images.orientations(np.array([number]))
            rows.append(row | ({} if upright is None else {"orientations": upright[0].tolist()}))
    return rows
