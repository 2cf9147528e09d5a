"""What the student is worth: its score beside the final vote's, and images/s of both, in torch, ONNX and eight bits.

    python -m pipelines.sample && dvc repro && python tests/benchmarks/distil.py --images 200 --rounds 3

Run from the folder of a project whose stages have run, with `distil.student` in params.yaml. Scores are out of fold,
each fold's by networks that have not seen it; those of the ONNX files too. Speeds are of the networks alone, on the
packed test images: each asked by turns, the medians of `rounds`; the vote as `predict` asks it, with all orientations.
The last line is one JSON object.
"""

import argparse
import json
import math
from collections.abc import Callable
from statistics import median
from time import perf_counter

import numpy as np
import pandas as pd
import torch

from competition.common import paths
from competition.compute.device import set_up_process
from competition.data.classes import read_classes
from competition.data.image_store import ImageStore
from competition.ensembling.final_vote import FinalVote, read_final_vote
from competition.folds.split import read_folds
from competition.inference.loader import stack
from competition.metrics.make import make_metric
from competition.serving import export as exports
from competition.serving.new_images import Chunk, MemoryImages
from competition.serving.onnx import OnnxModel
from competition.serving.onnx_models import INT8, MODEL
from competition.serving.predict import load_voters, predict_chunk, read_student_vote
from competition.settings.distil import ALL, STUDENT
from competition.settings.load import load_settings
from competition.settings.params import Settings
from competition.training.fold_data import FoldData, load_fold

KINDS = {MODEL: "onnx", INT8: "int8"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=200, help="of the test set, that speeds are of")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    set_up_process()
    settings, store = load_settings(), ImageStore(paths.TEST_RESIZED_STORE)
    rows = np.arange(min(given.images, len(store)))
    exported = export_student(settings)
    squares = stack(store, rows, settings.described(STUDENT).size).numpy()
    ways = {
        "vote": asking(read_final_vote(), settings, store, rows),
        "student": asking(read_student_vote(settings), settings, store, rows),
    }
    for file, model in exported.models.items():
        session = OnnxModel(model)
        ways[KINDS[file]] = lambda session=session: session.batches(squares)
    speeds = measured(ways, given.rounds, len(rows))
    print(json.dumps(scores(exported) | speeds | {"images": len(rows), "threads": torch.get_num_threads()}))


def asking(final: FinalVote, settings: Settings, store: ImageStore, rows: np.ndarray) -> Callable[[], object]:
    vote = final.vote()
    voters, pixels = load_voters(vote, final, settings), [store.image(int(row)) for row in rows]

    def ask() -> object:
        images = MemoryImages(pixels, store.orientations(rows))  # anew: members remember features of the last ones
        chunk = Chunk([str(row) for row in rows], images, {}, 0)
        return vote.predict(predict_chunk(chunk, vote, voters, final.orientation_weights))

    return ask


def measured(ways: dict[str, Callable[[], object]], rounds: int, images: int) -> dict[str, object]:
    """Return the medians of images/s, and of how many times the vote's these are."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, ask in ways.items():
            began = perf_counter()
            ask()
            if number:  # the first round warms up
                taken[name].append(images / (perf_counter() - began))
                print(f"round {number} {name}: {taken[name][-1]:.1f} images/s", flush=True)
    times = {
        name: round(median(one / vote for one, vote in zip(found, taken["vote"], strict=True)), 1)
        for name, found in taken.items()
    }
    return {"images_per_s": {name: round(median(found), 1) for name, found in taken.items()}, "times_the_votes": times}


def export_student(settings: Settings) -> exports.Exported:
    """Return the student's ONNX models, scored out of fold, eight bits whatever they cost."""
    exports.LOSS = math.inf
    temperature = float(read_student_vote(settings).vote().temperatures[0])
    judges = {fold: load(fold, settings) for fold in settings.split.folds}
    pages, classes = ImageStore(paths.TEST_STORE), read_classes(paths.CLASSES)
    data = load(None, settings)
    return exports.export(STUDENT, ALL, settings, classes, data, pages, judges=judges, temperature=temperature)


def load(fold: int | None, settings: Settings) -> FoldData:
    stores, targets = (paths.AUGMENTED_STORE, paths.TEST_RESIZED_STORE), tuple(read_classes(paths.CLASSES))
    return load_fold(fold, read_folds(paths.FOLDS), targets, *stores, make_metric(settings.task), settings.task.several)


def scores(exported: exports.Exported) -> dict[str, object]:
    """Return the scores out of fold of the vote, the student and its files, and the first two's difference."""
    table = pd.read_csv(paths.STUDENT_TABLE).set_index("submission")
    (vote,) = set(table.index) - {STUDENT}
    found = {"metric": exported.data.metric.name, "vote": vote}
    for name, row in (("vote", vote), ("student", STUDENT)):
        found |= {f"{name}_{one}": round(float(table.at[row, one]), 4) for one in ("test_like", "clean")}
    found["difference_test_like"] = round(found["student_test_like"] - found["vote_test_like"], 4)
    found["standard_error"] = round(float(table["standard_error"].max()), 4)
    data = exported.data
    y_true = data.valid_labels[exported.scored]
    for file, answers in exported.probabilities.items():
        plain = data.metric.plain(answers["test_like"], data.several)
        found[f"{KINDS[file]}_test_like"] = round(data.metric(y_true, plain, len(answers["test_like"][0])), 4)
    return found


if __name__ == "__main__":
    main()
