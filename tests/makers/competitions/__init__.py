"""Tiny competitions in the forms in which they are downloaded, with their hidden solutions.

`make(NAME, FOLDER)` writes one; `TWELVE` are public ones of Kaggle, `SIX` six more (six_more.py says why these).
"""

from pathlib import Path

import numpy as np
from makers.competitions import columns, one_answer, sets, six_more
from makers.competitions.download import Download

TWELVE = {
    "aerial-cactus-identification": one_answer.cactus,
    "aptos2019-blindness-detection": one_answer.blindness,
    "dog-breed-identification": columns.breeds,
    "dogs-vs-cats-redux-kernels-edition": one_answer.dogs_and_cats,
    "histopathologic-cancer-detection": one_answer.histopathology,
    "leaf-classification": columns.leaves,
    "plant-pathology-2020-fgvc7": columns.apple_leaves,
    "ranzcr-clip-catheter-line-classification": columns.catheters,
    "cassava-leaf-disease-classification": one_answer.cassava,
    "plant-seedlings-classification": one_answer.seedlings,
    "plant-pathology-2021-fgvc8": sets.apple_leaf_sets,
    "hotel-id-2021-fgvc8": sets.hotels,
}
SIX = {
    "herbarium": six_more.herbarium,
    "rainforest": six_more.rainforest,
    "drivers": six_more.drivers,
    "moles": six_more.moles,
    "objects": six_more.objects,
    "places": six_more.places,
}


def make(name: str, folder: Path, seed: int = 0) -> Download:
    """Write the competition `name` under `folder`; return where it is, and what the site keeps to itself."""
    (folder / name).mkdir(parents=True)
    download = Download(folder / name, np.random.default_rng(seed))
    (TWELVE | SIX)[name](download)
    return download
