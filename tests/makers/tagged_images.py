"""TIFF, PNG and JPEG files written by hand, tag by tag, and the pixels that their tags mean."""

import struct
import zlib

import numpy as np

SHORT, LONG = 3, 4


def packed(samples: np.ndarray, bits: int, order: str = ">") -> list[bytes]:
    """Return whole-number samples (H, N) as rows of bytes, `bits` (1, 2, 4, 8, 16) each; the first sample highest."""
    if bits >= 8:
        return [row.tobytes() for row in samples.astype(f"{order}u{bits // 8}")]
    places = np.arange(bits - 1, -1, -1)
    return [np.packbits((row[:, None] >> places & 1).ravel().astype(np.uint8)).tobytes() for row in samples]


def tiff(planes: list[np.ndarray], bits: int, photometric: int, order: str = "<", **tags: list[int]) -> bytes:
    """Return a TIFF without compression, one strip a plane. planes: (H, W) or one (H, W, C) of whole numbers.

    tags: "t266" -> values, of 16 bits each.
    """
    height, width = planes[0].shape[:2]
    strips = [b"".join(packed(plane.reshape(height, -1), bits, order)) for plane in planes]
    if tags.get("t266") == [2]:
        strips = [np.packbits(np.unpackbits(np.frombuffer(s, np.uint8), bitorder="little")).tobytes() for s in strips]
    channels = len(planes) if len(planes) > 1 else planes[0].reshape(height, width, -1).shape[2]
    places = [8 + sum(map(len, strips[:n])) for n in range(len(strips))]
    entries = {
        **{256: (LONG, [width]), 257: (LONG, [height]), 258: (SHORT, [bits] * channels), 259: (SHORT, [1])},
        **{262: (SHORT, [photometric]), 273: (LONG, places), 277: (SHORT, [channels]), 278: (LONG, [height])},
        **{279: (LONG, [len(strip) for strip in strips]), 284: (SHORT, [1 + (len(planes) > 1)])},
        **{int(tag[1:]): (SHORT, values) for tag, values in tags.items()},
    }
    body = b"".join(strips) + b"\0" * (sum(map(len, strips)) % 2)
    directory, more = struct.pack(order + "H", len(entries)), b""
    behind = 8 + len(body) + 2 + 12 * len(entries) + 4
    for tag, (kind, values) in sorted(entries.items()):
        content = struct.pack(f"{order}{len(values)}{'H' if kind == SHORT else 'L'}", *values)
        if len(content) > 4:
            place, more = struct.pack(order + "L", behind + len(more)), more + content
        else:
            place = content.ljust(4, b"\0")
        directory += struct.pack(order + "HHL", tag, kind, len(values)) + place
    start = (b"II" if order == "<" else b"MM") + struct.pack(order + "HL", 42, 8 + len(body))
    return start + body + directory + b"\0\0\0\0" + more


def chunk(kind: bytes, content: bytes) -> bytes:
    """Return a PNG's chunk."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(samples: np.ndarray, bits: int, colour: int, *chunks: tuple[bytes, bytes]) -> bytes:
    """Return a PNG of samples (H, W) or (H, W, C); chunks lie before the pixels. colour: the header's type."""
    height, width = samples.shape[:2]
    rows = b"".join(b"\0" + row for row in packed(samples.reshape(height, -1), bits))
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0))
    between = b"".join(chunk(*one) for one in chunks)
    return b"\x89PNG\r\n\x1a\n" + header + between + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def with_segment(jpeg: bytes, marker: int, content: bytes) -> bytes:
    """Return a JPEG with a segment behind its start."""
    return jpeg[:2] + struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content + jpeg[2:]


def levels(bits: int, channels: int = 1, height: int = 24, width: int = 37) -> np.ndarray:
    """Return samples of `bits` from 0 to the highest, (H, W) or (H, W, C), each channel another way round."""
    one = np.round(np.linspace(0, 2**bits - 1, height * width)).astype(np.int64).reshape(height, width)
    turned = [one, one[::-1], one[:, ::-1], one[::-1, ::-1]]
    return one if channels == 1 else np.stack(turned[:channels], -1)


def on_white(values: np.ndarray, opacity: np.ndarray) -> np.ndarray:
    """Return values 0 to 255 on white. opacity: 0 to 1, of as many dimensions."""
    return values * opacity + 255 * (1 - opacity)
