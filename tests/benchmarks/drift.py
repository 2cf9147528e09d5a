"""How often `predict` calls new images unlike the old: where they come as the old ones do, and where they are damaged.

    python tests/benchmarks/drift.py PROJECT [--member lite0] [--new 50 200] [--draws 200]

PROJECT: a folder whose stages have run up to `train`. Old and new images are drawn from the test-like ones, none on
both sides; their answers are the member's, out of fold, of one look at each image. Of each number of --new that there
are enough images for, DRAWS draws are compared as `predict` compares them: the share with an alarm, of each measure and
of any. `clean`, `damaged`: the same, by a tenth of the draws, where the new images are clean, or damaged as in
shifts.py. The last line is one JSON object.
"""

import argparse
import json
import os
from pathlib import Path

import numpy as np
from shifts import blur, foreign, ground, twice, unchanged

from competition.audit.domain_shift import statistics
from competition.audit.drift import answer_drift, certainty_drift, image_drift
from competition.common import paths
from competition.common.seeds import generator
from competition.data.classes import read_classes
from competition.data.image_store import ImageStore
from competition.ensembling.answer_reference import AnswerReference
from competition.folds.split import read_folds
from competition.members.named import member_named
from competition.serving.new_images import MemoryImages
from competition.settings.load import load_settings

SHIFTS = (unchanged, blur, ground, foreign, twice)
CONDITIONS = ("clean", "test_like")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("project", type=Path)
    parser.add_argument("--member", default="lite0")
    parser.add_argument("--new", type=int, nargs="*", default=[25, 50, 100], help="images of a draw")
    parser.add_argument("--draws", type=int, default=200)
    return parser.parse_args()


class Measured:
    """Statistics (N, F) and probabilities (N, C) of the N images out of fold, by condition or damage."""

    def __init__(self, member: str):
        settings, self.targets = load_settings(), tuple(read_classes(paths.CLASSES))
        folds, store = read_folds(paths.FOLDS), ImageStore(paths.AUGMENTED_STORE)
        fold_of = dict(zip(folds["ID"], folds["fold"], strict=True))
        views, sources = np.array(store.column("view")), np.array(store.column("source_id"))
        self.statistics, self.probabilities = {}, {}
        fitted = {k: member_named(member, settings).load(k, self.targets) for k in settings.split.folds}
        for condition in CONDITIONS:
            rows = [row for row in np.flatnonzero(views == condition) if fold_of.get(sources[row], -1) >= 0]
            rows = sorted(rows, key=lambda row: sources[row])
            images = [store.image(int(row)) for row in rows]
            of_fold = np.array([fold_of[sources[row]] for row in rows])
            for shift in SHIFTS if condition == "test_like" else (unchanged,):
                name = condition if shift is unchanged else shift.__name__
                shown = [shift(one, generator(0, "shift", name, n)) for n, one in enumerate(images)]
                self.statistics[name] = np.array([statistics(one, settings.augment.fill) for one in shown])
                self.probabilities[name] = answers(fitted, shown, of_fold, len(self.targets))
                print(name, len(shown), "images", flush=True)


def answers(fitted: dict, images: list[np.ndarray], of_fold: np.ndarray, n_classes: int) -> np.ndarray:
    found = np.zeros((len(images), n_classes))
    for fold, network in fitted.items():
        here = np.flatnonzero(of_fold == fold)
        found[here] = network.predict_proba(MemoryImages(images), here, None)
    return found


def alarms(measured: Measured, name: str, new_images: int, draws: int) -> dict[str, float]:
    """Return the share of `draws` with an alarm, by measure, where the new images are those called `name`."""
    n, found = len(measured.statistics[name]), []
    names = {target: target for target in measured.targets}
    for draw in range(draws):
        order = generator(draw, "draw").permutation(n)
        new, old = order[:new_images], order[new_images:]
        references = {condition: measured.statistics[condition][old] for condition in CONDITIONS}
        labels = measured.probabilities["test_like"][old].argmax(axis=1)
        confidence = measured.probabilities["test_like"][old].max(axis=1)
        reference = AnswerReference.of(confidence, labels, len(names))
        rows = measured.probabilities[name][new]
        counts = np.bincount(rows.argmax(axis=1), minlength=len(names))
        found.append(
            [
                image_drift(references, measured.statistics[name][new]).found,
                certainty_drift(reference.confidence, reference.images, rows.max(axis=1)).found,
                answer_drift(reference.answers, counts, names).found,
            ]
        )
    shares = np.mean(found, axis=0).tolist() + [float(np.mean(np.any(found, axis=1)))]
    return dict(zip(("images", "certainty", "answers", "any"), np.round(shares, 3).tolist(), strict=True))


def main() -> None:
    given = parse()
    os.chdir(given.project)
    measured = Measured(given.member)
    n, result = len(measured.statistics["test_like"]), {}
    for new_images in given.new:
        if new_images > n // 2:
            continue
        result[new_images] = {
            "like_the_old": alarms(measured, "test_like", new_images, given.draws),
            "clean": alarms(measured, "clean", new_images, max(20, given.draws // 10)),
            "damaged": {
                shift.__name__: alarms(measured, shift.__name__, new_images, max(20, given.draws // 10))
                for shift in SHIFTS
                if shift is not unchanged
            },
        }
        print(new_images, result[new_images], flush=True)
    print(json.dumps({"member": given.member, "images": n, "draws": given.draws, "new": result}))


if __name__ == "__main__":
    main()
