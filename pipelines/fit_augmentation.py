"""Fit the augmentation policy to the unlabelled test images: `python -m pipelines.fit_augmentation`.

python -m pipelines.fit_augmentation --trials 100 --minutes 10
python -m pipelines.fit_augmentation --apply test_like

Says how train and test differ, looks for the policy whose copies are hardest to tell from the test images, and writes
it to folds/fitted_policy.yaml, and the table to folds/shift.csv. Using it is your choice: --apply writes it into
params.yaml, for training copies (augment.transforms; and augment.train_on_held_out, since it is trained on as it was
fitted), the images that members are scored on (augment.test_like), or both. What is fitted is the policy of the
training copies as params.yaml has it, so a second run goes on from an applied first.
"""

import os
from collections.abc import Callable
from enum import StrEnum
from time import perf_counter
from typing import Annotated

import numpy as np
import torch
import typer

from competition.augmentation.augraphy.bank import open_bank
from competition.augmentation.fitting.fit import Fit, Half, fit_policy, write_fit
from competition.augmentation.fitting.sample import LEAST
from competition.augmentation.fitting.search import Trial
from competition.common import paths
from competition.common.locks import Use
from competition.compute.device import set_up_process
from competition.data.image_store import ImageStore
from competition.data.letterbox import resize
from competition.inference.features import network_features
from competition.members.kinds import KINDS
from competition.models.networks import create_network
from competition.settings import edit as params_file
from competition.settings.load import load_settings
from competition.settings.params import Settings
from pipelines._main import log, run

BATCH = 32  # images that go through the network at once


class Apply(StrEnum):
    """Which sections of params.yaml get the fitted policy."""

    none = "none"
    test_like = "test_like"
    train = "train"
    both = "both"


TRAIN, TEST_LIKE = ("augment", "transforms"), ("augment", "test_like", "transforms")
ON_HELD_OUT = ("augment", "train_on_held_out")
SECTIONS = {Apply.none: [], Apply.train: [TRAIN], Apply.test_like: [TEST_LIKE], Apply.both: [TRAIN, TEST_LIKE]}


def main(
    trials: Annotated[int, typer.Option(min=1, help="policies tried, the present one among them")] = 60,
    minutes: Annotated[float | None, typer.Option(min=0, help="no new policy is tried after these")] = None,
    images: Annotated[
        int, typer.Option(min=LEAST, help="training images damaged for each trial; twice as many test images")
    ] = 300,
    seed: Annotated[int, typer.Option(min=0, help="of the samples and of the search")] = 0,
    apply: Annotated[Apply, typer.Option(help="section of params.yaml that gets the policy")] = Apply.none,
) -> None:
    """Fit the augmentation policy to the unlabelled test images."""
    set_up_process()
    settings = load_settings(paths.PARAMS)
    if not settings.rules.test_statistics:
        raise ValueError("rules.test_statistics: false in params.yaml: no policy may be fitted to the test images")
    augment = settings.augment
    fit = fit_policy(
        ImageStore(paths.TRAIN_STORE),
        ImageStore(paths.TEST_STORE),
        augment,
        open_bank({"test_like": augment.merged()}, augment, settings.machine),
        embedding(settings),
        images=images,
        trials=trials,
        seconds=None if minutes is None else 60 * minutes,
        seed=seed,
        workers=settings.machine.workers or os.cpu_count() or 1,
        started=print_clean,
        report=reporter(trials),
    )
    print_fit(fit)
    write_fit(fit, augment.policy)
    log("written", policy=paths.FITTED_POLICY, table=paths.DOMAIN_SHIFT)
    for keys in SECTIONS[apply]:
        params_file.apply(paths.PARAMS, {keys: fit.transforms})
        log(f"{paths.PARAMS}: {'.'.join(keys)} is the fitted policy; `dvc repro` runs what that changes")
    if TRAIN in SECTIONS[apply] and not augment.train_on_held_out:
        params_file.apply(paths.PARAMS, {ON_HELD_OUT: True})
        held_out = ", ".join(augment.test_like.held_out)
        log(f"{paths.PARAMS}: {'.'.join(ON_HELD_OUT)} is true: trained on as fitted", effects=held_out)


def embedding(settings: Settings) -> Callable[[np.ndarray], np.ndarray]:
    """Return the features of images by the frozen network of the first member of kind `features`, or the default's."""
    frozen = (member for member in settings.members.values() if member.network_use == "frozen")
    member = next(frozen, None) or KINDS["features"].Settings()
    extract = network_features(*create_network(member, 1), member.precision, member.size)

    def embed(images: np.ndarray) -> np.ndarray:
        parts = (images[start : start + BATCH] for start in range(0, len(images), BATCH))
        resized = (np.stack([resize(image, member.size, member.size) for image in part]) for part in parts)
        return np.concatenate([extract(torch.from_numpy(part)) for part in resized])

    return embed


def print_clean(half: Half) -> None:
    print(half.table().round(3).to_string(index=False))
    log("clean", **half.measure.gap(half.clean).facts())


def reporter(trials: int) -> Callable[[int, Trial], None]:
    """Return a function that prints a line about a trial: its gap to the test set, the best so far, the time left."""
    began, best = perf_counter(), [np.inf]

    def report(number: int, trial: Trial) -> None:
        best[0] = min(best[0], trial.gap.objective)
        seconds = perf_counter() - began
        left = f"{seconds / (number + 1) * (trials - number - 1):.0f}s"
        figures = trial.gap.facts() | {"best": round(best[0], 4), "seconds": round(seconds, 1), "left": left}
        log(f"trial {number + 1}/{trials}", **figures)

    return report


def print_fit(fit: Fit) -> None:
    print("on images that the search never saw:")
    print(fit.table.round(3).to_string(index=False))
    for name, gap in fit.gaps.items():
        log(name, **gap.facts())
    log("factors", **{name: f"{factor:.2f}" for name, factor in fit.factors.items()})
    if set(fit.factors.values()) == {1.0}:
        print("no policy that was tried is closer than the present one; try more: --trials")


if __name__ == "__main__":
    run(main, use=Use.READ)
