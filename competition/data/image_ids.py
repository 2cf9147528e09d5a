"""IDs of images in tables beside train.csv: which of the competition's IDs a name means."""

import os
from collections import defaultdict
from collections.abc import Iterable

from competition.common.names import match_names
from competition.data.readers import extensions


def match_ids(names: Iterable[str], known: Iterable[str]) -> dict[str, str]:
    """Return name -> the one of `known` that is the same image's ID: spelled alike, else if one lacks an extension.

    A name that means none of them, or several, is its own.
    """
    names, known = [*dict.fromkeys(names)], [*dict.fromkeys(known)]
    found, there = match_names(names, known), {*known}
    by_stem: dict[str, list[str]] = defaultdict(list)
    for one in known:
        by_stem[_parted(one)[0]].append(one)
    stems = match_names((_parted(name)[0] for name in names), by_stem)
    for name in names:
        if found[name] not in there:
            stem, extension = _parted(name)
            some = by_stem.get(stems[stem], ())
            alike = [one for one in some if not extension or _parted(one)[1] in ("", extension)]
            found[name] = alike[0] if len(alike) == 1 else name
    return found


def _parted(name: str) -> tuple[str, str]:
    """Return a name without a known image extension, and this in small letters, "" where it has none."""
    stem, extension = os.path.splitext(name)
    return (stem, extension.lower()) if extension.lower() in extensions() else (name, "")
