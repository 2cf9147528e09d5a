"""Members' predictions as the folds leave them, made up: what the tests of ensembles share."""

import numpy as np
import pandas as pd
from makers.metrics import F1

from competition.data.predictions import Predictions
from competition.ensembling.images import Images
from competition.ensembling.stacked_predictions import StackedPredictions, stack_predictions

TARGETS = ("2", "10", "x", "y")
TEST_IDS = tuple(f"t{n:02d}" for n in reversed(range(30)))
UNREAD = "t05"  # nobody could read it


def made_images(n=80, n_folds=4, holdout=12, seed=0) -> Images:
    generator = np.random.default_rng(seed)
    ids = [f"{number:03d}" for number in range(n + holdout)]
    folds = np.concatenate([generator.permutation(np.arange(n) % n_folds), np.full(holdout, -1)])
    frame = pd.DataFrame(
        {
            "ID": ids,
            "target": np.array(TARGETS)[generator.integers(len(TARGETS), size=n + holdout)],
            "fold": folds,
            "group": ids,
        }
    )
    return Images(
        frame[frame["fold"] >= 0].reset_index(drop=True), frame[frame["fold"] < 0], TEST_IDS, TARGETS, TARGETS[0], F1
    )


def made_member(images: Images, skill: float, seed: int, sharpness: float = 1.0) -> list[dict[str, Predictions]]:
    """A member whose probabilities lean to the truth by `skill`, and are surer of themselves by `sharpness` than they
    should.
    """
    generator, position = np.random.default_rng(seed), {target: index for index, target in enumerate(TARGETS)}

    def part(ids, y_true) -> Predictions:
        noise = generator.dirichlet(np.ones(len(TARGETS)), len(ids))
        values = (
            skill * np.eye(len(TARGETS))[[position[target] for target in y_true]] + (1 - skill) * noise
        ) ** sharpness
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
        folds.append(views | {"test": part(tests, truth)})
    return folds


def made_members(images: Images, n_members=3) -> dict[str, list[dict[str, Predictions]]]:
    """Members a, b, c, ... of rising skill, some too sure, some not sure enough."""
    return {"abcdefgh"[m]: made_member(images, 0.1 + 0.06 * m, m, (0.5, 3.0, 1.0)[m % 3]) for m in range(n_members)}


def made_stacked(n_members=3, **kwargs) -> StackedPredictions:
    images = made_images(**kwargs)
    return stack_predictions(made_members(images, n_members), images)
