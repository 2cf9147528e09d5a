"""Archives of a few files, honest and hostile, made in memory."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile

COMPRESS = {"": bytes, "gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}


def zipped(files: dict[str, bytes | str], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip of name -> contents; a name that ends in "/" is a folder."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return buffer.getvalue()


def tarred(files: dict[str, bytes | str], compression: str = "") -> bytes:
    """Return a tar of name -> contents, compressed by one of COMPRESS."""
    members = [(tarfile.TarInfo(name), as_bytes(content)) for name, content in files.items()]
    return tar_of(members, compression)


def tar_of(members: list[tuple[tarfile.TarInfo, bytes]], compression: str = "") -> bytes:
    """Return a tar of headers and contents."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for info, content in members:
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return COMPRESS[compression](buffer.getvalue())


def as_bytes(content: bytes | str) -> bytes:
    """Return text as UTF-8."""
    return content.encode() if isinstance(content, str) else content


def contents(folder) -> dict[str, bytes]:
    """Return what lies below `folder`, hidden files left out: relative name -> bytes."""
    files = (file for file in sorted(folder.rglob("*")) if file.is_file())
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files if not file.name.startswith(".")}
