"""Broken variants of a download: what a person has to be asked about, or can't be done."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

IDS = [f"a{n:02d}" for n in range(12)]
TESTS = [f"t{n}" for n in range(4)]


def picture(place: Path, seed: int) -> None:
    """Write a small image, another one for each seed."""
    place.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 255, (8, 8, 3), np.uint8)
    Image.fromarray(pixels).save(place)


def lines(place: Path, *rows: str) -> None:
    """Write rows of text."""
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("\n".join(rows) + "\n")


def sound(folder: Path, label: Callable[[int], str] = lambda n: "ab"[n % 2], header: str = "id,kind") -> Path:
    """Write a competition with nothing wrong: 12 images of two classes, 4 test images, one answer column."""
    for n, id in enumerate(IDS):
        picture(folder / f"train/{id}.png", n)
    for n, id in enumerate(TESTS):
        picture(folder / f"test/{id}.png", 100 + n)
    lines(folder / "train.csv", header, *(f"{id},{label(n)}" for n, id in enumerate(IDS)))
    lines(folder / "sample_submission.csv", "id,kind", *(f"{id},a" for id in TESTS))
    return folder


def two_label_columns(folder: Path) -> Path:
    return sound(folder, lambda n: f"{'xyz'[n % 3]},{'pq'[n % 2]}", "id,genus,colour")


def two_tables(folder: Path) -> Path:
    sound(folder)
    lines(folder / "train.csv", "id,one", *(f"{id},{n % 2}" for n, id in enumerate(IDS)))
    lines(folder / "training.csv", "id,other", *(f"{id},{n % 3}" for n, id in enumerate(IDS)))
    return folder


def probability_without_classes(folder: Path) -> Path:
    sound(folder, lambda n: "abc"[n % 3])
    lines(folder / "sample_submission.csv", "id,kind", *(f"{id},0.5" for id in TESTS))
    return folder


def leads_out(folder: Path) -> Path:
    sound(folder)
    with zipfile.ZipFile(folder / "more.zip", "w") as archive:
        archive.writestr("../outside.txt", "x")
    return folder


def bomb(folder: Path) -> Path:
    sound(folder)
    with zipfile.ZipFile(folder / "more.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros.txt", bytes(50_000_000))
    return folder


def given_split(folder: Path) -> Path:
    """A split as folders, nothing wrong."""
    for part, count in (("train", 5), ("val", 2), ("test", 3)):
        for kind in ("cat", "dog"):
            for n in range(count):
                picture(folder / f"{part}/{kind}/{n}.png", count + 10 * n + 100 * (kind == "cat"))
    return folder


def leaking_split(folder: Path) -> Path:
    given_split(folder)
    (folder / "val/cat/copy.png").write_bytes((folder / "train/cat/1.png").read_bytes())
    return folder


def unlabelled_rows(folder: Path) -> Path:
    return sound(folder, lambda n: "" if n in (3, 7) else "ab"[n % 2])


def fractions(folder: Path) -> Path:
    return sound(folder, lambda n: f"{0.37 * n:.2f}")


def many_numbers(folder: Path) -> Path:
    rows = [f"a{n}" for n in range(40)]
    for n, id in enumerate(rows):
        picture(folder / f"train/{id}.png", n)
    sound(folder)
    lines(folder / "train.csv", "id,kind", *(f"{id},{3 * n}" for n, id in enumerate(rows)))
    return folder


def several_images_a_row(folder: Path) -> Path:
    sound(folder)
    for n in range(12):
        picture(folder / f"train/b{n:02d}.png", 50 + n)
    lines(folder / "train.csv", "id,front,kind", *(f"{id},b{id[1:]},{'ab'[n % 2]}" for n, id in enumerate(IDS)))
    return folder


def missing_images(folder: Path) -> Path:
    sound(folder)
    (folder / "train/a03.png").unlink()
    return folder


def two_folders(folder: Path) -> Path:
    sound(folder)
    for n, id in enumerate(IDS):
        picture(folder / f"train_small/{id}.png", 200 + n)
    return folder


def no_test_part(folder: Path) -> Path:
    sound(folder)
    (folder / "sample_submission.csv").unlink()
    for file in (folder / "test").iterdir():
        file.unlink()
    return folder


def torn_labels(folder: Path) -> Path:
    sound(folder)
    with open(folder / "train.csv", "a") as file:
        file.write("a00,b\n")
    return folder


def no_images(folder: Path) -> Path:
    sound(folder)
    for file in [*(folder / "train").iterdir(), *(folder / "test").iterdir()]:
        file.write_bytes(b"II\xbc\x01" + bytes(100))
        file.rename(file.with_suffix(".jxr"))
    return folder


def long_form(folder: Path) -> Path:
    sound(folder)
    rows = [f"{id}_{kind},0" for id in TESTS for kind in ("left", "right", "both")]
    lines(folder / "sample_submission.csv", "id,kind", *rows)
    return folder


def soft_labels(folder: Path) -> Path:
    sound(folder)
    rows = [f"{id},{n / 12:.3f},{1 - n / 12:.3f}" for n, id in enumerate(IDS)]
    lines(folder / "train.csv", "id,rust,scab", *rows)
    lines(folder / "sample_submission.csv", "id,rust,scab", *(f"{id},0.5,0.5" for id in TESTS))
    return folder


def missing_columns(folder: Path) -> Path:
    sound(folder)
    lines(folder / "sample_submission.csv", "id,rust,scab,mould", *(f"{id},0,0,0" for id in TESTS))
    return folder


def unsafe_ids(folder: Path) -> Path:
    sound(folder)
    with open(folder / "train.csv", "a") as file:
        file.write("../../etc/a00,b\n")
    return folder


def one_part(folder: Path) -> Path:
    sound(folder)
    lines(folder / "sample_submission.csv", "id,kind", *(f"{id},a" for id in IDS[:3]))
    return folder


def two_samples(folder: Path) -> Path:
    sound(folder)
    lines(folder / "sample_submission_wide.csv", "id,a,b", *(f"{id},0,0" for id in TESTS))
    return folder


def ragged_table(folder: Path) -> Path:
    sound(folder)
    with open(folder / "train.csv", "a") as file:
        file.write("a99,b,c,d\n")
    return folder


def blurred_json(folder: Path) -> Path:
    """Annotations, some of whose images have none."""
    sound(folder)
    (folder / "train.csv").unlink()
    images = [{"id": n, "file_name": f"{id}.png"} for n, id in enumerate(IDS)]
    marks = [{"id": n, "image_id": n, "category_id": n % 2} for n in range(9)]
    kinds = [{"id": n, "name": "ab"[n]} for n in range(2)]
    text = io.StringIO()
    json.dump({"images": images, "annotations": marks, "categories": kinds}, text)
    (folder / "train.json").write_text(text.getvalue())
    return folder
