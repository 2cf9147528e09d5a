"""Kinds of archives, told by their first bytes, and what stands in one."""

import bz2
import gzip
import io
import lzma
import os
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from competition.data.adopt.bson import is_bson, rows

CHUNK = 1 << 20  # bytes read at once
MOST_HEADER = 16 << 20  # bytes: a tar's headers (long names, attributes) are read whole
OPENED_BY = {  # what can't be opened here -> what opens it
    "7z": "7z x",
    "RAR": "unrar x",
    "Zstandard": "tar --zstd -xf",
    "split zip": "7z x",
}
DAMAGE = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, ValueError)
DAMAGE += (RuntimeError, ArithmeticError, struct.error)  # of headers that say the impossible
_FIRST_BYTES = (
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),  # without a member
    (b"PK\x07\x08", "split zip"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07", "RAR"),
    (b"\x28\xb5\x2f\xfd", "Zstandard"),
)
_DECOMPRESSORS = ((b"\x1f\x8b\x08", gzip.open), (b"BZh", bz2.open), (b"\xfd7zXZ\x00", lzma.open))
_ZIP_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)


@dataclass(frozen=True)
class Kind:
    """A kind of archive. name: "zip", "tar", "compressed" (one file, .csv.gz say), "BSON", or a key of OPENED_BY."""

    name: str
    decompress: Callable[..., BinaryIO] | None = None  # of a tar or of one file


@dataclass(frozen=True)
class Member:
    """A file or folder in an archive, as the archive's headers describe it."""

    name: str
    size: int  # bytes, unpacked
    packed: int | None = None  # bytes in the archive, None where only the whole is compressed
    is_folder: bool = False
    refused: str = ""  # what else it is, "a symbolic link" say
    open: Callable[[], BinaryIO] | None = None  # valid until the next member


def kind_of(path: Path, name: str | None = None) -> Kind | None:
    """Return which kind of archive the file at `path` is, by its content; None for any other file.

    name: what the file was called. BSON, which begins with nothing of its own, is one only if it is called so.
    """
    with path.open("rb") as file:
        start = file.read(tarfile.BLOCKSIZE)
    try:
        if is_bson(path, name or path.name):
            return Kind("BSON")
    except DAMAGE:  # said when it is opened
        return Kind("BSON")
    if name := next((name for magic, name in _FIRST_BYTES if start.startswith(magic)), None):
        return Kind(name)
    decompress = next((opener for magic, opener in _DECOMPRESSORS if start.startswith(magic)), None)
    if decompress:
        try:
            with decompress(path) as file:
                start = file.read(tarfile.BLOCKSIZE)
        except (*DAMAGE, OSError):  # cut off within its first block: said when it is opened
            start = b""
    if _is_tar_header(start):
        return Kind("tar", decompress)
    return Kind("compressed", decompress) if decompress else None


def _is_tar_header(block: bytes) -> bool:
    try:
        tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True


def members(path: Path, kind: Kind, name: str, most: int) -> Iterator[Member]:
    """Yield what stands in the archive, in its order. Raises DAMAGE, and OSError for what bz2 can't read.

    name: of the archive; the one file in a "compressed" is called after it. most: bytes after which that file, which
    says nothing of its size, is not measured any further.
    """
    if kind.name == "zip":
        return _zip_members(path)
    if kind.name == "BSON":
        return _bson_members(path, name)
    return _tar_members(path, kind) if kind.name == "tar" else _only_member(path, kind, name, most)


def _zip_members(path: Path) -> Iterator[Member]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            mode = stat.S_IFMT(info.external_attr >> 16)
            refused = ""
            if info.flag_bits & 1:
                refused = "encrypted"
            elif mode not in (0, stat.S_IFREG, stat.S_IFDIR):
                refused = "a symbolic link" if mode == stat.S_IFLNK else "a device"
            elif info.compress_type not in _ZIP_METHODS:
                refused = f"packed by method {info.compress_type}"
            name, opener = _zip_name(info), lambda info=info: archive.open(info)
            yield Member(name, info.file_size, info.compress_size, name.endswith("/"), refused, opener)


def _zip_name(info: zipfile.ZipInfo) -> str:
    """Return the member's name; many programs write UTF-8 without saying so."""
    if info.flag_bits & 0x800:
        return info.orig_filename
    try:
        return info.orig_filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return info.orig_filename


def _tar_members(path: Path, kind: Kind) -> Iterator[Member]:
    refusals = {tarfile.SYMTYPE: "a symbolic link", tarfile.LNKTYPE: "a hard link"}
    opener = kind.decompress or open
    with opener(path, "rb") as file, tarfile.open(fileobj=_ShortReads(file), mode="r:") as archive:
        while info := archive.next():
            archive.members.clear()  # else it remembers them all
            refused = refusals.get(info.type) or ("sparse" if info.issparse() else "")
            if not refused and not (info.isfile() or info.isdir()):
                refused = "a device"
            contents = lambda info=info: archive.extractfile(info)  # noqa: E731
            yield Member(info.name, info.size, None, info.isdir(), refused, contents)


class _ShortReads:
    """A file that refuses to be read in pieces which no honest header asks for."""

    def __init__(self, file: BinaryIO):
        self._file, self.seek, self.tell = file, file.seek, file.tell

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= MOST_HEADER:
            raise tarfile.ReadError(f"a header of {size} bytes")
        return self._file.read(size)


def _bson_members(path: Path, name: str) -> Iterator[Member]:
    for file, content in rows(path, name):
        yield Member(file, len(content), open=lambda content=content: io.BytesIO(content))


def _only_member(path: Path, kind: Kind, name: str, most: int) -> Iterator[Member]:
    size = 0
    with kind.decompress(path, "rb") as file:
        while size <= most and (data := file.read(CHUNK)):
            size += len(data)
    stem, ending = os.path.splitext(name)
    name = stem if ending.lower() in (".gz", ".bz2", ".xz") else name
    with kind.decompress(path, "rb") as file:
        yield Member(name, size, path.stat().st_size, open=lambda: io.BufferedReader(file))
