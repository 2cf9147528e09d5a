"""Label fixes, a person's decisions in folds/label_fixes.csv: read, checked, written, applied to a competition.

The file has the columns ID,target and optionally reason; an empty target leaves the image out of training. Where an
image may have several labels, the target is all of them, `a|b`, and NO_LABELS that it has none. train.csv itself is
never edited, so that removing a row takes its decision back.
"""

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, replace
from pathlib import Path

from filelock import FileLock

from competition.common import paths
from competition.common.csv import class_hint, read_table, write_table
from competition.common.errors import ContractError, counted, examples, repeated
from competition.common.files import digest
from competition.common.names import match_names
from competition.data.competition import Competition
from competition.data.image_files import claims_to_be_image
from competition.data.label_sets import SEPARATOR, join_labels, split_labels

NO_LABELS = SEPARATOR
COLUMNS = ("ID", "target", "reason")


@dataclass(frozen=True)
class LabelFix:
    """Label fix, a person's decision about an image: its target, see above, or "" to leave it out of training."""

    id: str
    target: str
    reason: str = ""


def read_label_fixes(path: Path | str) -> list[LabelFix]:
    """Return the decisions in the file's order; [] without the file. Raises ContractError for an unusable file."""
    if not Path(path).is_file():
        return []
    frame = read_table(path).frame
    if not {"ID", "target"} <= set(frame) <= set(COLUMNS):
        raise ContractError(
            [
                f"{path}: expected the columns ID,target and optionally reason, found {examples(frame, most=20)}; "
                "rename, add or remove columns"
            ]
        )
    problems = []
    if empty := int((frame["ID"] == "").sum()):
        problems.append(f"{path}: {counted(empty, 'rows have')} no ID; fill it in or remove the row")
    if twice := [id for id in repeated(frame["ID"]) if id]:
        problems.append(
            f"{path}: {counted(len(twice), 'IDs are')} repeated: {examples(twice)}; keep one decision for each image"
        )
    if problems:
        raise ContractError(problems)
    reasons = frame["reason"] if "reason" in frame else [""] * len(frame)
    return [LabelFix(*row) for row in zip(frame["ID"], frame["target"], reasons, strict=True)]


def spelled_as_train(fixes: Sequence[LabelFix], competition: Competition) -> list[LabelFix]:
    """Return the decisions with their IDs as train.csv spells them, where they only look the same (see names)."""
    spelled = match_names((fix.id for fix in fixes), competition.train["ID"])
    return [replace(fix, id=spelled[fix.id]) for fix in fixes]


def with_label_fix(fixes: Sequence[LabelFix], fix: LabelFix) -> list[LabelFix]:
    """Return the decisions with `fix`: in the place of an earlier one about the same image, else at the end."""
    return list(({old.id: old for old in fixes} | {fix.id: fix}).values())


def write_label_fixes(path: Path | str, fixes: Sequence[LabelFix]) -> None:
    """Write the decisions as `read_label_fixes` reads them."""
    write_table(path, COLUMNS, [astuple(fix) for fix in fixes])


def decide(path: Path | str, new: Sequence[LabelFix], competition: Competition) -> list[LabelFix]:
    """Write the decisions `new`, each in the place of an earlier one about its image; return all there are then.

    Of two commands at once the second waits. Raises ContractError, with nothing written, for what can't be decided.
    """
    paths.LOCKS.mkdir(parents=True, exist_ok=True)
    with FileLock(paths.LOCKS / "label_fixes.lock"):
        fixes = spelled_as_train(read_label_fixes(path), competition)
        for fix in new:
            fixes = with_label_fix(fixes, fix)
        check_label_fixes(path, fixes, competition)
        if new:
            write_label_fixes(path, fixes)
    return fixes


def check_decision(fix: LabelFix, competition: Competition) -> None:
    """Raise ContractError for a decision, not written yet, about an image or for a class that the competition lacks."""
    problems, train = [], competition.root / "train.csv"
    if fix.id not in set(competition.train["ID"]):
        problems.append(f"{fix.id}: no such ID in {train}; {_id_hint(fix.id, competition.train['ID'])}")
    labels = [label for label in _labels(fix.target, competition) if label]
    if unknown := [label for label in labels if label not in competition.class2index]:
        problems.append(f"{examples(unknown)}: no class of {train}; {class_hint(unknown, competition.targets)}")
    if problems:
        raise ContractError(problems)


def _id_hint(unknown: str, ids: Iterable[str]) -> str:
    known = set(ids)
    if not claims_to_be_image(unknown) or any(map(claims_to_be_image, known)):
        return "write it as it stands there"
    plain = unknown.rpartition(".")[0]
    return f"IDs have no extension there{f', so write {plain}' if plain in known else ''}"


def check_label_fixes(path: Path | str, fixes: Sequence[LabelFix], competition: Competition) -> None:
    """Raise ContractError with every decision about an image, or for a class, that the competition doesn't have."""
    problems, known = [], set(competition.train["ID"])
    train = competition.root / "train.csv"
    if twice := repeated(fix.id for fix in fixes):
        problems.append(
            f"{path}: {counted(len(twice), 'IDs are')} repeated: {examples(twice)}; keep one decision for each image"
        )
    if unknown_ids := [fix.id for fix in fixes if fix.id not in known]:
        problems.append(
            f"{path}: {counted(len(unknown_ids), 'IDs are')} not in {train}: {examples(unknown_ids)}; correct or "
            f"remove the rows; if they were decided for another competition, keep that file elsewhere and leave only "
            f"the header {','.join(COLUMNS)} in this one"
        )
    of_fix = [[label for label in _labels(fix.target, competition) if label] for fix in fixes]
    if unknown := list(
        dict.fromkeys(label for labels in of_fix for label in labels if label not in competition.class2index)
    ):
        rows = sum(not set(unknown).isdisjoint(labels) for labels in of_fix)
        problems.append(
            f"{path}: {counted(rows, 'rows have')} an unknown class: {examples(unknown)}; "
            f"{class_hint(unknown, competition.targets)}"
        )
    if not problems and fixes and len(_occurring(apply_label_fixes(competition, fixes))) < 2:
        problems.append(
            f"{path}: less than two classes are left; there is nothing to tell apart, take some decisions back"
        )
    if problems:
        raise ContractError(problems)


def apply_label_fixes(competition: Competition, fixes: Sequence[LabelFix]) -> Competition:
    """Return the competition with the decided targets, without the images that are left out; its classes stay."""
    decided = {fix.id: decided_text(fix, competition) for fix in fixes if fix.target}
    left_out = {fix.id for fix in fixes if not fix.target}
    train = competition.train
    train = train.assign(
        target=[decided.get(id, target) for id, target in zip(train["ID"], train["target"], strict=True)]
    )
    train = train[~train["ID"].isin(left_out)].reset_index(drop=True)
    left = set(train["ID"])
    return replace(
        competition, train=train, train_paths={id: path for id, path in competition.train_paths.items() if id in left}
    )


def decided_text(fix: LabelFix, competition: Competition) -> str:
    """Return the decided labels as train.csv has them: several in the order of the classes, "" for none of them."""
    if not competition.task.several:
        return fix.target
    cell = join_labels(label for label in split_labels(fix.target) if label)
    return competition.task.decode(competition.task.encode([cell]))[0]


def _labels(target: str, competition: Competition) -> Sequence[str]:
    return split_labels(target) if competition.task.several else [target]


def _occurring(competition: Competition) -> set[str]:
    return {label for target in competition.train["target"] for label in _labels(target, competition)}


def label_fix_facts(path: Path | str, fixes: Sequence[LabelFix], competition: Competition) -> dict:
    """Return what was decided about the original `competition`, for folds/audit.json and the lineage.

    `digest` is the file's, None without decisions; `changed`, `left_out` and `confirmed` (decided as it was) count
    `decisions`.
    """
    target = dict(zip(competition.train["ID"], competition.train["target"], strict=True))
    decided = [decided_text(fix, competition) for fix in fixes]
    kinds = [
        "left_out" if not fix.target else "confirmed" if text == target[fix.id] else "changed"
        for fix, text in zip(fixes, decided, strict=True)
    ]
    return {
        "digest": digest(Path(path)) if fixes else None,
        **{kind: kinds.count(kind) for kind in ("changed", "left_out", "confirmed")},
        "decisions": [
            {"ID": fix.id, "from": target[fix.id], "to": text if fix.target else None, "reason": fix.reason}
            for fix, text in zip(fixes, decided, strict=True)
        ],
    }
