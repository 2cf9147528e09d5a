"""Measures each fold's upright networks on pages that they never saw.

Apart from `fit`, which the trained networks are named by: how pages are looked for can change without training anew.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path

import numpy as np

from competition.compute.device import set_up_process
from competition.compute.pool import deal
from competition.compute.shares import share_of
from competition.settings.machine import MachineSettings
from competition.settings.upright import UprightSettings
from competition.upright.accuracy import Found, compare
from competition.upright.fit import FoldPhotographs
from competition.upright.page_finder import PageFinder

AT_ONCE = 64  # pictures that are decoded together


def score_folds(
    read: Callable[[], FoldPhotographs],
    weights: Mapping[int, Path],
    settings: UprightSettings,
    machine: MachineSettings,
) -> tuple[Found, np.ndarray]:
    """Return what each fold's networks find on its own test-like copies, and the rows (N,) of these."""
    share = share_of(len(weights), machine.workers)
    tasks = [(read, fold, path, settings) for fold, path in weights.items()]
    if share.at_once == 1:
        parts = [_score_fold(*task) for task in tasks]
    else:
        shared = ((*task, share.threads) for task in tasks)
        parts = list(deal(_score_fold, shared, MachineSettings(workers=share.at_once)))
    parts.sort(key=lambda part: part[0])
    found = Found(*(np.concatenate([getattr(part, one.name) for _, part, _ in parts]) for one in fields(Found)))
    return found, np.concatenate([rows for *_, rows in parts])


def _score_fold(
    read: Callable[[], FoldPhotographs], fold: int, weights: Path, settings: UprightSettings, threads: int | None = None
) -> tuple[int, Found, np.ndarray]:
    if threads:
        set_up_process(threads)
    photographs = read()
    rows = photographs.to_score(fold, settings)
    finder, pages, sides = PageFinder([weights], settings), [], []
    for start in range(0, len(rows), AT_ONCE):
        some = rows[start : start + AT_ONCE]
        pictures = [photographs.store.image(row) for row in some]
        sides += [picture.shape[0] for picture in pictures]
        pages += finder.find(pictures, photographs.fill)
    corners = photographs.corners[rows] * np.array(sides)[:, None, None]
    return fold, compare(pages, list(corners), sides), rows
