"""What a file that is no image is, by its first bytes: for messages."""

from pathlib import Path

NO_IMAGE = "not an image"  # what readers say of a file that none knows
START = 512  # bytes
BEGINNINGS = (  # tried in this order
    (b"%PDF", "a PDF document"),
    (b"%!PS", "a PostScript document"),
    (b"PK\x03\x04", "a zip archive or an Office document"),
    (b"\xd0\xcf\x11\xe0", "an Office document"),
    (b"{\\rtf", "an RTF document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\0", "an xz archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"version https://git-lfs", "a Git LFS pointer, without its file: `git lfs pull` brings it"),
    (b"\x00\x05\x16\x07", "what a Mac keeps beside a file"),
    (b"\xff\x0a", "a JPEG XL image, which can't be read: convert it to JPEG or PNG"),
    (b"\0\0\0\x0cJXL ", "a JPEG XL image, which can't be read: convert it to JPEG or PNG"),
    (b"SQLite format 3", "an SQLite database"),
    (b"\x89HDF", "an HDF5 file"),
    (b"PAR1", "a Parquet table"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"ID3", "a sound"),
    (b"OggS", "a sound"),
    (b"\x1aE\xdf\xa3", "a video"),
)
PHOTOS = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1")  # brands of HEIF


def kind_of_file(path: Path) -> str:
    """Return what the file at `path` is, such as "a PDF document"; "" for what isn't known. Raises OSError."""
    with open(path, "rb") as file:
        start = file.read(START)
    if not start:
        return "an empty file"
    if found := next((kind for beginning, kind in BEGINNINGS if start.startswith(beginning)), ""):
        return found
    if start[4:8] == b"ftyp":
        photo = start[8:12] in PHOTOS
        return "a HEIC photo, which can't be read: convert it to JPEG or PNG" if photo else "a video"
    if start[:4] == b"RIFF" and start[8:12] in (b"AVI ", b"WAVE"):
        return "a video" if start[8:12] == b"AVI " else "a sound"
    if not start.strip(b"\0"):
        return "nothing but zeros"
    return _kind_of_text(start)


def _kind_of_text(start: bytes) -> str:
    small = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if small.startswith((b"<!doctype html", b"<html")):
        return "a web page"
    if b"<svg" in small:
        return "an SVG drawing"
    return "text" if all(byte >= 32 or byte in b"\t\r\n" for byte in start) and start.isascii() else ""


def what_it_is(path: Path | str) -> str:
    """Return ", but a PDF document" for a file that is no image; "" where its first bytes don't tell."""
    kind = kind_of_file(Path(path))
    return f", but {kind}" if kind else ""
