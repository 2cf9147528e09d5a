"""What the check works on: a generated competition, packed by the stages themselves, and its first fold."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import yaml
from makers.metrics import F1

from competition.data.classes import read_classes
from competition.folds.split import read_folds
from competition.models.shipped_weights import PACKAGES
from competition.sample import generate
from competition.settings.finetuned import FinetunedSettings
from competition.settings.load import load_settings
from competition.training.fold_data import FoldData, load_fold

NETWORKS = {"lite0": "tf_efficientnet_lite0", "vit": "vit_base_patch16_224"}
HALVES = ("bfloat16", "float16")


class Skipped(Exception):
    """A part that can't be done here, and why."""


@dataclass(frozen=True)
class Scale:
    """Sizes of the check. images: training and test pages; size: pixels of the store and of the networks; looked_at:
    images whose predictions are compared; speed_sizes, speed_images: of the speeds; batch_size: of them too.
    """

    images: tuple[int, int]
    size: int
    networks: dict[str, str]
    looked_at: int
    speed_sizes: tuple[int, ...]
    speed_images: int
    batch_size: int


SCALES = {
    "small": Scale((204, 102), 224, NETWORKS, 48, (224, 384), 2048, 64),
    "tiny": Scale((51, 34), 32, {"lite0": "test_efficientnet", "vit": "test_vit"}, 12, (32, 48), 32, 8),
}


@dataclass(frozen=True)
class Check:
    """A check at some scale, of the project in `folder`."""

    folder: Path
    scale: Scale

    @property
    def device(self) -> torch.device:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")

    @property
    def precisions(self) -> tuple[str, ...]:
        """What can be trained in here: float16 on a GPU only."""
        return HALVES if self.device.type == "cuda" else HALVES[:1]

    @property
    def left_out(self) -> dict[str, str]:
        """What of the precisions isn't checked here, and why."""
        return {name: "skipped: no GPU" for name in HALVES if name not in self.precisions}

    def member(self, name: str, **changes: object) -> FinetunedSettings:
        """Return the settings of network `name`, of two epochs, with `changes`."""
        own = self.settings.members["lite0"].model_dump()
        own |= {"network": self.scale.networks[name], "weights": _weights(self.scale.networks[name])}
        return FinetunedSettings(**own | changes)

    @property
    def settings(self):
        return load_settings(self.folder / "params.yaml")

    @property
    def targets(self) -> tuple[str, ...]:
        return tuple(read_classes(self.folder / "folds/classes.csv"))

    def fold(self) -> FoldData:
        """Return the project's first fold."""
        stores = (self.folder / f"data/{name}.arrow" for name in ("augmented", "test_squares"))
        return load_fold(0, read_folds(self.folder / "folds/folds.csv"), self.targets, *stores, F1)


def _weights(network: str) -> str:
    """Return shipped, where a package has the weights, or none: random ones."""
    return "shipped" if network in PACKAGES else "none"


def params(scale: Scale) -> dict:
    """Return params.yaml of the check's project: one small member, two folds, two epochs."""
    network = scale.networks["lite0"]
    member = {"kind": "finetuned", "network": network, "weights": _weights(network), "size": scale.size}
    return {
        "competition": {"root": "data/raw"},
        "prepare": {"longest_side": max(scale.size, 64) * 2},
        "split": {"folds": [0, 1]},
        "upright": {"use": False},
        "augment": {"size": scale.size, "copies": 1, "policy": "none", "test_like": {"policy": "none"}},
        "train": {"members": ["lite0"]},
        "members": {
            "lite0": member
            | {"epochs": 2, "batch_size": 16, "learning_rate": 0.001, "patience": 9, "precision": "bfloat16"}
        },
        "specialize": {"base": []},
        "adapt": {"members": []},
        "refit": {"members": [], "seeds": [0]},
        "distil": {"student": []},
        "review": {"conditions": []},
        "tta": {"passes": 20},
        "task": {"metric": "f1_macro"},
        "ensemble": {"top": 1, "resamples": 100},
        "report": {"formats": []},
    }


def make_project(folder: Path, scale: Scale) -> Check:
    """Write the sample and pack it, by the stages; return the check of it."""
    from pipelines import augment, prepare, split

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "params.yaml").write_text(yaml.safe_dump(params(scale), sort_keys=False), encoding="utf-8")
    with contextlib.chdir(folder):
        generate(Path("data/raw"), Path("data/solution.csv"), *scale.images, 0, 1, False, 0.0)
        for stage in (prepare, split, augment):
            stage.main()
    return Check(folder, scale)


def largest_difference(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> float:
    """Return the largest difference of any two weights; 0 for the same bytes."""
    return max(float((value.cpu().double() - other[key].cpu().double()).abs().max()) for key, value in one.items())


def are_finite(tensors: Sequence[torch.Tensor]) -> bool:
    """Return whether all numbers are finite."""
    return all(bool(torch.isfinite(value.float()).all()) for value in tensors)
