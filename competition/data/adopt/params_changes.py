"""What an adoption changes in params.yaml: columns, task, and what doesn't go with the task."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from competition.settings import edit
from competition.settings.competition import CompetitionSettings
from competition.settings.load import load_settings
from competition.settings.rules import RulesSettings
from competition.settings.task import TaskSettings

Changes = Mapping[tuple[str, ...], object]
TABULAR = "tabular"  # member, called as its kind


def changes_of(
    columns: Mapping[str, object], task: Mapping[str, object], old: tuple[CompetitionSettings, TaskSettings]
) -> dict[tuple[str, ...], object]:
    """Return (section, key) -> value of what is to be changed. columns, task: values of the two sections' keys."""
    competition, before = old
    found = {("competition", key): value for key, value in columns.items() if getattr(competition, key) != value}
    return found | {("task", key): value for key, value in task.items() if getattr(before, key) != value}


def with_consequences(
    changes: Changes, params: Path, scores: str, metadata: bool | None = None
) -> dict[tuple[str, ...], object]:
    """Return `changes` with what doesn't go with them in the settings file set right. scores: what the metric takes.

    There is no specialist where an image has several labels or probabilities are scored, and nothing is adapted to
    several labels. Where no external data are allowed, members that start from weights of such aren't trained, and name
    none, if others are left that aren't there as a guard. metadata: whether there are columns beside the image in
    both parts, from which a member of kind tabular learns; None: not known, such a member stays as it is.
    """
    settings, found = load_settings(params), dict(changes)
    several = found.get(("task", "labels"), settings.task.labels) == "multi"
    if (several or scores != "labels") and settings.specialize.base:
        found["specialize", "base"] = []
    if several and settings.adapt.members:
        found["adapt", "members"] = []
    if found.get(("rules", "external_data")) is False:
        rules, trained = RulesSettings(external_data=False), settings.train.members
        allowed = [name for name in trained if not rules.broken_by(name, settings.members[name].weights_source)]
        able = [name for name in allowed if not settings.members[name].guard_size]
        if able and len(allowed) < len(trained):
            found["train", "members"] = allowed
            found |= {("members", name, "weights"): "none" for name in trained if name not in allowed}
    others = [name for name in settings.train.members if settings.members[name].kind != TABULAR]
    if metadata and "members" in settings.model_fields_set and len(others) == len(settings.train.members):
        if TABULAR not in settings.members:
            found["members", TABULAR] = {"kind": TABULAR}
        found["train", "members"] = [*others, TABULAR]
    if metadata is False and 0 < len(others) < len(settings.train.members):
        found["train", "members"] = others
    return found


def check_changes(params: Path, changes: Changes) -> None:
    """Raise ValueError if the settings won't do with `changes`; the file stays as it is."""
    copy = params.with_name(f".{params.name}.{os.getpid()}.adopt")  # in its folder, since plugins are named from there
    try:
        shutil.copyfile(params, copy)
        write_changes(copy, changes)
    except ValueError as error:
        raise ValueError(str(error).replace(str(copy), str(params))) from error
    finally:
        copy.unlink(missing_ok=True)


def write_changes(params: Path, changes: Changes) -> None:
    """Write `changes` into the settings file, checked; every other byte stays."""
    edit.apply(params, changes, load_settings)


def lines_of(changes: Changes) -> list[str]:
    """Return "task.answer: probability" of each change."""
    return [f"{'.'.join(keys)}: {edit.block(['x'], value)[3:].strip()}" for keys, value in changes.items()]
