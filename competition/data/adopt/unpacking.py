"""Unpacks archives into a fresh folder, each where it stands in the download, and archives inside them too."""

import errno
import os
import shutil
from pathlib import Path

from competition.common.errors import ContractError
from competition.common.names import is_litter
from competition.common.progress import progress
from competition.data.adopt.archive_checks import (
    MOST_DEPTH,
    Budget,
    Listing,
    check,
    plain_parts,
    refusal,
    space_problem,
)
from competition.data.adopt.archive_kinds import CHUNK, DAMAGE, Member, kind_of, members
from competition.data.image_files import is_image_name

ENDINGS = (".zip", ".tar", ".tgz", ".tbz", ".tbz2", ".txz", ".gz", ".bz2", ".xz", ".zst", ".7z", ".rar", ".bson")
# zip or gzip inside, but no archives for people
_DOCUMENTS = (".xlsx", ".docx", ".pptx", ".ods", ".odt", ".epub", ".npz", ".pt", ".pth", ".ckpt", ".keras", ".jar")
_DOCUMENTS += (".whl", ".apk", ".kmz", ".svgz", ".nii.gz", ".tfrec", ".tfrecord", ".tfrecords")


def may_be_archive(name: str) -> bool:
    """Return whether a file of that name is worth a look: images and documents are none, whatever is inside."""
    return not is_image_name(name) and not name.lower().endswith(_DOCUMENTS)


def stem_of(name: str) -> str:
    """Return an archive's name without its endings: "train" of train.tar.gz, "train.csv" of train.csv.zip."""
    stem, ending = os.path.splitext(name)
    return stem_of(stem) if stem and ending.lower() in ENDINGS else name


class Unpacker:
    """Unpacks a download's archives below `folder`. `notes` grows by archives that are left as they are."""

    def __init__(self, base: Path, folder: Path, budget: Budget, notes: list[str]):
        self.base, self.folder, self.budget, self.notes = base, folder, budget, notes

    def unpack_download(self, archive: Path) -> None:
        """Unpack an archive that is the whole download, straight into the folder. Raises ContractError."""
        listing = self._examine(archive, str(archive), archive.name)
        strip = int(listing.tops == {stem_of(archive.name)} and not listing.is_flat)
        self._extract(archive, str(archive), archive.name, listing, self.folder, strip, 1)

    def unpack_folder(self, files: list[str], archives: list[str]) -> None:
        """Link the folder's files, then unpack its archives where they stand. Raises ContractError."""
        for file in sorted(set(files) - set(archives)):
            link(self.base / file, self.folder / file)
        problems: list[str] = []
        listings: dict[str, Listing] = {}
        for name in archives:
            if not (self.folder / name).with_name(stem_of(Path(name).name)).exists():
                try:
                    listings[name] = self._examine(self.base / name, str(self.base / name), Path(name).name)
                except ContractError as error:
                    problems += error.problems
        total = sum(listing.size for listing in listings.values())
        problems += space_problem(str(self.base), total, self.folder)
        if problems:
            raise ContractError(problems)
        for name in archives:
            place = (self.folder / name).parent
            self._unpack(self.base / name, str(self.base / name), Path(name).name, place, listings.get(name), 1)

    def _unpack(self, archive: Path, label: str, name: str, place: Path, listing: Listing | None, depth: int) -> None:
        """Unpack `archive`, called `name`, in `place`: as a folder, or as the single file that it holds."""
        target = place / stem_of(name)
        if self._is_there(target, label):
            return
        listing = listing or self._examine(archive, label, name)
        (top,) = listing.tops if len(listing.tops) == 1 else ("",)
        if kind_of(archive, name).name == "BSON":  # a folder of images and the table beside it
            self._extract(archive, label, name, listing, place, 0, depth)
        elif top and listing.is_flat and not is_image_name(top):
            if not self._is_there(place / top, label):
                self._extract(archive, label, name, listing, place, 0, depth)
        else:
            self._extract(archive, label, name, listing, target, int(top == target.name and not listing.is_flat), depth)

    def _is_there(self, target: Path, label: str) -> bool:
        if target.is_file() or (target.is_dir() and any(target.iterdir())):
            shown = f"{target.name}/" if target.is_dir() else target.name
            self.notes.append(f"{label}: not unpacked, since {shown} lies beside it and is used")
            return True
        return False

    def _examine(self, archive: Path, label: str, name: str) -> Listing:
        """Return what the archive holds, without writing anything. Raises ContractError."""
        kind = kind_of(archive, name)
        if problems := refusal(label, kind):
            raise ContractError(problems)
        try:
            problems, listing = check(label, members(archive, kind, name, self.budget.left), self.budget)
        except ContractError as error:
            raise ContractError(f"{label}: {problem}" for problem in error.problems) from None
        except (*DAMAGE, OSError) as error:
            raise _explained(error, label) from None
        if problems := problems or space_problem(label, listing.size, self.folder):
            raise ContractError(problems)
        return listing

    def _extract(
        self, archive: Path, label: str, name: str, listing: Listing, target: Path, strip: int, depth: int
    ) -> None:
        """Write the archive's files below `target`, without the first `strip` folders, and unpack those in it."""
        self.budget.taken += listing.size
        nested: list[Path] = []
        made: set[Path] = set()
        try:
            with progress(listing.files, f"unpacking {label}", "file") as bar:
                for member in members(archive, kind_of(archive, name), name, listing.size):
                    parts = plain_parts(member.name)
                    if member.is_folder or not parts or any(map(is_litter, parts)):
                        continue
                    file = target.joinpath(*parts[strip:])
                    if file.parent not in made:
                        file.parent.mkdir(parents=True, exist_ok=True)
                        made.add(file.parent)
                    _write(member, file)
                    bar.update(1)
                    if may_be_archive(file.name) and kind_of(file):
                        nested.append(file)
        except ContractError as error:
            raise ContractError(f"{label}: {problem}" for problem in error.problems) from None
        except (*DAMAGE, OSError) as error:
            raise _explained(error, label) from None
        for number, file in enumerate(sorted(nested)):
            inner = f"{label}: {file.relative_to(target).as_posix()}"
            if depth >= MOST_DEPTH:
                raise ContractError([f"{inner}: archives more than {MOST_DEPTH} deep; unpack it yourself"])
            held = file.with_name(f".{number}.archive")  # its name may be its folder's
            os.replace(file, held)
            self._unpack(held, inner, file.name, file.parent, None, depth + 1)
            held.unlink()


def _write(member: Member, file: Path) -> None:
    """Write the member's bytes, no more than its header says."""
    size = 0
    with member.open() as source, file.open("xb") as written:
        while data := source.read(CHUNK):
            size += len(data)
            if size > member.size:
                break
            written.write(data)
    if size != member.size:
        raise EOFError(f"{member.name} holds {'more' if size > member.size else 'less'} than its header says")


def _explained(error: Exception, label: str) -> Exception:
    """Return the error to raise for what came up in an archive: a ContractError, unless it is the machine's."""
    number = getattr(error, "errno", None)
    if number == errno.ENOSPC:
        return ContractError([f"{label}: the disk is full; make room, and call it again"])
    if number == errno.ENAMETOOLONG:
        return ContractError([f"{label}: a name in it is too long for this disk; unpack it yourself and shorten it"])
    if number == errno.EEXIST:
        where = f"{error.filename} would be written twice"
        return ContractError([f"{label}: {where}; unpack it yourself, and keep one of the two"])
    if isinstance(error, OSError) and number is not None:
        return error
    why = str(error) or type(error).__name__
    return ContractError([f"{label}: is damaged or not whole ({why}); download it again"])


def link(source: Path, target: Path) -> None:
    """Make `target` the same file as `source`: a hard link, else a symbolic one, else a copy."""
    target.parent.mkdir(parents=True, exist_ok=True)
    source = source.resolve()
    for make in (os.link, os.symlink, shutil.copyfile):
        try:
            make(source, target)
            return
        except OSError as error:
            failure = error
    raise failure
