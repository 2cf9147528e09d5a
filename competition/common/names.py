"""Names of files and IDs: which can be written down, when two spell the same, and which are systems' litter."""

import os
import unicodedata
from collections import defaultdict
from collections.abc import Iterable

# files and folders that systems leave behind, in small letters; .dvcignore has them too
LITTER = (
    "__macosx",
    ".ds_store",
    ".appledouble",
    ".spotlight-v100",
    ".trashes",
    ".fseventsd",
    ".localized",
    ".directory",
    ".ipynb_checkpoints",
    "thumbs.db",
    "ehthumbs.db",
    "desktop.ini",
    "$recycle.bin",
    "system volume information",
    "@eadir",
)
LITTER_STARTS = ("._", ".nfs", ".~lock.", "~$")  # AppleDouble; NFS's open files; locks of LibreOffice and Office


def is_litter(name: str) -> bool:
    """Return whether a system left a file or folder of this name behind: thumbnails, resource forks, locks."""
    small = name.lower()
    return small in LITTER or small.startswith(LITTER_STARTS)


def is_writable(name: str) -> bool:
    """Return whether a name can stand in a table: it has no control characters and no undecodable bytes."""
    return name.isprintable() or not any(unicodedata.category(mark) in ("Cc", "Cs") for mark in name)


def composed(name: str) -> str:
    """Return the name with each letter as one character (NFC); a Mac writes é as two."""
    return name if name.isascii() else unicodedata.normalize("NFC", name)


def name_key(name: str) -> str:
    """Return what all spellings of a name have in common that look the same.

    Letters are composed, any kind of space is a blank, none stands around the name; marks that nobody sees (joiners,
    direction marks, variation selectors) are left out.
    """
    if name.isascii():
        return name.strip()
    seen = (" " if unicodedata.category(mark) == "Zs" else mark for mark in name if not is_unseen(mark))
    return unicodedata.normalize("NFC", "".join(seen)).strip()


def is_unseen(mark: str) -> bool:
    """Return whether nobody sees a character: a joiner, direction mark or variation selector."""
    return unicodedata.category(mark) == "Cf" or "\ufe00" <= mark <= "\ufe0f"


def closest(name: str, spellings: Iterable[str]) -> list[str]:
    """Return those of `spellings`, all with the key of `name`, that are most like it: equal, else composed equal."""
    found = list(spellings)
    equal = [one for one in found if one == name]
    return equal or [one for one in found if composed(one) == composed(name)] or found


def match_names(names: Iterable[str], known: Iterable[str]) -> dict[str, str]:
    """Return name -> the one of `known` that it spells: itself, else the only one that looks the same.

    A name that spells none of them, or several alike, is its own.
    """
    spellings: dict[str, list[str]] = defaultdict(list)
    for one in dict.fromkeys(known):
        spellings[name_key(one)].append(one)
    found = {}
    for name in dict.fromkeys(names):
        alike = closest(name, spellings.get(name_key(name), ()))
        found[name] = alike[0] if len(alike) == 1 else name
    return found


def printable(name: str) -> str:
    """A file's name on one line: bytes that are no UTF-8, and control characters, as \\x.."""
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return "".join(f"\\x{ord(letter):02x}" if unicodedata.category(letter) == "Cc" else letter for letter in text)
