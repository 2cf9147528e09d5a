"""Members' predictions as the folds leave them, made up: what the tests of ensembles share."""

import numpy as np
import pandas as pd
from makers.tasks import made_task

from competition.data.predictions import Predictions
from competition.data.task import Task
from competition.ensembling.images import Images
from competition.ensembling.stacked_predictions import StackedPredictions, stack_predictions
from competition.metrics.make import make_metric
from competition.settings.ensemble import EnsembleSettings

TARGETS = ("2", "10", "x", "y")
TEST_IDS = tuple(f"t{n:02d}" for n in reversed(range(30)))
UNREAD = "t05"  # nobody could read it
TASK = made_task(TARGETS)
SETTINGS = EnsembleSettings(resamples=100)


def made_images(n=80, n_folds=4, holdout=12, seed=0, task: Task = TASK) -> Images:
    """Images of any task with TARGETS; of several labels each has every one with a chance of its own."""
    generator = np.random.default_rng(seed)
    ids = [f"{number:03d}" for number in range(n + holdout)]
    folds = np.concatenate([generator.permutation(np.arange(n) % n_folds), np.full(holdout, -1)])
    if task.several:
        labels = (generator.random((n + holdout, len(TARGETS))) < (0.5, 0.3, 0.2, 0.6)).astype(np.uint8)
    else:
        labels = generator.integers(len(TARGETS), size=n + holdout)
    frame = pd.DataFrame({"ID": ids, "target": task.decode(labels), "fold": folds, "group": ids})
    seen, held = frame[frame["fold"] >= 0].reset_index(drop=True), frame[frame["fold"] < 0]
    return Images(seen, held, TEST_IDS, task, make_metric(task.settings))


def made_member(images: Images, skill: float, seed: int, sharpness: float = 1.0) -> list[dict[str, Predictions]]:
    """A member whose probabilities lean to the truth by `skill`, and are surer of themselves by `sharpness` than they
    should.
    """
    generator, task = np.random.default_rng(seed), images.task

    def part(ids, y_true) -> Predictions:
        true = task.encode(list(y_true))
        if task.several:
            values = (skill * true + (1 - skill) * generator.random(true.shape)) ** sharpness
            return Predictions(list(ids), values / (values + (1 - skill * true) ** sharpness), TARGETS, False)
        noise = generator.dirichlet(np.ones(len(TARGETS)), len(ids))
        values = (skill * np.eye(len(TARGETS))[true] + (1 - skill) * noise) ** sharpness
        return Predictions(list(ids), values / values.sum(axis=1, keepdims=True), TARGETS)

    tests = [id_ for id_ in sorted(TEST_IDS) if id_ != UNREAD]
    truth = np.array(TARGETS)[np.random.default_rng(99).integers(len(TARGETS), size=len(tests))]
    folds = []
    for fold in range(images.folds.max() + 1):
        own = images.seen[images.seen["fold"] == fold]
        views = {view: part(own["ID"], own["target"]) for view in ("clean", "test_like")}
        views |= {
            f"holdout_{view}": part(images.holdout["ID"], images.holdout["target"]) for view in ("clean", "test_like")
        }
        views["test"] = part(tests, truth)
        folds.append(views | {"severe": views["test_like"]})
    return folds


def made_members(images: Images, n_members=3) -> dict[str, list[dict[str, Predictions]]]:
    """Members a, b, c, ... of rising skill, some too sure, some not sure enough."""
    return {"abcdefgh"[m]: made_member(images, 0.1 + 0.06 * m, m, (0.5, 3.0, 1.0)[m % 3]) for m in range(n_members)}


def made_stacked(n_members=3, **kwargs) -> StackedPredictions:
    images = made_images(**kwargs)
    return stack_predictions(made_members(images, n_members), images)
