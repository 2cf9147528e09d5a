"""Files that hold many images as records (TFRecord, HDF5, ...), which can't be read: left out, or refused by name."""

import os
from collections import defaultdict
from collections.abc import Iterable

from competition.common.errors import counted, examples

RECORDS = {
    ".tfrec": "TFRecord",
    ".tfrecord": "TFRecord",
    ".tfrecords": "TFRecord",
    ".h5": "HDF5",
    ".hdf5": "HDF5",
    ".npz": "NumPy archive",
    ".mdb": "LMDB",
    ".mat": "MATLAB",
    ".rec": "RecordIO",
}


def is_record(file: str) -> bool:
    """Return whether the name is one of a file of records."""
    return os.path.splitext(file)[1].lower() in RECORDS


def record_files(root: object, files: Iterable[str], images_found: bool) -> tuple[list[str], list[str]]:
    """Return what is skipped, and what is wrong, of the record files among `files` (relative to `root`).

    images_found: whether the images lie there as files too; then the records, which hold the same again, are skipped.
    """
    found: dict[str, list[str]] = defaultdict(list)
    for file in files:
        if kind := RECORDS.get(os.path.splitext(file)[1].lower()):
            found[kind].append(file)
    if images_found:
        return [f"{examples(some, most=3)}: {kind}, the images are there as files" for kind, some in found.items()], []
    fix = "write the images as files (ID.png) into a folder beside the tables, and adopt that"
    problems = []
    for kind, some in found.items():
        what = counted(len(some), f"{kind} files are")
        problems.append(f"{root}: {what} no form that images can be read from: {examples(some)}; {fix}")
    return [], problems
