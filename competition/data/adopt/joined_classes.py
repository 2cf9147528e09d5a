"""Classes that look alike: warned of, or joined where a person says so."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from competition.data.adopt.labels import Labels
from competition.data.class_spellings import alike_text, classes_alike, spelled_alike


def joined(labels: Labels, asked: Collection[str], where: str) -> Labels:
    """Return the labels with one spelling for classes that look alike, and a note on each.

    That spelling is the one that the sample submission has, else the most frequent. asked: the sample's answer columns
    and placeholders; where it has two of a class's spellings, they stay apart.
    """
    counts = class_counts(labels.classes, labels.sets)
    spelling, notes = spellings(counts, asked, where)
    sets = [tuple(dict.fromkeys(spelling.get(label, label) for label in one)) for one in labels.sets]
    classes = tuple(label for label in labels.classes if spelling.get(label, label) == label)
    return replace(labels, sets=sets, classes=classes, notes=(*labels.notes, *notes))


def spellings(counts: Mapping[str, int], asked: Collection[str], where: str) -> tuple[dict[str, str], list[str]]:
    """Return label -> the spelling to join it to, of the labels that have another one, and notes."""
    found, notes = {}, []
    for group in classes_alike(counts):
        wanted = [label for label in group if label in asked]
        shown = spelled_alike(group, counts)
        if len(wanted) > 1:
            notes.append(f"warning: {where}: not joined, since the sample submission asks for each: {shown}")
            continue
        kept = (wanted or group)[0]
        found |= {label: kept for label in group if label != kept}
        notes.append(f"{where}: joined to {kept!r}, as told: {shown}")
    return found, notes


def class_counts(classes: Sequence[str], sets: Sequence[tuple[str, ...]]) -> dict[str, int]:
    """Return class -> its number of images, in the order of `classes`."""
    counts = Counter(label for one in sets for label in one)
    return {label: counts[label] for label in classes}


def alike_warnings(counts: Mapping[str, int], names: Mapping[str, str], where: str) -> list[str]:
    """Return a warning of classes that look alike, each group with its counts. names: class -> readable name."""
    text = alike_text(counts, names)
    return [f"warning: {where}: {text}"] if text else []
