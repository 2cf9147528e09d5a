"""Patterns of file names: {label}, {id}, {group} and * for anything; {label:long} takes as much as it can."""

import os
import re

from competition.common.errors import ContractError, counted, examples

PLACES = ("label", "id", "group")
CUT = ("label", "group")  # places whose text is used: it matters where they end
LENGTHS = ("short", "long")


class NamePattern:
    """What stands in the places of a pattern, file by file. Raises ContractError for a pattern of unknown places."""

    def __init__(self, pattern: str):
        told = re.search(rf"\{{({'|'.join(PLACES)}):({'|'.join(LENGTHS)})\}}", pattern)
        plain = pattern if told is None else pattern.replace(told[0], f"{{{told[1]}}}")
        if unknown := [name for name in re.findall(r"\{([\w:]+)\}", plain) if name not in PLACES]:
            raise ContractError(
                [f"--label-from {pattern}: {{{unknown[0]}}} is unknown; there are {{label}}, {{id}}, {{group}} and *"]
            )
        self.pattern, self.places = pattern, {*re.findall(r"\{(\w+)\}", plain)}
        cut = [place for place in CUT if place in self.places] if told is None else [told[1]]
        lengths = LENGTHS if told is None else (told[2],)
        self._readings = {place: [_compiled(plain, place, length) for length in lengths] for place in cut}
        self._unclear: dict[str, list[str]] = {place: [] for place in cut}

    def match(self, file: str, name: str) -> dict[str, str] | None:
        """Return place -> its text in `name`, which `file` is called or, without its extension, begins with."""
        found: dict[str, str] = {}
        for place, readings in self._readings.items():
            both = [one.fullmatch(name) or one.fullmatch(os.path.splitext(name)[0]) for one in readings]
            if None in both:
                return None
            if len({one[place] for one in both}) > 1:
                self._unclear[place].append(f"{file} ({both[0][place]} or {both[1][place]})")
            found = found or both[-1].groupdict()  # the label's readings come first
        return found

    def problems(self) -> list[str]:
        """Return what is wrong where files matched so far can be read in two ways; the first place that is."""
        place = next((place for place, files in self._unclear.items() if files), None)
        if place is None:
            return []
        files = self._unclear[place]
        return [
            f"--label-from {self.pattern}: {counted(len(files), 'images fit')} in two ways: {examples(files)}; write "
            f"{{{place}:short}} for the first reading, {{{place}:long}} for the second"
        ]


def _compiled(pattern: str, place: str, length: str) -> re.Pattern:
    """Return the expression of a pattern in which `place` is as short, or as long, as can be."""
    expression, seen = "", set()
    for part in re.split(r"(\{\w+\}|\*)", pattern):
        name = part[1:-1] if part.startswith("{") else ""
        lazy = "?" if (name == place) == (length == "short") else ""  # what stands around it takes the rest
        if part == "*":
            expression += f".*{lazy}"
        elif name in seen:
            expression += f"(?P={name})"
        elif name in PLACES:
            expression, seen = f"{expression}(?P<{name}>[^/]+{lazy})", seen | {name}
        else:
            expression += re.escape(part)
    return re.compile(expression)
