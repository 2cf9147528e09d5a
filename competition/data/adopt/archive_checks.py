"""What an archive may hold before anything of it is written: names that stay inside, honest sizes, enough space."""

import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from competition.common.errors import counted, examples
from competition.common.names import composed, is_litter, is_writable
from competition.data.adopt.archive_kinds import OPENED_BY, Kind, Member

MOST_MEMBERS = 5_000_000
MOST_DEPTH = 5  # archives inside one another
LARGE, MOST_RATIO = 100 << 20, 200  # bytes; a member larger than this may not grow further than that
SMALL, MOST_TOTAL_RATIO = 1 << 20, 1000  # the same for all that comes out of a download
_DRIVE = re.compile(r"[A-Za-z]:")
UNPACK_YOURSELF = "unpack it yourself, look at what comes out, and adopt the folder"


def plain_parts(name: str) -> tuple[str, ...] | None:
    """Return the folders and the file that a member's name says; None where it could lead out of its folder.

    "./" and doubled slashes, which are harmless, are left out; () is the archive's own folder.
    """
    parts = tuple(part for part in name.split("/") if part not in ("", "."))
    leads_out = name.startswith("/") or ".." in parts or "\\" in name or _DRIVE.match(name)
    return parts if is_writable(name) and not leads_out else None


class Budget:
    """How many bytes may come out of a download, archives in archives included. packed: its own size in bytes."""

    def __init__(self, packed: int):
        self.packed = packed
        self.most = max(SMALL, MOST_TOTAL_RATIO * packed)
        self.taken = 0

    @property
    def left(self) -> int:
        """Bytes that may still come."""
        return self.most - self.taken


@dataclass
class Listing:
    """What stands in an archive: files and bytes that come out of it, and the names at its top, two at most."""

    files: int = 0
    size: int = 0
    tops: set[str] = field(default_factory=set)
    is_flat: bool = True  # no file in a folder
    seen: dict[str, str] = field(default_factory=dict)  # names to compare -> names
    folders: set[str] = field(default_factory=set)

    def add(self, member: Member, parts: tuple[str, ...]) -> str:
        """Count a file; return "a and b" where one of that name is there already, else ""."""
        keys = [_folded(parts[:depth]) for depth in range(1, len(parts) + 1)]
        before = self.seen.get(keys[-1])
        self.seen[keys[-1]] = member.name
        self.folders.update(keys[:-1])
        self.files += 1
        self.is_flat &= len(parts) == 1
        if len(self.tops) < 2:
            self.tops.add(parts[0])
        return f"{before} and {member.name}" if before else ""


def check(label: str, members: Iterable[Member], budget: Budget) -> tuple[list[str], Listing]:
    """Return what is wrong with an archive by its members' headers, and what it holds.

    label: what the archive is called in messages. Stops reading where it is a bomb.
    """
    listing, problems = Listing(), []
    outside, others, twice = [], [], []
    for number, member in enumerate(members, start=1):
        if number > MOST_MEMBERS:
            return [f"{label}: more than {MOST_MEMBERS} members; {UNPACK_YOURSELF}"], listing
        listing.size += member.size
        if listing.size > budget.left:
            return [_bomb(label, listing.size + budget.taken, budget.packed)], listing
        parts = plain_parts(member.name)
        if parts is None:
            outside.append(ascii(member.name)[1:-1])
        elif member.refused:
            others.append(f"{member.name} ({member.refused})")
        elif member.packed is not None and member.size > max(LARGE, MOST_RATIO * member.packed):
            problems.append(_bomb(f"{label}: {member.name}", member.size, member.packed))
        elif parts and not member.is_folder and not any(map(is_litter, parts)):
            twice += filter(None, [listing.add(member, parts)])
    twice += [f"{name} and {name}/" for key, name in listing.seen.items() if key in listing.folders]
    problems += _name_problems(label, outside, others, twice)
    if not (problems or listing.files):
        problems.append(f"{label}: holds no file; download it again")
    return problems, listing


def _name_problems(label: str, outside: list[str], others: list[str], twice: list[str]) -> list[str]:
    kinds = {
        "names are|no plain path inside the archive": outside,
        "members are|no plain file or folder": others,
        "names stand|twice, or differ only in capitals or accents": twice,
    }
    problems = []
    for text, names in kinds.items():
        what, why = text.split("|")
        if names:
            problems.append(f"{label}: {counted(len(names), what)} {why}: {examples(names)}; {UNPACK_YOURSELF}")
    return problems


def _folded(parts: tuple[str, ...]) -> str:
    return composed(composed("/".join(parts)).casefold())


def _bomb(label: str, size: int, packed: int) -> str:
    ratio = f"{size / max(packed, 1):,.0f} times its {packed:,} bytes or more"
    return f"{label}: would grow to {ratio}, as only an archive bomb does; if you trust it, {UNPACK_YOURSELF}"


def space_problem(label: str, total: int, place: Path) -> list[str]:
    """Return a problem where `total` bytes are more than is free under `place`."""
    free = shutil.disk_usage(place).free
    if total <= free:
        return []
    needed, there = (f"{number / 1e9:.1f} GB" for number in (total, free))
    return [f"{label}: unpacked it needs {needed}, and {there} are free under {place}; make room there"]


def refusal(label: str, kind: Kind) -> list[str]:
    """Return a problem for a kind of archive that can't be opened here."""
    if kind.name not in OPENED_BY:
        return []
    return [
        f"{label}: a {kind.name} archive can't be opened here; unpack it yourself ({OPENED_BY[kind.name]}) into a "
        "folder of its name beside it"
    ]
