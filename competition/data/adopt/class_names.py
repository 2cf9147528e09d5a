"""Readable names of classes, from a JSON file or a table that gives each label one."""

from collections.abc import Iterable

from competition.common.errors import examples, repeated
from competition.data.adopt.survey import FoundTable, Survey


def find_class_names(survey: Survey, tables: Iterable[FoundTable], labels: Iterable[str]) -> tuple[dict[str, str], str]:
    """Return label -> name, and a note that says from which file; ({}, "") without one.

    It has to name every label, each differently: `{"0": "Healthy", ...}`, the other way round, or a table of two
    columns or more.
    """
    wanted = set(labels)
    fitting: dict[str, dict[str, str]] = {}  # file -> names
    for file, content in survey.documents.items():
        if isinstance(content, dict):
            pairs = {str(key): str(value) for key, value in content.items() if isinstance(value, str | int)}
            for names in (pairs, {value: key for key, value in pairs.items()}):
                if _fits(names, wanted):
                    fitting.setdefault(file, _kept(names, wanted))
    if fitting:
        first, *others = fitting
        differ = [file for file in others if fitting[file] != fitting[first]]
        note = f"class names: from {first}"
        if differ:
            note = f"warning: {note}; {examples(differ)} would name them otherwise: take away what isn't meant"
        return fitting[first], note
    for table in tables:
        frame = table.frame
        for key in frame.columns:
            if wanted <= set(frame[key]) and not repeated(frame[key]):
                for column in (other for other in frame.columns if other != key):
                    names = dict(zip(frame[key], frame[column], strict=True))
                    if _fits(names, wanted) and not all(name.isdecimal() for name in names.values()):
                        return _kept(names, wanted), f"class names: {column} of {table.name}"
    return {}, ""


def _fits(names: dict[str, str], wanted: set[str]) -> bool:
    found = [names[label] for label in wanted if names.get(label)]
    return bool(wanted) and len(found) == len(wanted) and not repeated(found)


def _kept(names: dict[str, str], wanted: set[str]) -> dict[str, str]:
    return {label: name for label, name in names.items() if label in wanted}
