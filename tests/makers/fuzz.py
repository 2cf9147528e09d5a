"""Hostile files and tables, each made from a few choices; and whether a command's end is a person's mistake, said."""

import csv
import io
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from makers.odd_images import encoded
from PIL import Image

from pipelines._main import MISTAKES

ROOT = Path(__file__).resolve().parents[2]
OURS = tuple(f"{ROOT / name}/" for name in ("competition", "pipelines"))
BARE = ("zip() ", "invalid literal", "could not convert", "not enough values", "too many values", "substring not found")


def is_said(error: BaseException) -> bool:
    """Return whether a command shows the error as one message that was written for it, and no traceback."""
    if isinstance(error, OSError) and error.strerror:
        return True
    if not isinstance(error, MISTAKES) or isinstance(error, UnicodeError):
        return False
    raised = traceback.extract_tb(error.__traceback__)[-1].filename
    return raised.startswith(OURS) and not str(error).startswith(BARE)


def _pixels(seed: int, mode: str = "RGB") -> Image.Image:
    draw = np.random.default_rng(seed)
    size = tuple(draw.integers(8, 60, 2))
    values = Image.fromarray(draw.integers(0, 256, (6, 5, 3), dtype=np.uint8)).resize(size)
    return values.convert(mode)


def _saved(kind: str, mode: str = "RGB", **options) -> Callable[[int], bytes]:
    def save(seed: int) -> bytes:
        data = io.BytesIO()
        _pixels(seed, mode).save(data, kind, **options)
        return data.getvalue()

    return save


def _deep(kind: str, dtype: str) -> Callable[[int], bytes]:
    def save(seed: int) -> bytes:
        top = 1 if dtype == "float32" else 65535
        return encoded((np.asarray(_pixels(seed, "L")) / 255 * top).astype(dtype), kind)

    return save


IMAGES: dict[str, Callable[[int], bytes]] = {  # name of the kind and its extension -> seed -> a whole image
    "jpeg.jpg": _saved("JPEG"),
    "progressive.jpg": _saved("JPEG", progressive=True),
    "grey.jpeg": _saved("JPEG", "L"),
    "cmyk.jpg": _saved("JPEG", "CMYK"),
    "colour.png": _saved("PNG"),
    "alpha.png": _saved("PNG", "RGBA"),
    "palette.png": _saved("PNG", "P"),
    "bits.png": _saved("PNG", "1"),
    "deep.png": _deep("PNG", "uint16"),
    "plain.tif": _saved("TIFF"),
    "packed.tiff": _saved("TIFF", compression="tiff_lzw"),
    "fax.tif": _saved("TIFF", "1", compression="group4"),
    "deep.tif": _deep("TIFF", "uint16"),
    "float.tif": _deep("TIFF", "float32"),
    "x.bmp": _saved("BMP"),
    "x.gif": _saved("GIF", "P"),
    "x.webp": _saved("WEBP"),
    "lossless.webp": _saved("WEBP", "RGBA", lossless=True),
    "x.ppm": _saved("PPM"),
    "x.jp2": _saved("JPEG2000"),
}
OTHERS = {
    "empty": b"",
    "zeros": b"\0" * 700,
    "text": b"dear sir or madam\n",
    "page": b"<!DOCTYPE html><html>404</html>",
    "pdf": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
    "zip": b"PK\x03\x04" + b"\1" * 90,
    "heic": b"\0\0\0\x18ftypheic" + b"\0" * 40,
    "lfs": b"version https://git-lfs.github.com/spec/v1\n",
    "signature": b"\x89PNG\r\n\x1a\n",
    "start": b"\xff\xd8\xff",
    "tiff": b"II*\0\xff\xff\xff\xff",
    "huge": b"P6 99999 99999 255\n",
    "dicom": b"\0" * 128 + b"DICM" + b"\2\0" * 9,
    "numpy": b"\x93NUMPY\1\0v\0{'descr': '<f8', 'fortran_order': False, 'shape': (9,)}\n",
}
DAMAGES = ("whole", "whole", "cut", "flipped", "zeroed", "repeated", "behind", "other")
EXTENSIONS = ("own", "own", ".png", ".JPG", ".tif", ".gif", ".dcm", ".npy", ".webp", ".dat", ".txt", "")
STEMS = (
    "{}",
    "scan {}",
    "Überweisung{}",
    "영수증 {}",
    "👩\u200d💻{}",
    "=1+{}",
    "-{}",
    "a,b;{}",
    'q"{}"',
    "{}.v2",
    "1e{}",
)


def hostile_file(kind: str, damage: str, extension: str, stem: str, seed: int) -> tuple[str, bytes, bool]:
    """Return a file's name, its bytes and whether it is a whole image under an image's name; `seed` is in the name."""
    draw = np.random.default_rng(seed)
    data = IMAGES[kind](seed)
    if damage == "other":
        data = OTHERS[sorted(OTHERS)[seed % len(OTHERS)]]
    elif damage == "cut":
        data = data[: int(draw.integers(0, len(data)))]
    elif damage in ("flipped", "zeroed"):
        values = np.frombuffer(data, np.uint8).copy()
        places = draw.integers(0, len(values), int(draw.integers(1, 9)))
        values[places] = 0 if damage == "zeroed" else values[places] ^ (1 << draw.integers(0, 8, len(places)))
        data = values.tobytes()
    elif damage == "repeated":
        data = data[: len(data) // 2] * 2
    elif damage == "behind":
        data += bytes(draw.integers(0, 256, 40, dtype=np.uint8))
    own = extension == "own"
    name = stem.format(seed) + (Path(kind).suffix if own else extension)
    return name, data, damage == "whole" and (own or extension in (".png", ".JPG", ".tif", ".gif", ".webp"))


ENCODINGS = ("utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252", "cp949", "latin-1")
SEPARATORS = (",", ",", ";", "\t", "|", ":")
ENDS = ("\n", "\r\n", "\r")
CHANGES = (
    "none",
    "none",
    "order",
    "row missing",
    "row twice",
    "row more",
    "column missing",
    "column twice",
    "column more",
    "odd cell",
    "no header",
    "header only",
    "nothing",
    "flipped",
    "cut",
    "quote open",
)
ODD_CELLS = ("", " ", "nan", "1e400", "-1", "0x1", "１", "a\nb", '"', "\0", "\ufeff", "=1+1", "9" * 400, "None", "0,5")


def hostile_table(
    rows: Sequence[Sequence[str]], encoding: str, separator: str, end: str, change: str, quote: bool, seed: int
) -> tuple[bytes, bool | None]:
    """Return a table's bytes, made of `rows` (the header first), and whether all of `rows` and nothing else is in it;
    None where nobody knows.
    """
    draw = np.random.default_rng(seed)
    table = [list(row) for row in rows]
    place = int(draw.integers(1, len(table)))
    whole: bool | None = change in ("none", "order", "column more")
    if change == "order":
        table[1:] = [table[1 + row] for row in draw.permutation(len(table) - 1)]
    elif change == "row missing":
        del table[place]
    elif change == "row twice":
        table.append(table[place])
    elif change == "row more":
        table.append([f"more{seed}", *table[place][1:]])
    elif change == "column missing":
        column = int(draw.integers(0, len(table[0])))
        table = [row[:column] + row[column + 1 :] for row in table]
    elif change == "column twice":
        table = [[*row, row[-1]] for row in table]
    elif change == "column more":
        table = [[*row, "note" if not n else f"n{n}"] for n, row in enumerate(table)]
    elif change == "odd cell":
        table[place][int(draw.integers(0, len(table[0])))] = ODD_CELLS[seed % len(ODD_CELLS)]
        whole = None
    elif change in ("no header", "header only", "nothing"):
        table = {"no header": table[1:], "header only": table[:1], "nothing": []}[change]
    text = io.StringIO(newline="")
    writer = csv.writer(
        text, delimiter=separator, lineterminator=end, quoting=csv.QUOTE_ALL if quote else csv.QUOTE_MINIMAL
    )
    writer.writerows(table)
    data = text.getvalue().encode(encoding, "replace")
    if change in ("flipped", "cut", "quote open"):
        whole, values = None, bytearray(data)
        at = int(draw.integers(0, len(values)))
        if change == "flipped":
            values[at] ^= 1 << int(draw.integers(0, 8))
        data = bytes(values[:at]) if change == "cut" else bytes(values)
        data = data[:at] + b'"' + data[at:] if change == "quote open" else data
    return data, whole
