"""Chunks of a PNG file: the pixels' without those beside them, and how many bits of a sample count."""

import struct
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_NEEDED = (b"IHDR", b"PLTE", b"tRNS", b"sBIT", b"IDAT", b"eXIf", b"IEND")  # texts, colour profiles and dates are not
MOST_EXIF = 1 << 20  # bytes


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield kind and content, the last one as far as it is there."""
    place = len(SIGNATURE)
    while place + 8 <= len(data):
        length, kind = struct.unpack(">I4s", data[place : place + 8])
        yield kind, data[place + 8 : place + 8 + length]
        place += 12 + length


def without_metadata(data: bytes) -> bytes:
    """Return a PNG file with its pixels, palette, transparency and orientation only; checksums are made anew."""
    kept = [SIGNATURE]
    for kind, content in _chunks(data):
        if kind in _NEEDED and not (kind == b"eXIf" and len(content) > MOST_EXIF):
            length, checksum = len(content), zlib.crc32(kind + content)
            kept.append(struct.pack(">I", length) + kind + content + struct.pack(">I", checksum))
    return b"".join(kept)


def significant_bits(source: Path | BytesIO) -> int | None:
    """Return the bits of a colour's sample that count, by chunk sBIT, where they are fewer than 16; None without."""
    data = source.read_bytes() if isinstance(source, Path) else source.getvalue()
    for kind, content in _chunks(data):
        if kind == b"sBIT" and content and 8 <= max(content[:3]) < 16:
            return max(content[:3])
        if kind == b"IDAT":
            break
    return None
