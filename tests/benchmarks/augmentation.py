"""How much faster our offline augmentation is than the published way, in one run, on the same pages at the same
size.

    python -m pipelines.prepare && python tests/benchmarks/augmentation.py

Run from a project's folder: the pages are those of data/train.arrow.

(a) The original recipe by direct calls: Augraphy's InkBleed, BrightnessTexturize and PatternGenerator with their
    defaults, each on every page, then Albumentations: flips, transpose, any rotation, shift and scale,
    padding-preserving resize to 224 px.
(b) Ours: the same effects, on every page, at the same page size, and the same geometry.
(c) Each effect alone at that size, on one core: direct, and as a copy gets it (from the bank where it can be).

Both ways read and decode the page and encode the copy, and run in as many processes as there are cores, warmed up
first: just-in-time compilation is not counted, nor is the bank, whose seconds are printed. (a) and (b) take turns;
figures are medians of the rounds. The last line is one JSON object.
"""

import argparse
import json
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter

import joblib
import numpy as np

from competition.augmentation.augraphy.bank import OVERSAMPLING, Bank, layered, open_bank
from competition.augmentation.effects import EFFECTS
from competition.augmentation.effects.camera import photograph
from competition.common.seeds import generator
from competition.data.image_store import ImageStore
from competition.data.images import encode_jpeg
from competition.data.letterbox import letterbox, resize, shrink
from competition.settings.augment import AugmentSettings
from competition.settings.machine import MachineSettings

RECIPE = ("ink_bleed", "brightness_texturize", "pattern")
SIZE = 224


def direct_copies(store: Path, numbers: list[int], side: int) -> int:
    """Make copies by Augraphy's and Albumentations' own calls, as a notebook does: unseeded. Return their bytes."""
    os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"
    import albumentations as A
    import cv2
    from augraphy.augmentations.brightnesstexturize import BrightnessTexturize
    from augraphy.augmentations.inkbleed import InkBleed
    from augraphy.augmentations.quasicrystal import PatternGenerator

    cv2.setNumThreads(1)
    effects = InkBleed(p=1), BrightnessTexturize(p=1), PatternGenerator(p=1)
    geometry = A.Compose(
        [
            A.HorizontalFlip(p=0.5),
            A.VerticalFlip(p=0.5),
            A.Transpose(p=0.5),
            A.Rotate(limit=(-180, 180), fill=255, p=1),
            A.Affine(scale=(0.8, 1.2), translate_percent=(-0.1, 0.1), fill=255, p=0.5),
            A.LongestMaxSize(max_size=SIZE),
            A.PadIfNeeded(SIZE, SIZE, fill=255),
        ]
    )
    pages, size = ImageStore(store), 0
    for number in numbers:
        page = cv2.cvtColor(scaled(pages.image(number % len(pages)), side), cv2.COLOR_RGB2BGR)
        for effect in effects:
            page = effect(page)
        size += len(encode_jpeg(geometry(image=cv2.cvtColor(page, cv2.COLOR_BGR2RGB))["image"], 90))
    return size


def our_copies(store: Path, numbers: list[int], side: int, bank: Bank) -> int:
    """Make copies by ours: the same effects on the whole page, the same geometry, seeded. Return their bytes."""
    pages, size = ImageStore(store), 0
    for number in numbers:
        draws = generator(0, "benchmark", number)
        page = scaled(pages.image(number % len(pages)), side)
        for effect in RECIPE:
            page = bank.apply(effect, page, draws, 1.0, "train")
        drawn = {"quarter_turn": 1, "rotate": draws.uniform(-180, 180), "shift_scale": draws.uniform(0, 0.2)}
        drawn |= {name: 1 for name in ("mirror", "transpose") if draws.random() < 0.5}
        size += len(encode_jpeg(letterbox(photograph(page, draws, drawn, 255, round(SIZE * OVERSAMPLING)), SIZE), 90))
    return size


def scaled(page: np.ndarray, side: int) -> np.ndarray:
    longest = max(page.shape[:2])
    return (
        shrink(page, side)
        if longest >= side
        else resize(page, *(round(length * side / longest) for length in page.shape[:2]))
    )


def images_per_s(pool: joblib.Parallel, make: Callable, images: int, chunk: int) -> float:
    began = perf_counter()
    pool(joblib.delayed(make)(list(range(start, min(start + chunk, images)))) for start in range(0, images, chunk))
    return images / (perf_counter() - began)


def whole_copies(
    store: Path, side: int, direct_images: int, our_images: int, rounds: int, bank: Bank, workers: int
) -> dict:
    ways = {
        "direct": (partial(direct_copies, store, side=side), direct_images, 6),
        "ours": (partial(our_copies, store, side=side, bank=bank), our_images, 50),
    }
    rates = {name: [] for name in ways}
    with joblib.Parallel(n_jobs=workers) as pool:
        for make, _, chunk in ways.values():
            images_per_s(pool, make, 2 * workers * chunk, chunk)  # warms up
        for _ in range(rounds):
            for name, (make, images, chunk) in ways.items():
                rates[name].append(images_per_s(pool, make, images, chunk))
    return {name: median(values) for name, values in rates.items()}


def milliseconds(effect: Callable, name: str, page: np.ndarray, amount: float, repeats: int) -> float:
    effect(name, page, generator(0), amount)
    times = []
    for seed in range(repeats):
        draws = generator(seed)
        began = perf_counter()
        effect(name, page, draws, amount)
        times.append(1000 * (perf_counter() - began))
    return median(times)


def ours(name: str, page: np.ndarray, draws: np.random.Generator, amount: float) -> np.ndarray:
    if EFFECTS[name].phase == "camera":
        return photograph(page, draws, {name: amount}, 255, max(page.shape))
    return EFFECTS[name].apply(page, draws, amount)


def single_effects(page: np.ndarray, bank: Bank) -> dict[str, dict[str, float]]:
    """Return per effect the milliseconds for one page on one core, direct and as a copy gets it."""
    table = {}
    for name, effect in EFFECTS.items():
        if effect.recipe:
            table[name] = {"direct": milliseconds(ours, name, page, 1.0, 5)}
            if effect.recipe.take != "page":
                table[name]["banked"] = milliseconds(partial(bank.apply, purpose="train"), name, page, 1.0, 25)
        else:
            table[name] = {"ours": milliseconds(ours, name, page, float(np.mean(effect.limits)), 25)}
        print(f"{name:22s}" + "".join(f"  {way} {value:8.2f} ms" for way, value in table[name].items()), flush=True)
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--store", type=Path, default=Path("data/train.arrow"))
    parser.add_argument("--longest-side", type=int, default=512, help="pixels of the page that the effects are done on")
    parser.add_argument("--direct-images", type=int, default=72)
    parser.add_argument("--our-images", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    workers = os.cpu_count() or 1
    began = perf_counter()
    bank = open_bank({"train": layered()}, AugmentSettings(size=SIZE), MachineSettings())
    print(f"bank of {len(layered())} effects: {perf_counter() - began:.1f} s (0 where it was there)", flush=True)
    table = single_effects(scaled(ImageStore(given.store).image(0), given.longest_side), bank)
    rates = whole_copies(
        given.store.absolute(), given.longest_side, given.direct_images, given.our_images, given.rounds, bank, workers
    )
    print(
        json.dumps(
            {
                "direct_images_per_s": round(rates["direct"], 2),
                "ours_images_per_s": round(rates["ours"], 1),
                "ratio": round(rates["ours"] / rates["direct"], 1),
                "longest_side": given.longest_side,
                "workers": workers,
                "milliseconds": {name: {way: round(ms, 2) for way, ms in ways.items()} for name, ways in table.items()},
            }
        )
    )


if __name__ == "__main__":
    main()
