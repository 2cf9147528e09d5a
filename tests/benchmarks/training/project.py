"""A project to measure in: a competition prepared, split and augmented by the library's own stages, at several
sizes.
"""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import yaml

from competition.data.classes import read_classes
from competition.data.image_store import ImageStore
from competition.data.predictions import CONDITIONS
from competition.folds.split import read_folds
from competition.metrics.scores import METRICS
from competition.settings.finetuned import FinetunedSettings
from competition.settings.load import load_settings
from competition.training.fold_data import FoldData, load_fold

F1 = METRICS["f1_macro"]()

ROOT = Path(__file__).resolve().parents[3]


def make_project(
    folder: Path, pages: Path | None, preset: str, copies: dict[int, int], train: int, test: int, damaged: bool
) -> None:
    """Make data/<size>/ for each size of `copies` (pixels -> copies per page) in `folder`.

    pages: a competition's folder; None: a generated one of `train` and `test` pages, with its solution. damaged:
    whether the copies are, as the preset says; undamaged ones are made faster.
    """
    params = yaml.safe_load((ROOT / f"competition/settings/presets/{preset}.yaml").read_text(encoding="utf-8"))
    params["competition"]["root"] = str(pages.resolve()) if pages else "data/raw"
    if not damaged:
        params["augment"] |= {"policy": "none", "test_like": {"policy": "none"}}
    for size, number in copies.items():
        _write_params(folder, params, size, number)
        if size == next(iter(copies)):
            if not pages:
                _stage(folder, "sample", "--train", str(train), "--test", str(test))
            _stage(folder, "prepare")
            _stage(folder, "split")
        _stage(folder, "augment")
        (folder / f"data/{size}").mkdir()
        for name in ("augmented", "test_squares"):
            os.replace(folder / f"data/{name}.arrow", folder / f"data/{size}/{name}.arrow")


def member(folder: Path, size: int, epochs: int) -> FinetunedSettings:
    """Return the preset's lite0, at `size` pixels, for exactly `epochs` epochs."""
    settings = load_settings(folder / "params.yaml").members["lite0"]
    return FinetunedSettings(**settings.model_dump() | {"size": size, "epochs": epochs, "patience": epochs})


def load(
    folder: Path, size: int, images: int | None = None, held_out: int | None = None, fold: int = 0
) -> tuple[FoldData, tuple[str, ...]]:
    """Return the `fold`, packed at `size`, with its first `images` training and `held_out` validation images; and the
    classes.
    """
    targets = tuple(read_classes(folder / "folds/classes.csv"))
    stores = (folder / f"data/{size}/{name}.arrow" for name in ("augmented", "test_squares"))
    data = load_fold(fold, read_folds(folder / "folds/folds.csv"), targets, *stores, F1)
    return replace(
        data,
        train_labels=data.train_labels[:images],
        train_rows=data.train_rows[:images],
        valid_ids=data.valid_ids[:held_out],
        valid_labels=data.valid_labels[:held_out],
        valid_rows={condition: data.valid_rows[condition][:held_out] for condition in CONDITIONS},
    ), targets


def test_labels(folder: Path, data: FoldData, targets: tuple[str, ...]) -> list[int]:
    """Return the test images' class indices; -1 each where there is no solution."""
    file = folder / "data/solution.csv"
    if not file.is_file():
        return [-1] * len(data.test_ids)
    solution = pd.read_csv(file, dtype=str).set_index("ID")["target"]
    return [targets.index(solution[id]) for id in data.test_ids]


def export(folder: Path, store: ImageStore, rows: list[int]) -> list[str]:
    """Return the paths of loose JPEG files under `folder` with the very bytes of the store's `rows`."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{row}.jpg" for row in rows]
    for row, file in zip(rows, files, strict=True):
        file.write_bytes(store.encoded(row).tobytes())
    return [str(file) for file in files]


def _write_params(folder: Path, params: dict, size: int, copies: int) -> None:
    of_size = {
        "augment": params["augment"] | {"size": size, "copies": copies},
        "train": {"members": ["lite0"]},
        "members": {"lite0": params["members"]["lite0"] | {"size": size}},
        "specialize": params["specialize"] | {"network": params["specialize"]["network"] | {"size": size}},
    }
    (folder / "params.yaml").write_text(yaml.safe_dump(params | of_size, sort_keys=False), encoding="utf-8")


def _stage(folder: Path, name: str, *arguments: str) -> None:
    subprocess.run(
        [sys.executable, "-m", f"pipelines.{name}", *arguments],
        cwd=folder,
        check=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
