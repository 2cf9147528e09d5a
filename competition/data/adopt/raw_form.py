"""The one form that a competition has inside the project, data/raw: written from what was found in a download."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from competition.common.csv import read_table, write_table
from competition.data.adopt.destination import link_or_copy
from competition.data.adopt.find_competition import FoundCompetition
from competition.data.boxes import BOX
from competition.data.image_files import is_image_name
from competition.data.label_sets import join_labels
from competition.settings.competition import CompetitionSettings


def settings_of(found: FoundCompetition, before: CompetitionSettings) -> dict[str, object]:
    """Return the values of section `competition` that go with what was found."""
    target = found.labels.target
    if target in (found.test.id, before.class_name, "group", "fold", "") or target in BOX or target in found.metadata:
        target = "target"
    answer = found.asked[0] if len(found.asked) == 1 and found.asked[0] != target else None
    group = before.group if found.group is None or before.group in found.source.frame else "group"
    return {"id": found.test.id, "target": target, "answer": answer, "group": "group" if found.group is None else group}


def write_raw(folder: Path, found: FoundCompetition, settings: CompetitionSettings) -> None:
    """Write train.csv, meta.csv, sample_submission.csv, test.csv and the images into `folder`."""
    source, labels = found.source, found.labels
    place = {label: index for index, label in enumerate(found.answer.classes)}
    texts = [join_labels(sorted(one, key=place.__getitem__)) for one in labels.sets]
    columns: dict[str, Sequence[str]] = {settings.id: source.ids, settings.target: texts}
    if found.group is not None:
        columns[settings.group] = found.group
    if source.fold is not None:
        columns["fold"] = source.fold
    boxes = [name for name in BOX if name in source.frame]
    for name in (*boxes, *found.metadata):
        columns[name] = source.frame[name].tolist()
    write_table(folder / "train.csv", list(columns), zip(*columns.values(), strict=True))
    names = [(label, found.names.get(label, label)) for label in found.answer.classes]
    write_table(folder / "meta.csv", [settings.target, settings.class_name], names)
    _write_test(folder, found, settings, boxes)
    for part, files in (("train", source.files), ("test", found.test.files)):
        (folder / part).mkdir()
        for id, file in files.items():
            target = folder / part / image_name(id, file)
            target.parent.mkdir(parents=True, exist_ok=True)
            link_or_copy(found.root / file, target)


def image_name(id: str, file: str) -> str:
    """Return the path of an ID's image below train/ or test/: the ID, with the file's extension if it has none."""
    return id if is_image_name(id) else id + os.path.splitext(file)[1].lower()


def _write_test(folder: Path, found: FoundCompetition, settings: CompetitionSettings, boxes: list[str]) -> None:
    sample = folder / "sample_submission.csv"
    if found.sample is not None and Path(found.sample).suffix.lower() in (".csv", ".tsv"):
        frame = read_table(found.root / found.sample).frame
        if frame.columns[0] == found.test.id:
            shutil.copyfile(found.root / found.sample, sample)
        else:
            header = [found.test.id, *found.asked]
            write_table(sample, header, frame[header].itertuples(index=False))
    else:
        write_sample(sample, found.test.ids, found.answer.form, found.answer.classes, settings)
    frame, beside = found.test.frame, [*boxes, *found.metadata]
    if frame is not None and (beside := [name for name in beside if name in frame]):
        rows = zip(found.test.ids, *(frame[name] for name in beside), strict=True)
        write_table(folder / "test.csv", [settings.id, *beside], rows)


def write_sample(
    path: Path, ids: Sequence[str], form: str, classes: Sequence[str], settings: CompetitionSettings
) -> None:
    """Write a sample submission with placeholders, for a competition that has none."""
    if form == "probabilities":
        header, cells = [settings.id, *classes], [repr(1 / len(classes))] * len(classes)
    else:
        header, cells = list(settings.submission_columns), ["0.5" if form == "probability" else classes[0]]
    write_table(path, header, ([id, *cells] for id in ids))
