"""Corrections made training data: images copied into train/, rows added to train.csv; known images get label fixes."""

import shutil
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from competition.common.csv import class_hint, read_table, write_table
from competition.common.errors import ContractError, counted, examples
from competition.common.files import file_sha256, replace_file
from competition.data.competition import Competition
from competition.data.label_sets import split_labels
from competition.labels.corrections import CORRECTIONS, read_corrections
from competition.labels.fixes import NO_LABELS, LabelFix
from competition.settings.competition import CompetitionSettings


@dataclass(frozen=True)
class AddedCorrections:
    """What becomes of corrections. new: ID -> target of images to add; fixes: about images that train.csv has.

    test: IDs of those that are test images, which no person may label; known: added before, and left as they are.
    """

    new: dict[str, str]
    fixes: list[LabelFix]
    test: list[str]
    known: list[str]


def sort_corrections(folder: Path, competition: Competition) -> AddedCorrections:
    """Return what becomes of the corrections in `folder`. Raises ContractError with everything that is wrong."""
    corrections = read_corrections(folder)
    _check(folder, corrections, competition)
    there = set(competition.train["ID"])
    unknown = {id: target for id, target in corrections.items() if id not in there}
    train = _same_files(folder, unknown, competition.train_paths)
    test = _same_files(folder, unknown, competition.test_paths)
    new = {id: target for id, target in unknown.items() if id not in train and id not in test}
    fixes = [
        LabelFix(train[id], target or NO_LABELS, "corrected in the browser")
        for id, target in unknown.items()
        if id in train and id not in test
    ]
    return AddedCorrections(new, fixes, list(test.values()), [id for id in corrections if id in there])


def add_to_training(
    folder: Path, new: Mapping[str, str], competition: Competition, settings: CompetitionSettings
) -> None:
    """Copy the images `new`, ID -> target, into the competition's train/, and add their rows to its train.csv."""
    for id in new:
        with replace_file(competition.root / "train" / id) as temporary:
            shutil.copyfile(folder / id, temporary)
    path = competition.root / "train.csv"
    frame = read_table(path, strip=False).frame
    names = {name.strip(): name for name in frame}
    columns = {names[settings.id]: 0, names[settings.target]: 1}
    rows = [[row[columns[name]] if name in columns else "" for name in frame] for row in new.items()]
    write_table(path, list(frame), [*frame.itertuples(index=False, name=None), *rows])


def _check(folder: Path, corrections: Mapping[str, str], competition: Competition) -> None:
    path, several = folder / CORRECTIONS, competition.task.several
    if not corrections:
        raise ContractError([f"{path}: no corrections there; python -m pipelines.serve writes them"])
    problems = []
    if missing := [id for id in corrections if not (folder / id).is_file()]:
        problems.append(f"{path}: {counted(len(missing), 'IDs have')} no image beside it: {examples(missing)}")
    labels = {label for text in corrections.values() for label in (split_labels(text) if several else [text])}
    if unknown := sorted(labels - set(competition.targets)):
        problems.append(f"{path}: unknown classes: {examples(unknown)}; {class_hint(unknown, competition.targets)}")
    if problems:
        raise ContractError(problems)


def _same_files(folder: Path, ids: Iterable[str], paths: Mapping[str, Path]) -> dict[str, str]:
    """Return those of `ids` whose file in `folder` has the same bytes as one of `paths`, and that one's ID."""
    by_size = defaultdict(list)
    for id, path in paths.items():
        by_size[path.stat().st_size].append(id)
    found = {}
    for id in ids:
        alike = by_size.get((folder / id).stat().st_size, [])
        digest = file_sha256(folder / id) if alike else ""
        same = next((other for other in alike if file_sha256(paths[other]) == digest), None)
        if same is not None:
            found[id] = same
    return found
