"""Corrections made training data: images copied into train/, rows added to train.csv; known images get label fixes.

added.csv beside the corrections has each ID with the target that was last taken from there. So a correction is taken
once: what a person has decided since then stays (another label fix, a row taken out again), and a correction that was
changed in the browser is taken again.
"""

import shutil
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from competition.common.csv import class_hint, read_table, write_table
from competition.common.errors import ContractError, counted, examples
from competition.common.files import file_sha256, replace_file
from competition.data.competition import Competition
from competition.data.given_folds import FOLD, free_folds, read_given_folds
from competition.data.label_sets import split_labels
from competition.labels.corrections import CORRECTIONS, read_corrections, read_rows, write_rows
from competition.labels.fixes import NO_LABELS, LabelFix, decided_text
from competition.settings.competition import CompetitionSettings

ADDED = "added.csv"
REASON = "corrected in the browser"


@dataclass(frozen=True)
class AddedCorrections:
    """What becomes of corrections. new: ID -> target of images to add; fixes: about images that train.csv has.

    test: IDs of those that are test images, which no person may label; known: IDs of those that were taken before, or
    that train.csv or a label fix already says; conflicts: what differs from a decision made elsewhere, in words; taken:
    ID -> target, for added.csv.
    """

    new: dict[str, str] = field(default_factory=dict)
    fixes: list[LabelFix] = field(default_factory=list)
    test: list[str] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    taken: dict[str, str] = field(default_factory=dict)


def sort_corrections(folder: Path, competition: Competition, decided: Sequence[LabelFix]) -> AddedCorrections:
    """Return what becomes of the corrections in `folder`; decided: the label fixes there are.

    Raises ContractError with everything that is wrong.
    """
    corrections, before = read_corrections(folder), read_rows(folder / ADDED)
    _check(folder, corrections, competition)
    now = dict(zip(competition.train["ID"], competition.train["target"], strict=True))
    fixes = {fix.id: fix for fix in decided}
    unknown = [id for id in corrections if id not in now]
    train = _same_files(folder, unknown, competition.train_paths)
    test = _same_files(folder, unknown, competition.test_paths)
    # of a competition that was brought in anew nothing that was added is left
    is_there = any(id in now or (competition.root / "train" / id).is_file() for id in before)
    found = AddedCorrections(test=list(test.values()), taken=dict(before))
    for id, target in corrections.items():
        own = id if id in now else train.get(id)
        if id in test:
            continue
        if before.get(id) == target and (own or is_there):
            found.known.append(id)
        elif own is None:
            found.new[id] = target
        elif conflict := _sort_known(
            found, id, LabelFix(own, target or NO_LABELS, REASON), fixes.get(own), competition
        ):
            found.conflicts.append(conflict)
            continue
        found.taken[id] = target
    return found


def _sort_known(
    found: AddedCorrections, id: str, fix: LabelFix, decided: LabelFix | None, competition: Competition
) -> str:
    """Put the correction `id`, of an image that train.csv has, where it belongs; or return what it differs from.

    decided: the image's label fix. What was taken from the corrections before may be changed, and nothing else.
    """
    target = decided_text(fix, competition)
    if decided:
        now = decided_text(decided, competition) if decided.target else None
        agrees, is_ours = now == target, decided.reason == REASON
        says = f"the label fix of {fix.id} {'leaves it out' if now is None else f'says {now or NO_LABELS}'}"
    else:
        now = competition.train.set_index("ID").at[fix.id, "target"]
        agrees, is_ours = id == fix.id and now == target, id != fix.id or found.taken.get(id) == now
        says = f"train.csv says {now or NO_LABELS}"
    if not agrees and not is_ours:
        return f"{id} is {fix.target}, but {says}"
    if agrees:
        found.known.append(id)
    else:
        found.fixes.append(fix)
    return ""


def add_to_training(
    folder: Path, new: Mapping[str, str], competition: Competition, settings: CompetitionSettings, fold: str = ""
) -> None:
    """Copy the images `new`, ID -> target, into the competition's train/, and add their rows to its train.csv.

    fold: see `fold_of_added`.
    """
    for id in new:
        with replace_file(competition.root / "train" / id) as temporary:
            shutil.copyfile(folder / id, temporary)
    path = competition.root / "train.csv"
    frame = read_table(path, strip=False).frame
    names = {name.strip(): name for name in frame}
    fixed = {names[FOLD]: fold} if FOLD in names else {}
    rows = [
        [{names[settings.id]: id, names[settings.target]: target, **fixed}.get(name, "") for name in frame]
        for id, target in new.items()
    ]
    write_table(path, list(frame), [*frame.itertuples(index=False, name=None), *rows])


def write_added(folder: Path, taken: Mapping[str, str]) -> None:
    """Write down what was taken, once it has been."""
    write_rows(folder / ADDED, taken)


def fold_of_added(settings: CompetitionSettings, folds: Sequence[int], asked: int | None) -> str:
    """Return what added rows have in train.csv's column `fold`: `asked`, or "" where `split` deals them out.

    folds: all that `split` makes. Raises ValueError where every fold is given, so that `split` would have none for
    them, and for a fold that there is not.
    """
    given, path = read_given_folds(settings), Path(settings.root) / "train.csv"
    if not given:
        if asked is not None:
            raise ValueError(f"--fold {asked}: {path} has no column {FOLD}; leave the option out")
        return ""
    if asked is None and not free_folds(given.values(), len(folds)):
        raise ValueError(
            f"{path}: column {FOLD} gives every image its fold, so name one for the added images with --fold: "
            f"{examples(folds)}"
        )
    if asked is not None and asked not in folds:
        raise ValueError(f"--fold {asked}: expected one of {examples(folds)}")
    return "" if asked is None else str(asked)


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
