"""Rows of the training images: one for each image, with a label that is asked for."""

from dataclasses import replace

from competition.common.errors import ContractError, counted, examples
from competition.data.adopt.labels import Labels
from competition.data.adopt.sources import Source
from competition.data.boxes import different_boxes


def without_repeats(source: Source, labels: Labels) -> tuple[Source, Labels]:
    """Keep one row for each image: the first of equal ones; the labels of different ones together, where told."""
    if len(set(source.ids)) == len(source.ids):
        return source, labels
    rows: dict[str, list[int]] = {}
    for row, id in enumerate(source.ids):
        rows.setdefault(id, []).append(row)
    problems = different_boxes(source.where, source.ids, source.frame)
    torn = [id for id, some in rows.items() if len({labels.sets[row] for row in some}) > 1]
    if torn and not labels.several:
        shown = [f"{id} ({', '.join(labels.sets[row][0] for row in rows[id])})" for id in torn]
        problems.append(
            f"{source.where}: {counted(len(torn), 'IDs have')} rows with different labels: {examples(shown)}; keep one "
            "row for each, or say --labels multi if an image has several"
        )
    if problems:
        raise ContractError(problems)
    sets = [tuple(dict.fromkeys(label for row in some for label in labels.sets[row])) for some in rows.values()]
    several = sum(len(some) > 1 for some in rows.values())
    note = f"{source.where}: {counted(several, 'IDs have')} several rows; put together"
    first = [some[0] for some in rows.values()]
    return _rows_of(source, first, [note]), replace(labels, sets=sets)


def without_unasked(source: Source, labels: Labels) -> tuple[Source, Labels]:
    """Leave out the images of a single label that is not asked for."""
    if labels.several or all(labels.sets):
        return source, labels
    rows = [row for row, one in enumerate(labels.sets) if one]
    return _rows_of(source, rows, []), replace(labels, sets=[labels.sets[row] for row in rows])


def _rows_of(source: Source, rows: list[int], notes: list[str]) -> Source:
    ids = [source.ids[row] for row in rows]
    return replace(
        source,
        ids=ids,
        files={id: source.files[id] for id in ids},
        frame=source.frame.iloc[rows].reset_index(drop=True) if len(source.frame) else source.frame,
        groups=[source.groups[row] for row in rows] if source.groups else None,
        fold=[source.fold[row] for row in rows] if source.fold else None,
        notes=[*source.notes, *notes],
    )
