"""The training images with what says their labels: a table, JSON annotations, class folders, file names."""

from dataclasses import dataclass, field

import pandas as pd

from competition.common.errors import ContractError, counted, examples
from competition.data.adopt.beside import GROUP_WORDS
from competition.data.adopt.file_labels import FIRST_DOT, class_folders_of, labels_in_names
from competition.data.adopt.folder_names import part_of
from competition.data.adopt.given_split import VALIDATION_FOLD
from competition.data.adopt.image_folders import choose_folder
from competition.data.adopt.image_index import ImageIndex, image_problems, is_below, unsafe_ids
from competition.data.adopt.json_annotations import JsonImages
from competition.data.adopt.nearly_named import almost_named
from competition.data.adopt.options import Options
from competition.data.adopt.roles import Roles
from competition.data.adopt.split_column import GIVEN, folds_of
from competition.data.adopt.survey import FoundTable, Survey, holds_file_names
from competition.data.adopt.unread_labels import LABELS_TABLE, unread_labels

ROWS = 0.5  # a column of fewer different cells is no ID, but a class or a group that is called as images are


@dataclass(eq=False)
class Source:
    """N training images. where: which file or folder says their labels."""

    where: str
    ids: list[str]
    files: dict[str, str]  # ID -> image
    folder: str  # that holds them
    frame: pd.DataFrame = field(default_factory=pd.DataFrame)  # what stands beside the IDs, (N, ...)
    sets: list[tuple[str, ...]] | None = None  # labels; None: in the frame
    what: str = ""  # for the reason
    groups: list[str] | None = None
    fold: list[str] | None = None  # "0" for the validation part of a given split, "" for the rest
    names: dict[str, str] = field(default_factory=dict)  # class -> readable name
    notes: list[str] = field(default_factory=list)
    guessed: bool = False  # labels: from file names, and nobody said so


def find_source(
    survey: Survey, roles: Roles, annotated: JsonImages | None, test_files: dict[str, str], options: Options
) -> Source:
    """Return the training images: by the pattern that was told, else by table, annotations, folders, file names.

    test_files: the test part's images, ID -> file, as far as they are known. Raises ContractError where nothing says
    the labels.
    """
    if options.label_from is not None:
        return _of_names(survey, test_files, options)
    if roles.train is not None:
        return _of_table(survey, roles, options)
    if annotated is not None:
        return _of_annotations(survey, annotated, options)
    if not options.class_folders and (problems := almost_named(survey, roles.unused)):
        raise ContractError(problems)
    found = class_folders_of(survey.index, test_files.values(), options.train_images)
    source = _of_folders(survey.index, found) if found else _of_names(survey, test_files, options)
    if source.ids:
        if problems := unread_labels(survey):  # what the folders mean, the table would have said
            raise ContractError(problems)
        return source
    not_read = [*survey.unread, *filter(LABELS_TABLE.search, survey.others)]
    unread = f"; not read: {examples(not_read)}" if not_read else ""
    named_by = [f"{table.name} ({_first_cells(table)})" for table in roles.unused if table.id is None]
    unread += f"; none of their names stands in {examples(named_by, most=3)}" if named_by else ""
    raise ContractError(
        [
            f"{survey.root}: nothing says the labels of the {len(survey.index.files)} images: no table whose IDs "
            "they are, no "
            f"annotations, no class folders{unread}; name the IDs' column with --id, or the place of the label in "
            "file names such "
            f"as {survey.index.files[0]} with --label-from, for example {FIRST_DOT!r}"
        ]
    )


def _first_cells(table: FoundTable) -> str:
    cells = table.frame.iloc[0] if len(table.frame) else ["no rows"] * len(table.frame.columns)
    return examples((f"{name}: {cell}" for name, cell in zip(table.frame, cells, strict=True)), most=3)


def _of_table(survey: Survey, roles: Roles, options: Options) -> Source:
    table, index = roles.train, survey.index
    frame, ids, fold, notes = table.frame, table.ids, None, [roles.note] if roles.note else []
    if roles.validation is not None:
        frame = pd.concat([frame, roles.validation.frame], ignore_index=True)
        ids = [*ids, *roles.validation.ids]
        fold = [""] * len(table.ids) + ["0"] * len(roles.validation.ids)
        notes.append(f"{roles.validation.name}: the given validation part, {len(roles.validation.ids)} images: fold 0")
    where = str(survey.root / table.name)
    if fold is None and GIVEN not in (*roles.asked, options.target, options.group):
        fold, note = folds_of(frame, table.name)
        notes += [note] if note else []
    if "" in ids:
        raise ContractError(
            [f"{where}: {counted(ids.count(''), 'rows have')} no {table.id}; fill it in or remove the row"]
        )
    if problems := unsafe_ids(where, ids):
        raise ContractError(problems)
    _check_one_image_a_row(where, table, frame, index)
    choice = choose_folder(index, ids, "train", options.train_images)
    found = index.find(ids, choice.folder)
    if problems := image_problems(
        where, found, survey.place(choice.folder), "train", survey.files, survey.root, choice.others
    ):
        raise ContractError(problems)
    files = {id: paths[0] for id, paths in found.items()}
    beside = frame.drop(columns=table.id)
    return Source(where, ids, files, choice.folder, beside, fold=fold, notes=[*notes, *filter(None, [choice.note])])


def _check_one_image_a_row(where: str, table: FoundTable, frame: pd.DataFrame, index: ImageIndex) -> None:
    probed, named = frame.head(200), holds_file_names(frame[table.id])
    for column in table.also:
        numbers = named and not holds_file_names(frame[column])  # rows may have numbers that images are called by
        if numbers or frame[column].nunique() < ROWS * len(frame):
            continue
        pairs = zip(probed[table.id], probed[column], strict=True)
        apart = [1 for one, other in pairs if not set(index.candidates(one)) & set(index.candidates(other))]
        if len(apart) > len(probed) / 2:
            raise ContractError(
                [
                    f"{where}: columns {table.id} and {column} name different images of one row; several images a "
                    "row can't be learnt from: keep one of the columns, or say which one it is with --id"
                ]
            )


def _of_annotations(survey: Survey, found: JsonImages, options: Options) -> Source:
    ids = found.images.there(survey.index)
    sets = [found.labels_of[number] for number in ids]
    left = len(found.labels_of) - len(ids)
    notes = [f"{found.name}: {counted(left, 'images are')} not there; left out"] if left else []
    paths, choice = found.images.files(ids, survey.index, "train", options.train_images)
    place = survey.place(choice.folder)
    if problems := image_problems(found.name, paths, place, "train", survey.files, survey.root, choice.others):
        raise ContractError(problems)
    files = {id: some[0] for id, some in paths.items()}
    fields = dict.fromkeys(key for id in ids[:1] for key in found.beside[id])
    group = options.group or next((key for key in fields if GROUP_WORDS.search(key)), None)
    frame = pd.DataFrame(
        {group: ["" if (value := found.beside[id].get(group)) is None else str(value) for id in ids]}
        if group in fields
        else {}
    )
    what, notes = f"an annotation of {found.name}", [*notes, *filter(None, [choice.note])]
    return Source(found.name, ids, files, choice.folder, frame, sets=sets, what=what, names=found.names, notes=notes)


def _of_folders(index: ImageIndex, found: dict[str, tuple[str, str]]) -> Source:
    file, (_, name) = next(iter(found.items()))
    folder = file.rpartition(f"{name}/")[0].rstrip("/")
    beside = {one.rpartition("/")[0].rpartition("/")[0] for one in index.files if one not in found}
    above = folder.rpartition("/")[0]
    given = [one for one in beside if one.rpartition("/")[0] == above and part_of(one.rpartition("/")[2]) == "val"]
    notes, fold = [f"labels: the names of the folders in {folder or 'the download'}"], [""] * len(found)
    if given and (validation := class_folders_of(index, (), given[0])):
        fold += [VALIDATION_FOLD] * len(validation)
        notes.append(f"{given[0]}: the given validation part, {len(validation)} images: fold {VALIDATION_FOLD}")
        by_path = {**found, **validation}
        found = {path: (path.removeprefix(f"{above}/"), label) for path, (_, label) in by_path.items()}
    files = {id: path for path, (id, _) in found.items()}
    sets = [(label,) for _, label in found.values()]
    folds = fold if VALIDATION_FOLD in fold else None
    return Source(folder or ".", list(files), files, folder, sets=sets, what="its folder", fold=folds, notes=notes)


def refuse_folders_as_ids(survey: Survey) -> None:
    """Raise ContractError where a table's IDs name folders of several images."""
    for table in survey.tables:
        for column in table.frame:
            different = set(table.frame[column].iloc[:200])
            if len(different) < len(table.frame.iloc[:200]):
                continue
            named = [id for id in sorted(different) if survey.index.folders_named(id)]
            if named and len(named) > len(different) / 2:
                raise ContractError(
                    [
                        f"{survey.root / table.name}: {column} names folders of several images ({examples(named)}); "
                        "several images a row can't be learnt from: write a row for each image, with --group for what "
                        "belongs together"
                    ]
                )


def _of_names(survey: Survey, test_files: dict[str, str], options: Options) -> Source:
    tests = set(test_files.values())
    left = [file for file in survey.index.files if file not in tests]
    folder = options.train_images.strip("/") if options.train_images else ""
    hinted = [file for file in left if "train" in file.rpartition("/")[0].lower()]
    chosen = [file for file in left if is_below(file, folder)] if folder else (hinted or left)
    found = labels_in_names(chosen, options.label_from, folder)
    pattern = options.label_from or FIRST_DOT
    note = f"labels: from file names, {pattern}" + ("" if options.label_from else " (--label-from decides)")
    ids = [id for id, _, _ in found.values()]
    if len(set(ids)) < len(ids):
        raise ContractError(
            [
                f"{survey.root}: images in several folders have the same names; name the training images' folder "
                "with --train-images"
            ]
        )
    groups = [group for _, _, group in found.values()]
    return Source(
        folder or "file names",
        ids,
        dict(zip(ids, found, strict=True)),
        folder,
        sets=[(label,) for _, label, _ in found.values()],
        what="its file's name",
        groups=groups if any(groups) else None,
        notes=[note] if found else [],
        guessed=options.label_from is None,
    )
