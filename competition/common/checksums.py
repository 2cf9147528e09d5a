"""SHA256SUMS: what a command has written into a folder, so that it replaces that and nothing that a person put there.

The file is as `sha256sum` writes and checks it: a line for each file, its digest and its name.
"""

from pathlib import Path

from competition.common.errors import counted, examples
from competition.common.files import file_sha256
from competition.common.names import is_litter

CHECKSUMS = "SHA256SUMS"


def write_checksums(folder: Path) -> None:
    """Write the digests of all files in and below `folder` into it."""
    lines = [f"{file_sha256(folder / name)}  {name}\n" for name in _files(folder)]
    (folder / CHECKSUMS).write_text("".join(lines), encoding="utf-8")


def refuse_foreign(folder: Path, marker: str) -> None:
    """Raise ValueError where `folder` is there and holds anything but what a command wrote, as it wrote it.

    marker: a file that every folder of the command has.
    """
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder}: is a file; name a folder")
    names = _files(folder)
    if names and not ((folder / marker).is_file() and (folder / CHECKSUMS).is_file()):
        raise ValueError(
            f"{folder}: holds files ({examples(names)}), and no {marker} with {CHECKSUMS} to say that this "
            "command wrote them; they would be lost: name another place, or move them"
        )
    written = _read(folder / CHECKSUMS) if names else {}
    if foreign := [name for name in names if written.get(name) != file_sha256(folder / name)]:
        raise ValueError(
            f"{folder}: {counted(len(foreign), 'files are')} not as this command wrote them, and would be lost: "
            f"{examples(foreign)}; name another place, or move them"
        )


def _files(folder: Path) -> list[str]:
    """Return the names of the files in and below `folder`, but for CHECKSUMS and what systems and Python leave."""
    found = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")
    names = sorted(path.relative_to(folder).as_posix() for path in found if not is_litter(path.name))
    return [name for name in names if name != CHECKSUMS]


def _read(path: Path) -> dict[str, str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
