"""Competitions whose submission holds one answer a row: a probability, a grade or a class."""

import json

import numpy as np
from makers.competitions import drawings
from makers.competitions.download import Download

TRAIN, TEST = 48, 24


def names(download: Download, digits: int, count: int = TRAIN + TEST) -> list[str]:
    """Return `count` different names of hex digits."""
    numbers = download.generator.choice(2**30, count, replace=False)
    return [f"{number:0{digits}x}"[:digits] if digits > 8 else f"{number:08x}" for number in numbers]


def balanced(download: Download, shares: list[float], size: int) -> list[int]:
    """Return `size` class numbers by `shares`, each class at least twice, in no order."""
    counts = np.maximum(2, np.floor(np.array(shares) * size)).astype(int)
    counts[0] += size - counts.sum()
    return download.generator.permutation(np.repeat(np.arange(len(shares)), counts)).tolist()


def split(download: Download, shares: list[float]) -> tuple[list[int], list[int]]:
    """Return the class numbers of the training and of the test images."""
    return balanced(download, shares, TRAIN), balanced(download, shares, TEST)


def cactus(download: Download) -> None:
    """Two archives beside the tables, inside one archive; folder names in front; a probability."""
    d, ids = download, [f"{name}.jpg" for name in names(download, 8)]
    train, test = split(d, [0.7, 0.3])
    train, test = [1 - kind for kind in train], [1 - kind for kind in test]
    for part, part_ids, kinds in (("train", ids[:TRAIN], train), ("test", ids[TRAIN:], test)):
        for id, kind in zip(part_ids, kinds, strict=True):
            d.image(f"{part}/{id}", drawings.thing(kind, d.generator), str(kind))
        d.zip(part)
    d.table("train.csv", ["id", "has_cactus"], zip(ids[:TRAIN], train, strict=True))
    d.table("sample_submission.csv", ["id", "has_cactus"], ((id, 0.5) for id in ids[TRAIN:]))
    d.zip_all()
    d.metric, d.rule, d.score, d.header = "roc_auc", "probability", "auc", ("id", "has_cactus")
    d.solution = dict(zip(ids[TRAIN:], test, strict=True))


def blindness(download: Download) -> None:
    """Grades: folders of PNG, IDs without extension, a test table beside the sample submission."""
    d, ids = download, [f"{name}{n:04d}" for n, name in enumerate(names(download, 8))]
    train, test = split(d, [0.4, 0.15, 0.2, 0.1, 0.15])
    for part, part_ids, kinds in (("train", ids[:TRAIN], train), ("test", ids[TRAIN:], test)):
        for id, kind in zip(part_ids, kinds, strict=True):
            d.image(f"{part}_images/{id}.png", drawings.grade(kind, d.generator), str(kind))
    d.table("train.csv", ["id_code", "diagnosis"], zip(ids[:TRAIN], train, strict=True))
    d.table("test.csv", ["id_code"], ([id] for id in ids[TRAIN:]))
    d.table("sample_submission.csv", ["id_code", "diagnosis"], ((id, 0) for id in ids[TRAIN:]))
    d.metric, d.rule, d.score = "quadratic_weighted_kappa", "label", "quadratic_weighted_kappa"
    d.header, d.classes = ("id_code", "diagnosis"), tuple("01234")
    d.solution = dict(zip(ids[TRAIN:], map(str, test), strict=True))


def dogs_and_cats(download: Download) -> None:
    """File names that begin with the class; archives without their folder, the unpacked folders beside them."""
    d = download
    train, test = split(d, [0.5, 0.5])
    for number, kind in enumerate(train):
        name = ("cat", "dog")[kind]
        d.image(f"train/{name}.{number}.jpg", drawings.thing(kind, d.generator), name)
    for number, kind in enumerate(test, start=1):
        d.image(f"test/{number}.jpg", drawings.thing(kind, d.generator))
    for part in ("train", "test"):
        kept = {file: file.read_bytes() for file in (d.path / part).iterdir()}
        d.zip(part, front="")
        (d.path / part).mkdir()
        for file, data in kept.items():
            file.write_bytes(data)
    ids = [str(number) for number in range(1, TEST + 1)]
    d.table("sample_submission.csv", ["id", "label"], ((id, 0.5) for id in ids))
    d.metric, d.rule, d.score, d.header = "log_loss", "probability", "binary_log_loss", ("id", "label")
    d.solution = dict(zip(ids, test, strict=True))


def histopathology(download: Download) -> None:
    """TIFF, `train_labels.csv`, a placeholder of 0 for a probability; only the middle tells the class."""
    d, ids = download, names(download, 16)
    train, test = split(d, [0.6, 0.4])
    for part, part_ids, kinds in (("train", ids[:TRAIN], train), ("test", ids[TRAIN:], test)):
        for id, kind in zip(part_ids, kinds, strict=True):
            d.image(f"{part}/{id}.tif", drawings.middle(kind, d.generator), str(kind))
    d.table("train_labels.csv", ["id", "label"], zip(ids[:TRAIN], train, strict=True))
    d.table("sample_submission.csv", ["id", "label"], ((id, 0) for id in ids[TRAIN:]))
    d.metric, d.rule, d.score, d.header = "roc_auc", "probability", "auc", ("id", "label")
    d.solution = dict(zip(ids[TRAIN:], test, strict=True))


def cassava(download: Download) -> None:
    """Class numbers with their names in a JSON file; the images once more as records that nothing here reads."""
    d, ids = download, [f"{int(name, 16)}.jpg" for name in names(download, 8)]
    train, test = split(d, [0.1, 0.15, 0.1, 0.55, 0.1])
    for part, part_ids, kinds in (("train", ids[:TRAIN], train), ("test", ids[TRAIN:], test)):
        for id, kind in zip(part_ids, kinds, strict=True):
            d.image(f"{part}_images/{id}", drawings.thing(kind, d.generator), str(kind))
        d.text(f"{part}_tfrecords/ld_{part}00-{len(part_ids)}.tfrec", "records")
    diseases = (
        "Bacterial Blight (CBB)",
        "Brown Streak Disease (CBSD)",
        "Green Mottle (CGM)",
        "Mosaic (CMD)",
        "Healthy",
    )
    d.text("label_num_to_disease_map.json", json.dumps({str(n): f"Cassava {name}" for n, name in enumerate(diseases)}))
    d.table("train.csv", ["image_id", "label"], zip(ids[:TRAIN], train, strict=True))
    d.table("sample_submission.csv", ["image_id", "label"], ((id, 4) for id in ids[TRAIN:]))
    d.metric, d.rule, d.score = "accuracy", "label", "accuracy"
    d.header, d.classes = ("image_id", "label"), tuple("01234")
    d.solution = dict(zip(ids[TRAIN:], map(str, test), strict=True))


def seedlings(download: Download) -> None:
    """Class folders for training, a flat folder for testing, class names with blanks as answers."""
    d, ids = download, [f"{name}.png" for name in names(download, 8)]
    species = ("Black-grass", "Common Chickweed", "Common wheat", "Small-flowered Cranesbill", "Sugar beet")
    train, test = split(d, [0.2, 0.3, 0.15, 0.2, 0.15])
    for id, kind in zip(ids[:TRAIN], train, strict=True):
        d.image(f"train/{species[kind]}/{id}", drawings.thing(kind, d.generator), species[kind])
    for id, kind in zip(ids[TRAIN:], test, strict=True):
        d.image(f"test/{id}", drawings.thing(kind, d.generator))
    d.table("sample_submission.csv", ["file", "species"], ((id, "Sugar beet") for id in ids[TRAIN:]))
    d.metric, d.rule, d.score, d.header, d.classes = "f1_micro", "label", "accuracy", ("file", "species"), species
    d.solution = {id: species[kind] for id, kind in zip(ids[TRAIN:], test, strict=True)}
