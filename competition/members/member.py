"""Base class of member kinds: what training, prediction, explaining, planning and export ask a member."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Protocol

import numpy as np

from competition.common import paths
from competition.inference.tta import OrientedImages
from competition.settings.member import MemberSettings

if TYPE_CHECKING:
    import torch
    from torch import nn

    from competition.models.networks import Normalisation
    from competition.training.fold_data import FoldData

Tick = Callable[[int], object]
Tensors = dict[str, "torch.Tensor"]


class PackedImages(OrientedImages, Protocol):
    """Packed images: an ImageStore, or images in memory."""

    def __len__(self) -> int: ...

    def image(self, row: int) -> np.ndarray:
        """Return the pixels of `row`, uint8 (S, S, 3) RGB."""
        ...


class NotAvailable(ValueError):
    """Something that a member of this kind doesn't have; the message names the member and says why."""


@dataclass(frozen=True)
class Fit:
    """Inputs of one training: what `Member.fit` gets beside the fold's images.

    targets: (C,) the classes that labels count. orientation_weights: (8,), sums to 1, of the vote at prediction.
    state_file: where to resume from; cache: folder of what all folds share. report: called with each epoch's row.
    start: tensors to begin with, but for a classifier of another size.
    """

    targets: tuple[str, ...]
    orientation_weights: np.ndarray
    state_file: Path
    report: Callable[[dict], None] = lambda row: None
    cache: Path = paths.CACHE
    start: Tensors | None = None


class Fitted(ABC):
    """A member trained on one fold.

    history: a row per epoch; [] for a member without epochs. facts: for the history's one row of such a member.
    """

    history: list[dict] = []
    best_epoch: int = 0
    facts: dict[str, object] = {}
    # for scores/*.json, beside what all members have there
    score_facts: dict[str, object] = {}

    @abstractmethod
    def predict_proba(
        self,
        images: PackedImages,
        rows: np.ndarray,
        orientation_weights: np.ndarray | None,
        tick: Tick = lambda images: None,
    ) -> np.ndarray:
        """Return probabilities (N, C), float32, of `images` at `rows` (N,).

        Rows sum to 1; of several labels an image each has its own, in [0, 1].
        orientation_weights: (8,), sums to 1: the share of each flip and turn in the vote; None: one look at each image,
        as it is packed. tick: told how many images are done.
        """

    @abstractmethod
    def tensors(self) -> Tensors:
        """Return what is saved as safetensors, for `Member.load`."""


class Member(ABC):
    """A member: its settings, and what can be done with them. A kind subclasses it in its module and registers there.

    Settings: the class of its settings. code: the module whose source, with all that it imports, names state to resume
    from; "": the file of the class. together: several processes may train it together, each calling `fit` with the
    same arguments.
    """

    Settings: ClassVar[type[MemberSettings]]
    code: ClassVar[str] = ""
    together: ClassVar[bool] = False

    def __init__(self, settings: MemberSettings, name: str = "member"):
        self.settings, self.name = settings, name

    @abstractmethod
    def fit(self, fold: "FoldData", fit: Fit) -> Fitted:
        """Return the member trained on the fold's training images."""

    @abstractmethod
    def load(self, fold: int | str, targets: tuple[str, ...], several: bool = False) -> Fitted:
        """Return what `fit` made for `fold` and training saved under folds/weights.

        targets: (C,) its classes. several: an image may have several labels. Raises FileNotFoundError for a fold that
        wasn't trained, ValueError for other weights or classes.
        """

    def packages(self) -> tuple[str, ...]:
        """Return the distributions whose versions name state to resume from."""
        return ("torch",)

    def weights_files(self) -> list[Path]:
        """Return the files of weights that training starts from."""
        return []

    def note_on_new_images(self) -> str:
        """Return what `predict` has to say of this member and images of a new folder; "" for nothing."""
        return ""

    def trained_network(
        self, fold: int | str, n_classes: int, plain: bool = False
    ) -> "tuple[nn.Module, Normalisation]":
        """Return the network that was trained on `fold`, for heat maps and export; plain: of standard layers alone.

        Raises NotAvailable for a kind without one.
        """
        raise NotAvailable(self.why_no_heat_maps())

    def why_no_heat_maps(self) -> str:
        """Return why no heat map can be had of it; "" where one can."""
        if self.settings.network_use == "trained":
            return ""
        kind = self.settings.kind
        return f"{self.name} is of kind {kind}, without a fine-tuned network whose features could be looked at"

    def feature_network(self, fold: int | str, n_classes: int) -> "tuple[nn.Module, Normalisation]":
        """Return the network whose features show which images are alike. Raises NotAvailable for a kind without one."""
        raise NotAvailable(f"member {self.name}: of kind {self.settings.kind}, which has no network")
