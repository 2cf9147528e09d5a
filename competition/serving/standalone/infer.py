"""Answers a test folder with what lies beside this file; needs no network, no DVC and no other code.

python infer.py                                    the test folder is looked for under /kaggle/input
python infer.py images --out labels.csv --answers submission.csv
python infer.py --minutes 500                      as fast as it must be: views are left out first, then folds

Writes labels.csv (a row for each image, as `predict` does) and submission.csv (the answers in the competition's form)
into the current folder. Where a sample submission lies beside the test folder, submission.csv has its rows, in its
order; an ID is its image's path below the folder, or its name alone, as in the competition. An image that is missing
or can't be read keeps the sample's answer there, and is named; if that is so of all, this ends with an error.
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import time
from pathlib import Path

BEGAN = time.monotonic()
BUNDLE = Path(__file__).resolve().parent
INPUTS = Path("/kaggle/input")
SAMPLE = "sample_submission.csv"


def main() -> None:
    arguments = read_arguments()
    folder = Path(arguments.folder).resolve() if arguments.folder else test_folder(Path(arguments.input))
    out, answers = Path(arguments.out).resolve(), Path(arguments.answers).resolve()
    command = [sys.executable, "-m", "pipelines.predict", folder, "--out", out, "--answers", answers]
    command += ["--document", "first"]  # of files with several pages the one that training looked at
    command += json.loads((BUNDLE / "bundle.json").read_text())["options"]
    if arguments.minutes is not None:
        command += ["--minutes", f"{max(0.01, arguments.minutes - (time.monotonic() - BEGAN) / 60):.3f}"]
    print(f"answering folder={folder} bundle={BUNDLE}", flush=True)
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}  # the input may be read-only
    done = subprocess.run([str(one) for one in command], cwd=BUNDLE, env=environment)
    if done.returncode:
        sys.exit(done.returncode)
    sample = Path(arguments.sample) if arguments.sample else folder.parent / SAMPLE
    if arguments.sample or sample.is_file():
        complete(answers, out, sample, folder)


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", help="with the test images; without it, a folder `test` below --input")
    parser.add_argument("--input", default=INPUTS, help="where the folder is looked for (default: %(default)s)")
    parser.add_argument("--out", default="labels.csv", help="table for people (default: %(default)s)")
    parser.add_argument("--answers", default="submission.csv", help="the submission (default: %(default)s)")
    parser.add_argument("--sample", help=f"whose rows the submission has (default: {SAMPLE} beside the folder)")
    parser.add_argument("--minutes", type=float, help="that this may take, in all")
    return parser.parse_args()


def test_folder(inputs: Path) -> Path:
    """Return the one folder below `inputs`, and not in this bundle, whose name begins with `test` and that has a sample
    submission beside it; without such a one, the one whose name does.
    """
    if not inputs.is_dir():
        sys.exit(f"error: {inputs}: no such folder; name the folder that holds the test images")
    found = []
    for place, folders, _ in os.walk(inputs, followlinks=True):
        if Path(place).resolve() == BUNDLE or len(Path(place).relative_to(inputs).parts) > 3:
            folders.clear()
        found += [Path(place) / name for name in sorted(folders) if name.lower().startswith("test")]
    with_sample = [folder for folder in found if (folder.parent / SAMPLE).is_file()]
    exact = [folder for folder in with_sample or found if folder.name.lower() == "test"]
    likely = exact or with_sample or found
    if len(likely) != 1:
        names = ", ".join(map(str, likely)) or "none"
        sys.exit(f"error: {inputs}: expected one folder of test images, found {names}; name the folder")
    return likely[0].resolve()


def complete(answers: Path, labels: Path, sample: Path, folder: Path) -> None:
    """Write `answers` anew with the rows of `sample`: its IDs, in its order; say which have no answer of their own.

    labels: names the image in `folder` of each row of `answers`. Where no row has an answer, nothing is written.
    """
    (header, *rows), (columns, *given) = read_table(answers), read_table(sample)
    if header != columns:
        sys.exit(f"error: {sample}: has the columns {columns}, the answers have {header}; name the right --sample")
    own = {row[0]: row[1:] for row in rows}
    by_image = {name: row[1:] for name, row in zip(labelled_images(labels), rows, strict=True)}
    images = images_of([row[0] for row in given if row[0] not in own], folder)
    own |= {id_: by_image[name] for id_, name in images.items() if name in by_image}
    unanswered = [row[0] for row in given if row[0] not in own]
    if len(unanswered) == len(given):
        sys.exit(
            f"error: {sample}: none of its {len(given)} IDs ({', '.join(unanswered[:3])}, ...) is that of an image "
            f"that could be read in {folder} ({', '.join(list(by_image)[:3])}, ...); name the right folder, or the "
            f"right --sample. {answers} has the answers under the images' own names"
        )
    temporary = answers.with_name(f".{answers.name}.tmp")
    with temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows([row[0], *own.get(row[0], row[1:])] for row in given)
    temporary.replace(answers)
    for id_ in unanswered[:20]:
        print(f"warning: no image of this ID that could be read, so it has the sample's answer: {id_}")
    left_out = len(rows) - (len(given) - len(unanswered))
    print(f"submission path={answers} rows={len(given)} unanswered={len(unanswered)} not_asked_for={left_out}")


def labelled_images(labels: Path) -> list[str]:
    """Return the names of the images in the table `labels`, but for the rows of a document's pages."""
    header, *rows = read_table(labels)
    page = header.index("page") if "page" in header else None
    return [row[0] for row in rows if page is None or not row[page]]


def images_of(ids: list[str], folder: Path) -> dict[str, str]:
    """Return ID -> image in `folder` or below it, found as `prepare` finds it; IDs that fit none, or several, are left
    out.
    """
    if not ids:
        return {}
    sys.dont_write_bytecode = True  # the bundle may be read-only
    from competition.data.image_files import ImageFolder

    images = ImageFolder(folder)
    found = {id_: images.candidates(id_) for id_ in ids}
    return {id_: names[0] for id_, names in found.items() if len(names) == 1}


def read_table(path: Path) -> list[list[str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [row for row in csv.reader(file) if row]
    except OSError as error:
        sys.exit(f"error: {path}: {error.strerror}; name another --sample")
    if not rows:
        sys.exit(f"error: {path}: is empty; name another --sample")
    return rows


if __name__ == "__main__":
    main()
