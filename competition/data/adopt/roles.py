"""Which table is which: the training table, the sample submission, the test table; by columns, IDs and values."""

import re
from dataclasses import dataclass, field
from pathlib import PurePath

from competition.common.errors import ContractError, counted, examples
from competition.data.adopt.split_column import parted
from competition.data.adopt.survey import FoundTable, Survey

VALIDATION = re.compile(r"(^|[^a-z])(val|valid|validation|dev)([^a-z]|$)")
SUBMISSION = re.compile(r"submission|submit")
LABELLED = re.compile(r"train|label")


@dataclass(frozen=True, eq=False)
class Roles:
    """The tables of a download by what they are for."""

    sample: FoundTable | None = None
    train: FoundTable | None = None
    validation: FoundTable | None = None  # a given split: the training table's columns, other IDs
    test: FoundTable | None = None
    unused: list[FoundTable] = field(default_factory=list)
    note: str = ""

    @property
    def asked(self) -> tuple[str, ...]:
        """The sample submission's columns behind the ID."""
        return tuple(self.sample.others) if self.sample else ()


def find_roles(survey: Survey, target: str | None = None) -> Roles:
    """Return the tables by what they are for. target: the label's column, as told.

    Raises ContractError where that is unclear.
    """
    sample = find_sample(survey)
    left = [table for table in survey.tables if sample is None or table.name != sample.name]
    test_ids = set(sample.ids) if sample else set()
    wanted = ({*sample.others} if sample else set()) | ({target} if target else set())
    tests = [table for table in left if _is_test(table, test_ids, wanted)]
    if sample is None:
        tests += _labelled_tests(left, tests)
    labelled = [table for table in left if table not in tests and table.id is not None and table.others]
    labelled = labelled or [table for table in survey.listings if table.id is not None and table not in tests]
    train = _choose_train(labelled, test_ids, wanted, survey)
    if train is not None and sample is not None and sample.id in train.also:
        train = FoundTable(train.name, train.frame, sample.id, (), train.separator)
    validation = next((table for table in labelled if train and _is_validation(table, train)), None)
    test = max(tests, key=lambda table: len(table.frame.columns), default=None)
    parts, note = parted(train) if train is not None else ({}, "")
    if sample is not None and [*parts] == ["train"]:
        parts["train"], note = _without_unlabelled_tests(train, test_ids, wanted)
    train, validation, test = parts.get("train"), parts.get("val", validation), test or parts.get("test")
    used = [table.name for table in (sample, train, validation, test) if table is not None]
    unused = [table for table in survey.tables if table.name not in used]
    return Roles(sample, train, validation, test, unused, note)


def find_sample(survey: Survey) -> FoundTable | None:
    """Return the sample submission: by its name, else by its placeholders; None without one."""
    if unread := [line for line in survey.unread if SUBMISSION.search(PurePath(line.partition(": ")[0]).name.lower())]:
        raise ContractError(unread)
    named = [table for table in survey.tables if SUBMISSION.search(table.base)]
    named = named or [table for table in survey.tables if _called_sample(table, survey.tables)]
    found = named or [table for table in survey.tables if _holds_placeholders(table, survey.tables)]
    if not found:
        return None
    most = max(len(table.frame) for table in found)
    largest = [table for table in found if len(table.frame) == most]
    different = any(list(table.frame.columns) != list(largest[0].frame.columns) for table in largest)
    listed = {*largest[0].frame.iloc[:, 0]}
    if different or any(not {*table.frame.iloc[:, 0]} <= listed for table in found):
        names = examples(table.name for table in (largest if different else found))
        raise ContractError([f"{survey.root}: several sample submissions: {names}; leave the one in that is meant"])
    sample = _with_first_column_as_id(largest[0], survey)
    if sample.frame.empty:
        raise ContractError(
            [f"{survey.root / sample.name}: has no rows; it lists the test images: download it again, or take it away"]
        )
    if indices := [column for column in sample.others if re.fullmatch(r"(unnamed.*)?", column.lower())]:
        raise ContractError(
            [
                f"{survey.root / sample.name}: a column of row numbers ({indices[0]!r}) beside {sample.id}; take it "
                "out if the site doesn't want it, else give it a name"
            ]
        )
    return sample


def _called_sample(table: FoundTable, tables: list[FoundTable]) -> bool:
    """Return whether the table is called a sample, unless it is the only one that names images, and with labels."""
    alone = table.id is not None and not any(other.id is not None for other in tables if other is not table)
    labels = alone and any(table.frame[column].nunique() > 1 for column in table.others)
    return "sample" in table.base and not LABELLED.search(table.base) and not labels


def _with_first_column_as_id(table: FoundTable, survey: Survey) -> FoundTable:
    """A sample submission's ID is its first column, unless another one alone names images."""
    if table.id is not None or table.frame.empty:
        return table
    first = table.frame.columns[0]
    return FoundTable(table.name, table.frame, first, (), table.separator)


def _holds_placeholders(table: FoundTable, tables: list[FoundTable]) -> bool:
    if table.id is None or not table.others or len(table.frame) < 2:
        return False
    same = all(table.frame[column].nunique() == 1 for column in table.others)
    others = (other for other in tables if other is not table and other.id is not None)
    labelled = any(len(set(other.ids) - set(table.ids)) > 0 for other in others)
    return same and labelled


def _is_test(table: FoundTable, test_ids: set[str], wanted: set[str]) -> bool:
    """Return whether the table lists test images: the sample's IDs, or under such a name nothing that is asked for."""
    named = _called_test(table)
    if test_ids and _ids_column(table, test_ids) is not None:  # both parts may have the same numbers
        return named or not wanted & {*table.others}
    return named and table.id is not None and not wanted & {*table.others}


def _labelled_tests(tables: list[FoundTable], tests: list[FoundTable]) -> list[FoundTable]:
    """Return the further tables that are called as a test part is, with labels, where another one is to learn from."""
    called = [table for table in tables if _called_test(table) and table.id is not None and table not in tests]
    others = [table for table in tables if table.id is not None and table not in [*tests, *called]]
    return called if any({*table.frame} <= {*other.frame} for table in called for other in others) else []


def _without_unlabelled_tests(train: FoundTable, test_ids: set[str], wanted: set[str]) -> tuple[FoundTable, str]:
    """Return the training table without the rows of test images, if these have no label, and a note."""
    frame, rows = train.frame, train.frame[train.id].isin(test_ids)
    columns = [column for column in train.others if column in wanted]
    if not rows.any() or not columns or (frame.loc[rows, columns] != "").any(axis=None):
        return train, ""
    note = f"{train.name}: {counted(int(rows.sum()), 'rows')} of test images without a label left out"
    return FoundTable(train.name, frame[~rows].reset_index(drop=True), train.id, train.also, train.separator), note


def _called_test(table: FoundTable) -> bool:
    return "test" in table.base and "train" not in table.base


def _ids_column(table: FoundTable, ids: set[str]) -> str | None:
    """Return the column that holds `ids` and nothing else."""
    return next(
        (column for column in table.frame.columns if 0 < len(table.frame) and {*table.frame[column]} == ids), None
    )


def _choose_train(
    labelled: list[FoundTable], test_ids: set[str], wanted: set[str], survey: Survey
) -> FoundTable | None:
    """Return the table with what is asked for, then of most images, then with most of it, then a row for each image.

    A tenth of the largest is the least: a table of the classes may show an image of each.
    """
    largest = max((len({*table.ids}) for table in labelled), default=0)

    def rank(table: FoundTable) -> tuple:
        different = set(table.ids)
        named = any(word in table.base for word in ("train", "label")) and not VALIDATION.search(table.base)
        return (
            bool(wanted & {*table.others}) and 10 * len(different) >= largest,
            len(different),
            len(wanted & {*table.others}),
            len(different) == len(table.ids),
            named,
        )

    ranked = sorted(labelled, key=rank, reverse=True)
    if len(ranked) > 1 and rank(ranked[0]) == rank(ranked[1]):
        names = examples(table.name for table in ranked if rank(table) == rank(ranked[0]))
        raise ContractError(
            [
                f"{survey.root}: several tables may hold the labels: {names}; --target names the label's column, or "
                "leave one of them in"
            ]
        )
    return ranked[0] if ranked else None


def _is_validation(table: FoundTable, train: FoundTable) -> bool:
    same = table is not train and list(table.frame.columns) == list(train.frame.columns)
    return bool(same and VALIDATION.search(table.base) and not set(table.ids) & set(train.ids))
