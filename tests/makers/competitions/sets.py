"""Competitions whose submission holds several labels in a cell: a set, or the likeliest in order."""

from makers.competitions import drawings
from makers.competitions.download import Download
from makers.competitions.one_answer import TRAIN, names, split


def apple_leaf_sets(download: Download) -> None:
    """Labels with blanks between them, in any order; `healthy` stands alone."""
    d, ids = download, [f"{name}.jpg" for name in names(download, 16)]
    labels = ("healthy", "scab", "rust", "complex", "frog_eye_leaf_spot")
    combinations = ((0,), (1,), (2,), (4, 3), (1, 4), (1, 4, 3), (2, 4), (3,))
    train, test = split(d, [0.2, 0.2, 0.15, 0.1, 0.1, 0.1, 0.1, 0.05])
    cells = {}
    for number, (id, kind) in enumerate(zip(ids, [*train, *test], strict=True)):
        part = "train" if number < TRAIN else "test"
        d.image(
            f"{part}_images/{id}",
            drawings.things(list(combinations[kind]), d.generator),
            *(labels[one] for one in combinations[kind]),
        )
        cells[id] = [labels[label] for label in d.generator.permutation(combinations[kind])]
    d.table("train.csv", ["image", "labels"], ((id, " ".join(cells[id])) for id in ids[:TRAIN]))
    d.table("sample_submission.csv", ["image", "labels"], ((id, "healthy") for id in ids[TRAIN:]))
    d.metric, d.rule, d.score, d.header, d.classes = "f1_samples", "label_set", "mean_f", ("image", "labels"), labels
    d.solution = {id: set(cells[id]) for id in ids[TRAIN:]}


def hotels(download: Download) -> None:
    """Sub-folders that mean something else than the class, columns known in training only, the five likeliest."""
    d, ids = download, [f"{name}.jpg" for name in names(download, 16)]
    labels = ("2240", "53586", "18807", "64314", "60181", "36363", "515", "7211")
    train, test = split(d, [0.2, 0.16, *[0.12] * 4, 0.08, 0.08])
    rows = []
    for id, kind in zip(ids[:TRAIN], train, strict=True):
        chain = kind % 3 + 4
        d.image(f"train_images/{chain}/{id}", drawings.thing(kind, d.generator), labels[kind])
        when = f"2018-04-{d.generator.integers(1, 29):02d} {d.generator.integers(24):02d}:01:{len(rows) % 60:02d}"
        rows.append((id, chain, labels[kind], when))
    for id, kind in zip(ids[TRAIN:], test, strict=True):
        d.image(f"test_images/{id}", drawings.thing(kind, d.generator))
    d.table("train.csv", ["image", "chain", "hotel_id", "timestamp"], rows)
    placeholder = "36363 53586 18807 64314 60181"
    d.table("sample_submission.csv", ["image", "hotel_id"], ((id, placeholder) for id in ids[TRAIN:]))
    d.metric, d.rule, d.score, d.header, d.classes = "map_at_5", "five_best", "map_at_5", ("image", "hotel_id"), labels
    d.solution = {id: labels[kind] for id, kind in zip(ids[TRAIN:], test, strict=True)}
