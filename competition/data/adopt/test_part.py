"""The test images: listed by the sample submission, else by a test table, a JSON file or their folder."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from competition.common.errors import ContractError, counted, examples, repeated
from competition.data.adopt.image_folders import choose_folder
from competition.data.adopt.image_index import image_problems, unsafe_ids
from competition.data.adopt.json_annotations import JsonImages
from competition.data.adopt.named_files import NamedImages
from competition.data.adopt.options import Options
from competition.data.adopt.roles import Roles
from competition.data.adopt.survey import Survey
from competition.data.adopt.test_table import rows_beside

FEW = 0.5  # fewer of the IDs with an image, and they are looked for elsewhere


@dataclass(frozen=True, eq=False)
class TestPart:
    """M test images. where: the file or folder that lists them."""

    __test__ = False  # pytest: no test case

    where: str
    id: str  # what the ID's column is called
    ids: list[str]
    files: dict[str, str]  # ID -> image
    frame: pd.DataFrame | None = None  # what stands beside the IDs in a test table, (M, ...)
    notes: tuple[str, ...] = ()


def find_test_part(
    survey: Survey,
    roles: Roles,
    documents: list[JsonImages],
    train_ids: list[str],
    train_folder: str | None,
    options: Options,
) -> TestPart:
    """Return the test images. train_folder: the training images', where it is known already. Raises ContractError."""
    where, column, ids = _listing(survey, roles, documents, train_ids, train_folder, options)
    if "" in ids:
        raise ContractError([f"{where}: {counted(ids.count(''), 'rows have')} no ID; fill it in or remove the row"])
    if problems := unsafe_ids(where, ids):
        raise ContractError(problems)
    if twice := repeated(ids):
        raise ContractError(
            [f"{where}: {counted(len(twice), 'IDs are')} repeated: {examples(twice)}; one row for each image"]
        )
    files, note = _files(survey, documents, where, ids, train_folder, options)
    frame, notes = None, (note,) if note else ()
    if roles.test is not None:
        train = roles.train.frame if roles.train is not None else pd.DataFrame()
        frame, lacking = rows_beside(survey.root, roles.test, files, survey.index, train)
        notes += lacking
    return TestPart(where, column, ids, files, frame, notes)


def _listing(
    survey: Survey,
    roles: Roles,
    documents: list[JsonImages],
    train_ids: list[str],
    train_folder: str | None,
    options: Options,
) -> tuple[str, str, list[str]]:
    """Return where the test IDs stand, what their column is called, and the IDs."""
    for table in (roles.sample, roles.test):
        if table is not None and table.id is not None:
            return str(survey.root / table.name), table.id, table.ids
    column = roles.train.id if roles.train is not None else "ID"
    for document in documents:
        if document.labels_of is None:
            return str(survey.root / document.name), column, list(document.images.names)
    folders = {file.rpartition("/")[0] for file in survey.index.files}
    hinted = sorted(
        folder for folder in folders if "test" in folder.rpartition("/")[2].lower() and folder != train_folder
    )
    folder = options.test_images if options.test_images is not None else (hinted[0] if len(hinted) == 1 else None)
    files = survey.index.below(folder) if folder is not None else []
    if not files:
        raise ContractError(
            [
                f"{survey.root}: nothing lists the test images: no sample submission, no test table, no folder "
                "called test; put "
                "the sample submission beside the tables, or name the folder with --test-images"
            ]
        )
    with_extension = bool(train_ids) and all(re.search(r"\.[A-Za-z]\w{2,4}$", id) for id in train_ids[:100])
    names = [file.removeprefix(f"{folder}/") for file in files]
    return folder, column, names if with_extension else [os.path.splitext(name)[0] for name in names]


def _files(
    survey: Survey, documents: list[JsonImages], where: str, ids: list[str], taken: str | None, options: Options
) -> tuple[dict[str, str], str]:
    """Return ID -> image, and a note on the choice of the folder."""
    index = survey.index
    if (named := _named_images(survey, documents, where, ids)) is not None:
        found, choice = named.files(ids, index, "test", options.test_images, taken)
        if missing := [id for id in ids if not found.get(id)]:
            what = f"{counted(len(missing), 'IDs have')} no image: {examples(missing)}"
            raise ContractError([f"{where}: {what}; add the files, or take the rows out of every table"])
        if problems := image_problems(where, found, survey.place(choice.folder), "test"):
            raise ContractError(problems)
        return {id: paths[0] for id, paths in found.items()}, choice.note
    if index.share(ids) < FEW:
        if index.files and options.test_images is None:
            _refuse_long_form(survey, where, ids)
            _refuse_several_images(survey, where, ids)
    choice = choose_folder(index, ids, "test", options.test_images, taken)
    found = index.find(ids, choice.folder)
    place = survey.place(choice.folder)
    if problems := image_problems(where, found, place, "test", survey.files, survey.root, choice.others):
        raise ContractError(problems)
    return {id: paths[0] for id, paths in found.items()}, choice.note


def _named_images(survey: Survey, documents: list[JsonImages], where: str, ids: list[str]) -> NamedImages | None:
    """Return what names the images of the IDs: the JSON file that lists them, or where few are an image's name any."""
    if listing := [document.images for document in documents if str(survey.root / document.name) == where]:
        return listing[0]
    if survey.index.share(ids) >= FEW:
        return None
    known = [document.images for document in documents] + list(_paths_in_tables(survey, set(ids)))
    return next((images for images in known if sum(id in images.names for id in ids) > FEW * len(ids)), None)


def _paths_in_tables(survey: Survey, ids: set[str]) -> Iterator[NamedImages]:
    """Yield what each table names that holds the IDs in one column and paths of images in another."""
    for table in survey.tables:
        for column in table.others if table.id is not None else ():
            if ids <= set(table.frame[column]):
                yield NamedImages(table.name, dict(zip(table.frame[column], table.ids, strict=True)))


def _refuse_long_form(survey: Survey, where: str, ids: list[str]) -> None:
    shorter = {id.rpartition("_")[0] for id in ids} - {""}
    if len(shorter) < len(ids) and survey.index.share(shorter) >= FEW:
        raise ContractError(
            [
                f"{where}: has a row for each image and label ({examples(ids, most=3)}); Foldvote answers with one "
                "row an image, a column for each label: turn the sample submission into that form, and its answers back"
            ]
        )


def _refuse_several_images(survey: Survey, where: str, ids: list[str]) -> None:
    """Raise ContractError where each ID is the start of several images' names: t0_red.png, t0_green.png."""
    files: dict[str, list[str]] = {}
    for file in survey.index.files:
        stem = os.path.splitext(os.path.basename(file))[0]
        files.setdefault(re.sub(r"[-_][^-_]*$", "", stem), []).append(file)
    several = [id for id in ids if len(files.get(id, ())) > 1]
    if 2 * len(several) > len(ids):
        raise ContractError(
            [
                f"{where}: IDs name several images ({several[0]}: {examples(files[several[0]])}); several images a row "
                "can't be learnt from: make one image of them, called by the ID, or write a row for each in all "
                "tables, with --group for what belongs together"
            ]
        )
