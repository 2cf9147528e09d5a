"""BSON files of images, as MongoDB dumps them: each document one row, with an ID, other values and one image.

They unpack as an archive does: `train.bson` into train/ID.jpg and train.csv. Format: https://bsonspec.org/spec.html
"""

import csv
import io
import struct
from collections.abc import Iterator
from pathlib import Path

from competition.common.errors import ContractError

MOST = 64 << 20  # bytes of a document; MongoDB allows 16 MB
_ENDINGS = {b"\xff\xd8": ".jpg", b"\x89PNG": ".png", b"GIF8": ".gif", b"RIFF": ".webp", b"II*\0": ".tif", b"BM": ".bmp"}
_NUMBERS = {0x01: "<d", 0x08: "<?", 0x09: "<q", 0x10: "<i", 0x11: "<Q", 0x12: "<q"}


def is_bson(path: Path, name: str) -> bool:
    """Return whether the file at `path`, called `name`, begins with a whole document."""
    if not name.lower().endswith(".bson"):
        return False
    with path.open("rb") as file:
        return next(_documents(file), None) is not None


def rows(path: Path, name: str) -> Iterator[tuple[str, bytes]]:
    """Yield the images as (folder/ID.jpg, bytes) and at last (folder.csv, the other values); folder: `name`'s stem.

    Raises ContractError for documents of several images or none, ValueError and struct.error for damage.
    """
    folder = Path(name).stem
    table: list[dict[str, object]] = []
    with path.open("rb") as file:
        for number, document in enumerate(_documents(file), start=1):
            values = {key: value for key, value in document.items() if not isinstance(value, bytes | dict)}
            images = list(_images(document))
            if len(images) != 1:
                found = f"document {number} holds {len(images)} images"
                raise ContractError([f"{found}; only one image a row can be adopted: write the images as files"])
            id = str(values.get("_id", number))
            ending = next((ending for start, ending in _ENDINGS.items() if images[0].startswith(start)), ".jpg")
            table.append({"_id": id} | values)
            yield f"{folder}/{id}{ending}", images[0]
    columns = list(dict.fromkeys(key for row in table for key in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(table)
    yield f"{folder}.csv", text.getvalue().encode()


def _documents(file: io.BufferedReader) -> Iterator[dict[str, object]]:
    while head := file.read(4):
        (size,) = struct.unpack("<i", head)
        if not 5 <= size <= MOST:
            raise ValueError(f"a document of {size} bytes")
        data = head + file.read(size - 4)
        yield _document(data, 0)[0]


def _document(data: bytes, start: int) -> tuple[dict[str, object], int]:
    """Return the document that begins at `start`, and where it ends."""
    (size,) = struct.unpack_from("<i", data, start)
    end, place, found = start + size, start + 4, {}
    if size < 5 or end > len(data) or data[end - 1]:
        raise ValueError("a document that is cut off")
    while place < end - 1:
        kind, key_end = data[place], data.index(0, place + 1)
        found[data[place + 1 : key_end].decode()], place = _value(data, kind, key_end + 1)
    return found, end


def _value(data: bytes, kind: int, place: int) -> tuple[object, int]:
    if kind in _NUMBERS:
        (number,) = struct.unpack_from(_NUMBERS[kind], data, place)
        return number, place + struct.calcsize(_NUMBERS[kind])
    if kind in (0x03, 0x04):
        return _document(data, place)
    if kind == 0x07:  # an ObjectId
        return data[place : place + 12].hex(), place + 12
    if kind == 0x0A:
        return "", place
    if kind not in (0x02, 0x05):
        raise ValueError(f"a value of kind {kind}")
    (size,) = struct.unpack_from("<i", data, place)
    begin = place + 4 + (kind == 0x05)  # a byte says what the bytes are
    if size < 0 or begin + size > len(data):
        raise ValueError("a value that is cut off")
    content = data[begin : begin + size]
    return (content if kind == 0x05 else content[:-1].decode()), begin + size


def _images(document: dict[str, object]) -> Iterator[bytes]:
    for value in document.values():
        if isinstance(value, bytes):
            yield value
        elif isinstance(value, dict):
            yield from _images(value)
