"""The two parts of a download: training images with what says their labels, and test images."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from competition.common.errors import ContractError, counted, examples
from competition.data.adopt.containers import is_record, record_files
from competition.data.adopt.image_folders import choose_folder
from competition.data.adopt.json_annotations import read_json_images
from competition.data.adopt.options import Options
from competition.data.adopt.roles import Roles, find_roles
from competition.data.adopt.sources import Source, find_source, refuse_folders_as_ids
from competition.data.adopt.survey import Survey
from competition.data.adopt.test_part import TestPart, find_test_part

PIXELS = 60  # columns; more may be an image's


@dataclass(frozen=True, eq=False)
class ImageParts:
    """Both parts, and the tables that describe them."""

    roles: Roles
    source: Source
    test: TestPart
    skipped: tuple[str, ...]  # files that no part has, each with the reason

    @property
    def cells(self) -> list[str]:
        """Placeholders of the sample submission's first answer column; [] without one."""
        asked = self.roles.asked
        return self.roles.sample.frame[asked[0]].tolist() if asked else []


def find_image_parts(survey: Survey, options: Options) -> ImageParts:
    """Return both parts. Raises ContractError where one isn't there, or an image is in both."""
    _check_images(survey)
    _check_id(survey, options.id)
    roles = find_roles(survey, options.target)
    if roles.train is None and options.label_from is None:
        refuse_folders_as_ids(survey)
    read = [read_json_images(name, content, survey.index) for name, content in survey.documents.items()]
    documents = [document for document in read if document is not None]
    labelled = [document for document in documents if document.labels_of is not None]
    annotated = max(labelled, key=lambda document: len(document.images.there(survey.index)), default=None)
    train_ids = roles.train.ids if roles.train is not None and options.label_from is None else []
    folder = choose_folder(survey.index, train_ids, "train", options.train_images).folder if train_ids else None
    test = find_test_part(survey, roles, documents, train_ids, folder, options)
    source = find_source(survey, roles, annotated, test.files, options)
    if both := set(source.files.values()) & set(test.files.values()):
        raise ContractError(
            [
                f"{survey.root}: {counted(len(both), 'images are')} in the training part ({source.where}) and in the "
                f"test part ({test.where}): {examples(sorted(both))}; name the folders with --train-images and "
                "--test-images"
            ]
        )
    source.notes += _further_rows(roles, source, test)
    further = [document for document in labelled if document is not annotated and roles.train is None]
    source.notes += [
        f"warning: {document.name} has annotated images too; not used: put them into one file" for document in further
    ]
    source.notes += _unused_images(survey, source, test)
    return ImageParts(roles, source, test, tuple(_skipped(survey, roles, source, test)))


def _unused_images(survey: Survey, source: Source, test: TestPart) -> list[str]:
    """Return a warning of images that are in neither part, with their number in each folder."""
    used = {*source.files.values(), *test.files.values()}
    counts = Counter(file.rpartition("/")[0] or "." for file in survey.index.files if file not in used)
    if not counts:
        return []
    shown = examples(f"{folder}: {count}" for folder, count in counts.most_common())
    return [f"warning: {counted(counts.total(), 'images are')} in no table and no part, and not used ({shown})"]


def _further_rows(roles: Roles, source: Source, test: TestPart) -> list[str]:
    """Return warnings of tables with the training table's columns and other images."""
    known, columns = {*source.ids, *test.ids}, [*roles.train.frame] if roles.train is not None else []
    more = {table.name: len({*table.ids} - known) for table in roles.unused if {*columns} <= {*table.frame}}
    return [
        f"warning: {name} has {counted(count, 'further images')} that {roles.train.name} lacks; not used: put the rows "
        "into one table to learn from them"
        for name, count in more.items()
        if count
    ]


def _check_images(survey: Survey) -> None:
    if survey.index.files:
        return
    _, problems = record_files(survey.root, survey.others, images_found=False)
    if pixels := [table.name for table in survey.tables if len(table.frame.columns) > PIXELS]:
        what = f"{examples(pixels)} may hold pixels; write an image file for each row, and its name into a table"
        problem = f"{survey.root}: holds no images, but {what}"
    elif not survey.others:
        problem = f"{survey.root}: holds no images; download them too, or name the folder that has tables and images"
    else:
        fix = "convert them to JPEG or PNG, one file an image"
        problem = f"{survey.root}: no images that can be read (there: {survey.kinds_of_others}); {fix}"
    raise ContractError(problems or [problem])


def _check_id(survey: Survey, column: str | None) -> None:
    if column is not None and not any(column in table.frame for table in survey.tables):
        there = "; ".join(f"{table.name}: {examples(table.frame.columns, most=10)}" for table in survey.tables)
        raise ContractError(
            [f"--id {column}: no table of {survey.root} has such a column (there: {there or 'no table'})"]
        )


def _skipped(survey: Survey, roles: Roles, source: Source, test: TestPart) -> Sequence[str]:
    used = {*source.files.values(), *test.files.values()}
    lines = [f"{table.name}: not needed" for table in roles.unused]
    lines += [f"{file}: no ID names it" for file in survey.index.files if file not in used]
    records, _ = record_files(survey.root, survey.others, images_found=True)
    others = [f"{name}: not read" for name in survey.others if not is_record(name)]
    return [*lines, *survey.unread, *records, *others]
