"""Files that may hold the labels and can't be read: what they would have said, folders must not be taken to say."""

import os
import re

from competition.common.errors import counted, examples
from competition.data.adopt.survey import Survey

LABELS_TABLE = re.compile(
    r"(train|label|annot|class|target|truth|meta|data|index|list)[^/]*\.(csv|tsv|xlsx?|xlsm|ods|numbers|parquet|feather)$",
    re.I,
)
PACKED_LABELS = re.compile(
    r"(label|annot|target|truth)[^/]*\.(pkl|pickle|npy|npz|mat|h5|hdf5|sqlite3?|db|arff|rds)$", re.I
)
BESIDE = (".txt", ".xml", ".json")  # annotations of one image each


def unread_labels(survey: Survey) -> list[str]:
    """Return what is wrong with tables that may hold the labels, by their names, and can't be read."""
    named = [name for name in survey.others if LABELS_TABLE.search(name) or PACKED_LABELS.search(name)]
    unread = [line for line in survey.unread if LABELS_TABLE.search(line.partition(": ")[0])]
    problems = [*unread, *(f"{survey.root / name}: can't be read; export the table as CSV (UTF-8)" for name in named)]
    files = {os.path.splitext(os.path.basename(file))[0] for file in survey.index.files}
    texts = [name for name in (*survey.others, *survey.documents) if name.lower().endswith(BESIDE)]
    called = [name for name in texts if os.path.splitext(os.path.basename(name))[0] in files]
    beside = [name for name in called if (survey.root / name).stat().st_size]
    if 2 * len(beside) > len(survey.index.files):
        what = f"{counted(len(beside), 'files are')} called as images are, and may hold their labels"
        problems.append(f"{survey.root}: {what}: {examples(sorted(beside))}; write a table with a row for each image")
    return problems
