"""Competitions whose submission holds a probability for each of several columns, exclusive or not."""

import numpy as np
from makers.competitions import drawings
from makers.competitions.download import Download
from makers.competitions.one_answer import TEST, TRAIN, names, split


def breeds(download: Download) -> None:
    """`labels.csv`, a column for each class in the sample, names with `_` and `-`."""
    d, ids = download, names(download, 16)
    kinds = ("affenpinscher", "black-and-tan_coonhound", "boston_bull", "dingo", "flat-coated_retriever", "pug")
    train, test = split(d, [0.25, 0.15, 0.15, 0.15, 0.15, 0.15])
    for part, part_ids, part_kinds in (("train", ids[:TRAIN], train), ("test", ids[TRAIN:], test)):
        for id, kind in zip(part_ids, part_kinds, strict=True):
            d.image(f"{part}/{id}.jpg", drawings.thing(kind, d.generator), kinds[kind])
    d.table("labels.csv", ["id", "breed"], ((id, kinds[kind]) for id, kind in zip(ids[:TRAIN], train, strict=True)))
    d.header, d.classes = ("id", *kinds), kinds
    d.table("sample_submission.csv", d.header, ((id, *[repr(1 / len(kinds))] * len(kinds)) for id in ids[TRAIN:]))
    d.metric, d.rule, d.score = "log_loss", "distribution", "log_loss"
    d.solution = dict(zip(ids[TRAIN:], test, strict=True))


def leaves(download: Download) -> None:
    """Numbers beside the image that tell the class nearly alone, both parts in one folder, each file zipped."""
    d = download
    species = ("Acer_Opalus", "Alnus_Cordata", "Betula_Pendula", "Quercus_Rubra", "Tilia_Tomentosa", "Zelkova_Serrata")
    numbers = [str(number) for number in d.generator.permutation(np.arange(1, TRAIN + TEST + 1))]
    train, test = split(d, [1 / 6] * 6)
    columns = [f"{kind}{n}" for kind in ("margin", "shape", "texture") for n in range(1, 5)]
    centres = d.generator.uniform(0, 0.1, (len(species), len(columns)))
    rows = {}
    for id, kind in zip(numbers, [*train, *test], strict=True):
        d.image(f"images/{id}.jpg", drawings.mask(kind, d.generator), species[kind])
        rows[id] = [f"{value:.6f}" for value in np.abs(centres[kind] + d.generator.normal(0, 0.01, len(columns)))]
    train_rows = sorted(zip(numbers[:TRAIN], train, strict=True), key=lambda row: int(row[0]))
    d.table("train.csv", ["id", "species", *columns], ([id, species[kind], *rows[id]] for id, kind in train_rows))
    d.table("test.csv", ["id", *columns], ([id, *rows[id]] for id in numbers[TRAIN:]))
    d.header, d.classes = ("id", *species), species
    d.table("sample_submission.csv", d.header, ((id, *[repr(1 / len(species))] * 6) for id in numbers[TRAIN:]))
    for name in ("train.csv", "test.csv", "sample_submission.csv", "images"):
        d.zip(name)
    d.metric, d.rule, d.score = "log_loss", "distribution", "log_loss"
    d.solution = dict(zip(numbers[TRAIN:], test, strict=True))


def apple_leaves(download: Download) -> None:
    """One-hot columns, exactly one of them 1; both parts in one folder."""
    d, kinds = download, ("healthy", "multiple_diseases", "rust", "scab")
    train, test = split(d, [0.35, 0.1, 0.3, 0.25])
    one_hot = np.eye(4, dtype=int).tolist()
    for part, part_kinds in (("Train", train), ("Test", test)):
        for number, kind in enumerate(part_kinds):
            d.image(f"images/{part}_{number}.jpg", drawings.thing(kind, d.generator), kinds[kind])
    d.header = ("image_id", *kinds)
    d.table("train.csv", d.header, ((f"Train_{number}", *one_hot[kind]) for number, kind in enumerate(train)))
    d.table("test.csv", ["image_id"], ([f"Test_{number}"] for number in range(TEST)))
    d.table("sample_submission.csv", d.header, ((f"Test_{number}", *[0.25] * 4) for number in range(TEST)))
    d.metric, d.rule, d.score = "roc_auc", "probabilities", "mean_column_auc"
    d.solution = {f"Test_{number}": one_hot[kind] for number, kind in enumerate(test)}


def catheters(download: Download) -> None:
    """Columns that aren't exclusive, more of them than are asked for; patients; IDs full of dots; outlines of some."""
    d = download
    asked = (
        "ETT - Abnormal",
        "ETT - Normal",
        "NGT - Incompletely Imaged",
        "CVC - Normal",
        "Swan Ganz Catheter Present",
    )
    known = (*asked[:3], "NGT - Borderline", *asked[3:])
    ids = [f"1.2.826.0.1.3680043.8.498.{int(name, 16):08d}" for name in names(d, 8)]
    patients = [f"ec{n // 2:07x}" for n in range(TRAIN)]
    rows = (d.generator.random((TRAIN + TEST, len(known))) < [0.3, 0.4, 0.3, 0.2, 0.6, 0.25]).astype(int)
    rows[[0, 1, TRAIN, TRAIN + 1]] = np.array([[1] * 6, [0] * 6] * 2)  # no column of one value only
    for number, (id, row) in enumerate(zip(ids, rows, strict=True)):
        grey = drawings.things(np.flatnonzero(row).tolist(), d.generator)
        d.image(
            f"{'train' if number < TRAIN else 'test'}/{id}.jpg",
            grey,
            *(name for name, one in zip(known, row, strict=True) if one and name in asked),
        )
    lines = zip(ids[:TRAIN], rows[:TRAIN].tolist(), patients, strict=True)
    d.table("train.csv", ["StudyInstanceUID", *known, "PatientID"], ([id, *row, who] for id, row, who in lines))
    outlines = [(id, known[column], "[[1, 2], [3, 4]]") for id in ids[:9] for column in (0, 1)]
    d.table("train_annotations.csv", ["StudyInstanceUID", "label", "data"], outlines)
    for part in ("train", "test"):
        d.text(f"{part}_tfrecords/00-{TRAIN}.tfrec", "records")
    d.header = ("StudyInstanceUID", *asked)
    d.table("sample_submission.csv", d.header, ((id, *[0] * len(asked)) for id in ids[TRAIN:]))
    d.metric, d.rule, d.score = "roc_auc", "probabilities", "mean_column_auc"
    kept = [known.index(name) for name in asked]
    d.solution = {id: row[kept].tolist() for id, row in zip(ids[TRAIN:], rows[TRAIN:], strict=True)}
