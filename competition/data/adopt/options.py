"""What a person says of a download; None: to be found in its files."""

from dataclasses import dataclass

PATTERN_HELP = "{label}.{id}.jpg"


@dataclass(frozen=True)
class Options:
    """Options of `adopt` that describe the files, the labels and the answer."""

    metric: str | None = None  # a file of competition/metrics/scores, or a Python file
    answer: str | None = None  # a file of competition/data/answers
    labels: str | None = None  # single, multi or ordinal
    id: str | None = None  # column of the training table
    target: str | None = None  # column of the training table, or the class whose probability is asked for
    group: str | None = None  # column of the training table
    label_from: str | None = None  # pattern of the file names, with {label}
    train_images: str | None = None  # folder below the download
    test_images: str | None = None
    class_folders: bool = False  # each sub-folder is a class, whatever it is called
    join_classes: bool = False  # classes that look alike become one
