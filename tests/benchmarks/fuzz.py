"""Hostile files and tables through adopt, prepare, predict's reading, validate and score: what became of each.

python tests/benchmarks/fuzz.py --files 10000 --tables 2000
"""

import argparse
import contextlib
import json
import os
import sys
import tempfile
import traceback
from collections import Counter
from pathlib import Path
from time import perf_counter

import numpy as np

sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parents[1])]

from makers.fuzz import (  # noqa: E402
    CHANGES,
    DAMAGES,
    ENCODINGS,
    ENDS,
    EXTENSIONS,
    IMAGES,
    SEPARATORS,
    STEMS,
    hostile_file,
    hostile_table,
)
from makers.fuzzed_commands import (  # noqa: E402
    accuracy,
    adopt_and_prepare,
    adopted_labels,
    read_for_predict,
    validated,
    write_labelled,
    write_scored_project,
)

BATCH = 500  # files of a download
ROWS = [[f"{n:03d}", "ab"[n % 2]] for n in range(40)]


def chosen(draw: np.random.Generator, *choices):
    return (choice[int(draw.integers(len(choice)))] for choice in choices)


def fuzz_files(folder: Path, first: int, number: int, counts: Counter) -> None:
    """Write and bring in one download; `counts` grows by what became of its files."""
    draw, whole = np.random.default_rng(first), set()
    for seed in range(first, first + number):
        name, data, is_whole = hostile_file(*chosen(draw, sorted(IMAGES), DAMAGES, EXTENSIONS, STEMS), seed)
        place = folder / "download" / "ab"[seed % 2] / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
        whole |= {place.relative_to(folder / "download").as_posix()} if is_whole else set()
    used, named, others = read_for_predict(folder / "download")
    found = adopt_and_prepare(folder / "project", folder / "download")
    refused = {why for why in found.values() if why.startswith("refused")}
    counts.update("used" if why == "used" else "refused" if why in refused else "named" for why in found.values())
    for why in refused:
        print(f"files from {first}: {why}", flush=True)
    counts["silently lost"] += number - len(found)
    counts["whole and not used"] += sum(found.get(file, "") != "used" for file in whole)
    counts.update({"predict used": len(used), "predict named": len(named), "predict no image": others})
    counts["silently lost"] += number - len(used | named) - others
    counts["whole and not used"] += len(whole - used)


def fuzz_table(folder: Path, seed: int, counts: Counter) -> None:
    """Give one table to adopt, validate and score; `counts` grows by what became of it."""
    draw = np.random.default_rng(seed)
    choices = chosen(draw, ENCODINGS, SEPARATORS, ENDS, CHANGES, (False, True))
    data, whole = hostile_table([["ID", "target"], *ROWS], *choices, seed)
    with contextlib.chdir(folder / "scored"):
        scores = [accuracy(data), accuracy(data, as_solution=True)]
        valid = validated(data)
    (folder / "labelled/train.csv").write_bytes(data)
    labels = adopted_labels(folder / "project", folder / "labelled")
    taken = [*(score is not None for score in scores), valid, labels is not None]
    counts.update({"tables taken": sum(taken), "tables refused": len(taken) - sum(taken)})
    counts["tables misread"] += sum(
        score is not None and (whole is False or (whole is True and score < 1)) for score in scores
    )
    counts["tables misread"] += (valid and whole is False) + bool(labels is not None and whole and labels != dict(ROWS))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--tables", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    began, counts = perf_counter(), Counter(dict.fromkeys(["tracebacks", "silently lost", "whole and not used"], 0))
    work = [(fuzz_files, first, min(BATCH, given.files - first)) for first in range(0, given.files, BATCH)]
    work += [(fuzz_table, number) for number in range(given.tables)]
    with tempfile.TemporaryDirectory() as name:
        write_scored_project(Path(name, "scored"), ROWS, ["a", "b"])
        write_labelled(Path(name, "labelled"), b"", [id for id, _ in ROWS])
        for number, (fuzz, first, *rest) in enumerate(work):
            folder = Path(name, str(number)) if fuzz is fuzz_files else Path(name)
            try:
                fuzz(folder, 1_000_000 * given.seed + first, *rest, counts)
            except Exception:
                counts["tracebacks"] += 1
                print(f"{fuzz.__name__} {first}, seed {given.seed}:\n{traceback.format_exc()}", flush=True)
            os.chdir("/")
    print(
        json.dumps(
            {"files": given.files, "tables": given.tables, **counts, "seconds": round(perf_counter() - began, 1)}
        )
    )
    bad = ("tracebacks", "silently lost", "whole and not used", "tables misread")
    sys.exit(any(counts[name] for name in bad))


if __name__ == "__main__":
    main()
