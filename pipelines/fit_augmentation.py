"""Fit the augmentation policy to the unlabelled test images: `python -m pipelines.fit_augmentation`.

python -m pipelines.fit_augmentation --trials 100 --minutes 10
python -m pipelines.fit_augmentation --apply test_like

Says how train and test differ, looks for the policy whose copies are hardest to tell from the test images, and writes
it to folds/fitted_policy.yaml, and the table to folds/shift.csv. Using it is your choice: --apply writes it into
params.yaml, for training copies (augment.transforms), the views that members are scored on (augment.test_like), or
both. What is fitted is the policy of the training copies as params.yaml has it, so a second run goes on from an applied
first.
"""

import os
import textwrap
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from time import perf_counter
from typing import Annotated

import numpy as np
import pandas as pd
import torch
import typer

from competition.audit.domain_shift import STATISTICS, table
from competition.augmentation.bank import open_bank
from competition.augmentation.families import as_mapping, policy_text, scaled
from competition.augmentation.fitting import Trial, search
from competition.augmentation.measuring import Distance, Yardstick, clean_squares, read_pages
from competition.common.files import replace_file
from competition.common.seeds import generator
from competition.compute.device import keep_memory
from competition.data.image_store import ImageStore
from competition.data.images import resize
from competition.inference.features import network_features
from competition.members.kinds import KINDS
from competition.models.networks import create_network
from competition.settings import edit as params_file
from competition.settings.load import load_settings
from competition.settings.params import Settings
from pipelines._main import log, run

LEAST, BATCH = 20, 32  # images of a set; squares that go through the network at once
POLICY, SHIFT, PARAMS = Path("folds/fitted_policy.yaml"), Path("folds/shift.csv"), Path("params.yaml")


class Apply(StrEnum):
    """Which sections of params.yaml get the fitted policy."""

    none = "none"
    test_like = "test_like"
    train = "train"
    both = "both"


TRAIN, TEST_LIKE = ("augment", "transforms"), ("augment", "test_like", "transforms")
SECTIONS = {Apply.none: [], Apply.train: [TRAIN], Apply.test_like: [TEST_LIKE], Apply.both: [TRAIN, TEST_LIKE]}


def main(
    trials: Annotated[int, typer.Option(min=1, help="policies tried, the present one among them")] = 60,
    minutes: Annotated[float | None, typer.Option(min=0, help="no new policy is tried after these")] = None,
    images: Annotated[
        int, typer.Option(min=LEAST, help="training pages damaged for each trial; twice as many test images")
    ] = 300,
    seed: Annotated[int, typer.Option(min=0, help="of the samples and of the search")] = 0,
    apply: Annotated[Apply, typer.Option(help="section of params.yaml that gets the policy")] = Apply.none,
) -> None:
    """Fit the augmentation policy to the unlabelled test images."""
    keep_memory()
    settings = load_settings(PARAMS)
    if not settings.rules.test_statistics:
        raise ValueError("rules.test_statistics: false in params.yaml: no policy may be fitted to the test images")
    augment, workers = settings.augment, settings.machine.workers or os.cpu_count() or 1
    train, test = ImageStore("data/train.arrow"), ImageStore("data/test.arrow")
    searched, held_back = zip(halves(train, images, seed), halves(test, 2 * images, seed), strict=True)
    embed, bank = embedding(settings), open_bank(tuple(augment.merged()), augment, settings.machine)

    def prepared(rows: tuple[np.ndarray, np.ndarray]) -> tuple:
        pages, others = read_pages(train, rows[0], augment.size), read_pages(test, rows[1], augment.size)
        clean = clean_squares(pages, augment)
        yardstick = Yardstick(clean_squares(others, augment), clean, embed, augment, bank, seed=seed, workers=workers)
        return pages, yardstick, yardstick.measured(clean)

    pages, yardstick, clean = prepared(searched)
    print(table(clean.statistics, yardstick.test.statistics, list(STATISTICS)).round(3).to_string(index=False))
    log("clean", **yardstick.distance(clean).facts())
    best = search(yardstick, pages, trials, None if minutes is None else 60 * minutes, reporter(trials))
    transforms = scaled(augment, best.factors)
    pages, yardstick, clean = prepared(held_back)
    squares = {"clean": clean} | {
        name: yardstick.measured(yardstick.copies(pages, policy, 0))
        for name, policy in (("present", augment.merged()), ("fitted", transforms))
    }
    conclude(
        best,
        as_mapping(transforms),
        augment.policy,
        {name: yardstick.distance(there) for name, there in squares.items()},
        yardstick.compared(squares),
    )
    for keys in SECTIONS[apply]:
        params_file.apply(PARAMS, {keys: as_mapping(transforms)})
        log(f"{PARAMS}: {'.'.join(keys)} is the fitted policy; `dvc repro` runs what that changes")


def halves(store: ImageStore, most: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows, `most` at the most, that are searched on, and as many others that the found policy is judged
    on.
    """
    if len(store) < LEAST:
        raise ValueError(f"{store.path}: {len(store)} images; it takes {LEAST} to say how train and test differ")
    rows, count = generator(seed, "fit", store.path.name).permutation(len(store)), min(most, len(store) // 2)
    return np.sort(rows[:count]), np.sort(rows[count : 2 * count])


def embedding(settings: Settings) -> Callable[[np.ndarray], np.ndarray]:
    """Return the features of squares by the frozen network of the first member of kind `features`, or of the default
    one.
    """
    frozen = (member for member in settings.members.values() if member.network_use == "frozen")
    member = next(frozen, None) or KINDS["features"].Settings()
    extract = network_features(*create_network(member, 1), member.precision)

    def embed(squares: np.ndarray) -> np.ndarray:
        parts = (squares[start : start + BATCH] for start in range(0, len(squares), BATCH))
        return np.concatenate(
            [
                extract(torch.from_numpy(np.stack([resize(square, member.size, member.size) for square in part])))
                for part in parts
            ]
        )

    return embed


def reporter(trials: int) -> Callable[[int, Trial], None]:
    """Return a function that prints a line about a trial: how far from the test set, the best so far, the time left."""
    began, best = perf_counter(), [np.inf]

    def report(number: int, trial: Trial) -> None:
        best[0] = min(best[0], trial.distance.objective)
        seconds = perf_counter() - began
        log(
            f"trial {number + 1}/{trials}",
            **trial.distance.facts(),
            best=round(best[0], 4),
            seconds=round(seconds, 1),
            left=f"{seconds / (number + 1) * (trials - number - 1):.0f}s",
        )

    return report


def conclude(
    best: Trial, transforms: dict[str, dict], policy: str, distances: dict[str, Distance], shift: pd.DataFrame
) -> None:
    """Print what was found and write it down."""
    print("on pages and test images that the search never saw:")
    print(shift.round(3).to_string(index=False))
    for name, distance in distances.items():
        log(name, **distance.facts())
    changed = {name: f"{factor:.2f}" for name, factor in best.factors.items()}
    log("factors", **changed)
    if set(best.factors.values()) == {1.0}:
        print("no policy that was tried is closer than the present one; try more: --trials")
    lines = [
        f"{name}: " + ", ".join(f"{fact} {value:.3f}" for fact, value in distance.facts().items())
        for name, distance in distances.items()
    ]
    comment = "\n".join(
        [
            "A policy fitted to the unlabelled test images by `python -m pipelines.fit_augmentation`.",
            "AUC of telling training squares from test squares (0.5: can't be told apart), on images the search "
            "never saw:",
            *(f"  {line}" for line in lines),
            *textwrap.wrap("factors: " + ", ".join(f"{name} {factor}" for name, factor in changed.items()), 120),
            "To use it, copy `transforms` into params.yaml, under augment (training copies) or augment.test_like "
            "(the views",
            "that members are scored on), or run the command with --apply train, test_like or both.",
        ]
    )
    with replace_file(POLICY) as temporary:
        temporary.write_text(policy_text(policy, transforms, comment), encoding="utf-8")
    with replace_file(SHIFT) as temporary:
        shift.round(4).to_csv(temporary, index=False, lineterminator="\n")
    log("written", policy=POLICY, table=SHIFT)


if __name__ == "__main__":
    run(main)
