"""The generated competition: images, CSVs, solution."""

import time
from collections.abc import Callable
from pathlib import Path

from joblib import Parallel, delayed

from competition.common.csv import write_table
from competition.common.files import file_sha256, write_json
from competition.sample.image_file import write_image
from competition.sample.output_folder import FAULTS, MARK, check_destination, partial_folder, swap
from competition.sample.rows import Row, plan_test, plan_train, usages
from competition.sample.variant import Variant
from competition.sample.variants import DEFAULT, HARD


def generate(
    out: Path,
    solution: Path,
    n_train: int,
    n_test: int,
    seed: int,
    workers: int,
    force: bool = False,
    wrong_labels: float | None = None,
    progress: Callable[[int, int], None] | None = None,
    hard: bool = False,
) -> dict:
    """Write a competition to the folder `out` and its test labels to the file `solution`; return the facts about it.

    `hard`: the hard sample, of more and closer classes and heavier damage; `wrong_labels`: a share of the training
    labels, None for the sample's own. `progress` is called with the number of images done and to do.

    The facts: `out`, `solution`, `seed`, `version`, `train`, `test` (image counts), `hard` (only if it is), `seconds`,
    and the planted faults: `unreadable` (an ID), `wrong_labels` ({ID: true target}), `duplicates` ([[ID, ID], ...]).
    The bytes depend on the counts, the seed, `hard` and the share `wrong_labels`, not on `workers`. The planted faults
    are also written to faults.json beside `solution`, so that whoever looks for them can be scored.

    ValueError if a count is below the number of classes, the seed negative, `workers` below 1, `wrong_labels` not
    within 0 and 0.5, or if `out`, `solution` or the place of faults.json hold what is not an earlier sample's (`force`
    replaces even that).
    """
    started = time.perf_counter()
    out, solution = Path(out), Path(solution)
    if seed < 0 or workers < 1:
        raise ValueError(f"expected seed >= 0 and workers >= 1, found seed {seed} and workers {workers}")
    variant = HARD if hard else DEFAULT
    wrong_labels = variant.wrong_labels if wrong_labels is None else wrong_labels
    if not 0 <= wrong_labels <= 0.5:
        raise ValueError(f"wrong labels: expected a share from 0 to 0.5, found {wrong_labels:g}")
    train, test = plan_train(n_train, seed, wrong_labels, variant), plan_test(n_test, seed, variant)
    check_destination(out, solution, force)
    mark = {"version": variant.version, "seed": seed, "train": n_train, "test": n_test}
    if hard:
        mark["hard"] = True
    with partial_folder(out) as partial:
        _make_images(train, test, partial, seed, workers, progress, variant)
        _write_tables(train, test, partial, variant)
        new_solution = _write_solution(test, solution, usages(n_test, seed, variant))
        written = {**mark, "solution_sha256": file_sha256(new_solution)}
        write_json(partial / MARK, written)
        new_faults = _write_faults(train, solution, mark)
        swap(partial, out, {solution: new_solution, solution.with_name(FAULTS): new_faults})
    seconds = round(time.perf_counter() - started, 1)
    return {"out": str(out), "solution": str(solution), **mark, **_faults(train), "seconds": seconds}


def _make_images(train: list[Row], test: list[Row], folder: Path, seed: int, workers: int, progress, variant: Variant):
    jobs = [(row, part) for part, rows in (("train", train), ("test", test)) for row in rows]
    for part in ("train", "test"):
        (folder / part).mkdir()
    run = Parallel(n_jobs=workers, return_as="generator_unordered")
    done = run(delayed(write_image)(row, part, folder / part, seed, variant.name) for row, part in jobs)
    for count, _ in enumerate(done, 1):
        if progress:
            progress(count, len(jobs))


def _write_tables(train: list[Row], test: list[Row], folder: Path, variant: Variant):
    write_table(folder / "train.csv", ("ID", "target"), [(row.id, row.label) for row in train])
    write_table(folder / "sample_submission.csv", ("ID", "target"), [(row.id, 0) for row in test])
    write_table(folder / "meta.csv", ("target", "class_name"), list(enumerate(variant.class_names)))


def _write_solution(test: list[Row], solution: Path, usage: list[str]) -> Path:
    beside = _beside(solution)
    labels = [(row.id, row.target, part) for row, part in zip(test, usage, strict=True)]
    write_table(beside, ("ID", "target", "usage"), labels)
    return beside


def _write_faults(train: list[Row], solution: Path, mark: dict) -> Path:
    beside = _beside(solution.with_name(FAULTS))
    write_json(beside, {**mark, **_faults(train)})
    return beside


def _beside(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.parent / f".{path.name}.partial"


def _faults(train: list[Row]) -> dict:
    original = {row.index: row.id for row in train if "duplicate" not in row.fault}
    return {
        "unreadable": next(row.id for row in train if row.fault == "unreadable"),
        "wrong_labels": {row.id: row.target for row in train if row.fault == "wrong label"},
        "duplicates": [[original[row.index], row.id] for row in train if "duplicate" in row.fault],
    }
