"""Six more forms, other combinations of the same dimensions, chosen before any code was written for them.

1. herbarium: labels in JSON under other keys than COCO's, with gaps in the numbers, for the test part too; IDs are the
   JSON's numbers, images in sub-folders that mean nothing; `Id,Predicted`, one category number a row; macro F1.
2. rainforest: a list of labels in a cell; the same images as JPEG and as TIFF, in tar archives; folders and sample
   submission of other names (`train-jpg`, `sample_submission_v2.csv`); a set of labels a row; mean F2 over rows.
3. drivers: class folders and a table that says the same, with the person in each image; class codes as the sample's
   columns, all in a folder of a folder; log loss.
4. moles: a table with the answer in other words (two columns, in training only), patients, and metadata with gaps in
   both parts; images in `jpeg/train`; one probability; AUC.
5. objects: whole numbers as IDs, the same ones in both parts; `trainLabels.csv`, nothing called train.csv; class names
   as answers; accuracy.
6. places: IDs with folders (`north/03/0001`), 0/1 columns that aren't exclusive in training, but a set of labels in one
   cell as the answer; the sample's ID column has no name; micro F1.
"""

import json

import numpy as np
from makers.competitions import drawings
from makers.competitions.download import Download
from makers.competitions.one_answer import TEST, TRAIN, names, split


def herbarium(download: Download) -> None:
    """See 1 above."""
    d = download
    numbers, kinds = (17, 4, 230, 61, 99), ("Acer rubrum", "Acer nigrum", "Poa annua", "Ilex opaca", "Quercus alba")
    train, test = split(d, [0.3, 0.25, 0.15, 0.15, 0.15])
    listed: dict[str, list[dict]] = {"train": [], "test": []}
    for number, kind in enumerate([*train, *test]):
        part = "train" if number < TRAIN else "test"
        file = f"images/{number % 4:03d}/{number % 3:02d}/{5000 + 7 * number}.jpg"
        d.image(f"nybg/{part}/{file}", drawings.thing(kind, d.generator), str(numbers[kind]))
        listed[part].append({"image_id": 3 * number + 11, "width": 60, "height": 60, "path": file})
    marks = [
        {"id": 9 + 2 * n, "image": entry["image_id"], "category": numbers[kind], "area": 5.5}
        for n, (entry, kind) in enumerate(zip(listed["train"], train, strict=True))
    ]
    species = [{"category_id": number, "scientific_name": name} for number, name in zip(numbers, kinds, strict=True)]
    content = {"info": {"year": 2020}, "pictures": listed["train"], "labels": marks, "species": species}
    d.text("nybg/train/metadata.json", json.dumps(content))
    d.text("nybg/test/metadata.json", json.dumps({"info": {"year": 2020}, "pictures": listed["test"]}))
    ids = [str(entry["image_id"]) for entry in listed["test"]]
    d.table("sample_submission.csv", ["Id", "Predicted"], ((id, 0) for id in ids))
    d.metric, d.rule, d.score, d.header = "f1_macro", "label", "macro_f1", ("Id", "Predicted")
    d.classes = tuple(map(str, numbers))
    d.solution = {id: str(numbers[kind]) for id, kind in zip(ids, test, strict=True)}


def rainforest(download: Download) -> None:
    """See 2 above."""
    d, labels = download, ("agriculture", "clear", "cloudy", "haze", "primary", "road")
    combinations = ((2,), (1, 4), (1, 4, 0), (1, 4, 0, 5), (3, 4), (3, 4, 0))
    train, test = split(d, [0.15, 0.3, 0.2, 0.15, 0.1, 0.1])
    cells: dict[str, list[str]] = {}
    for number, kind in enumerate([*train, *test]):
        part = "train" if number < TRAIN else "test"
        id = f"{part}_{number}"
        pixels = drawings.things(list(combinations[kind]), d.generator)
        d.image(f"{part}-jpg/{id}.jpg", pixels, *(labels[one] for one in combinations[kind]))
        d.image(f"{part}-tif-v2/{id}.tif", pixels)
        cells[id] = sorted(labels[label] for label in combinations[kind])
    ids = [id for id in cells if id.startswith("test")]
    for part in ("train", "test"):
        d.tar(f"{part}-jpg", f"{part}-jpg.tar")
        d.tar(f"{part}-tif-v2", f"{part}-tif-v2.tar.gz")
    d.table("train_v2.csv", ["image_name", "tags"], ((id, " ".join(cells[id])) for id in cells if id not in ids))
    d.table("sample_submission_v2.csv", ["image_name", "tags"], ((id, "primary clear agriculture") for id in ids))
    d.metric, d.rule, d.score, d.header, d.classes = (
        "f2_samples",
        "label_set",
        "mean_f2",
        ("image_name", "tags"),
        labels,
    )
    d.solution = {id: set(cells[id]) for id in ids}


def drivers(download: Download) -> None:
    """See 3 above."""
    d, kinds = download, ("c0", "c1", "c2", "c3", "c4")
    train, test = split(d, [0.2] * 5)
    numbers = [f"img_{number}.jpg" for number in d.generator.choice(10**5, TRAIN + TEST, replace=False)]
    rows = []
    for number, (file, kind) in enumerate(zip(numbers, [*train, *test], strict=True)):
        folder = f"train/{kinds[kind]}" if number < TRAIN else "test"
        d.image(f"imgs/{folder}/{file}", drawings.thing(kind, d.generator), kinds[kind])
        rows.append((f"p{2 + number % 8:03d}", kinds[kind], file))
    d.table("driver_imgs_list.csv", ["subject", "classname", "img"], rows[:TRAIN])
    d.header, d.classes = ("img", *kinds), kinds
    d.table("sample_submission.csv", d.header, ((file, *[0.1] * 5) for file in numbers[TRAIN:]))
    d.metric, d.rule, d.score = "log_loss", "distribution", "log_loss"
    d.solution = dict(zip(numbers[TRAIN:], test, strict=True))


def moles(download: Download) -> None:
    """See 4 above."""
    d, generator = download, download.generator
    ids = [f"ISIC_{int(name, 16) % 10**7:07d}" for name in names(d, 8)]
    train, test = split(d, [0.7, 0.3])
    shown = ("image_name", "patient_id", "sex", "age_approx", "anatom_site_general_challenge")
    rows = []
    for number, (id, kind) in enumerate(zip(ids, [*train, *test], strict=True)):
        part = "train" if number < TRAIN else "test"
        d.image(f"jpeg/{part}/{id}.jpg", drawings.thing(kind, generator), str(kind))
        age = "" if number % 9 == 4 else f"{5 * int(generator.integers(6, 16)) + 10 * kind}.0"
        place = ("torso", "head/neck", "")[int(generator.integers(3))]
        diagnosis = "melanoma" if kind else ("nevus", "unknown")[number % 2]
        beside = (
            f"IP_{(number if number < TRAIN else number + 99) // 3:07d}",
            ("male", "female")[number % 5 % 2],
            age,
            place,
        )
        rows.append((id, *beside, diagnosis, ("benign", "malignant")[kind], kind))
    d.table("train.csv", [*shown, "diagnosis", "benign_malignant", "target"], rows[:TRAIN])
    d.table("test.csv", shown, (row[: len(shown)] for row in rows[TRAIN:]))
    d.table("sample_submission.csv", ["image_name", "target"], ((id, 0) for id in ids[TRAIN:]))
    d.metric, d.rule, d.score, d.header = "roc_auc", "probability", "auc", ("image_name", "target")
    d.solution = dict(zip(ids[TRAIN:], test, strict=True))


def objects(download: Download) -> None:
    """See 5 above."""
    d, kinds = download, ("airplane", "automobile", "bird", "cat", "deer")
    train, test = split(d, [0.2] * 5)
    for part, part_kinds in (("train", train), ("test", test)):
        for number, kind in enumerate(part_kinds, start=1):
            d.image(f"{part}/{number}.png", drawings.thing(kind, d.generator), kinds[kind])
    d.table("trainLabels.csv", ["id", "label"], ((number, kinds[kind]) for number, kind in enumerate(train, start=1)))
    d.table("sampleSubmission.csv", ["id", "label"], ((number, "cat") for number in range(1, TEST + 1)))
    d.metric, d.rule, d.score, d.header, d.classes = "accuracy", "label", "accuracy", ("id", "label"), kinds
    d.solution = {str(number): kinds[kind] for number, kind in enumerate(test, start=1)}


def places(download: Download) -> None:
    """See 6 above."""
    d, labels = download, ("field", "forest", "road", "water")
    sides = ("north", "south")
    rows = (d.generator.random((TRAIN + TEST, len(labels))) < [0.5, 0.4, 0.4, 0.3]).astype(int)
    rows[[0, TRAIN]] = 1
    ids = [f"{sides[number % 2]}/{number % 3:02d}/{number // 6:04d}" for number in range(TRAIN + TEST)]
    for number, (id, row) in enumerate(zip(ids, rows, strict=True)):
        part = "labelled" if number < TRAIN else "unlabelled"
        d.image(
            f"{part}/{id}.jpg",
            drawings.things(np.flatnonzero(row).tolist(), d.generator),
            *(name for name, one in zip(labels, row, strict=True) if one),
        )
    d.table(
        "truth.csv", ["tile", *labels], ([id, *row] for id, row in zip(ids[:TRAIN], rows[:TRAIN].tolist(), strict=True))
    )
    d.table("example.csv", ["", "labels"], ((id, "field water") for id in ids[TRAIN:]))
    d.metric, d.rule, d.score, d.header, d.classes = "f1_micro", "label_set", "micro_f1", ("", "labels"), labels
    d.solution = {
        id: {name for name, one in zip(labels, row, strict=True) if one}
        for id, row in zip(ids[TRAIN:], rows[TRAIN:], strict=True)
    }
