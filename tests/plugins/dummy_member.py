"""Mean colour against each class's mean: `plugins: [tests/plugins/dummy_member.py]`, `kind: dummy_member`."""

import numpy as np
import torch

from competition.members.kinds import KINDS
from competition.members.member import Fit, Fitted, Member, PackedImages, Tick
from competition.models.trained import read_trained
from competition.settings.member import MemberSettings
from competition.training.fold_data import FoldData


class CentroidSettings(MemberSettings):
    """Settings of a member that knows nothing but colours."""

    kind: str = "dummy_member"
    sharpness: float = 0.1


class Centroids(Fitted):
    """Classes by their mean colours (C, 3)."""

    def __init__(self, means: np.ndarray, sharpness: float):
        self.means, self.sharpness = means, sharpness

    def predict_proba(
        self,
        images: PackedImages,
        rows: np.ndarray,
        orientation_weights: np.ndarray | None,
        tick: Tick = lambda images: None,
    ) -> np.ndarray:
        colours = np.array([images.image(int(row)).mean(axis=(0, 1)) for row in rows]).reshape(-1, 1, 3)
        tick(len(rows))
        scores = np.exp(-self.sharpness * np.linalg.norm(colours - self.means, axis=2))
        return (scores / scores.sum(axis=1, keepdims=True)).astype(np.float32)

    def tensors(self) -> dict[str, torch.Tensor]:
        return {"means": torch.from_numpy(self.means)}


@KINDS.register
class ColourMember(Member):
    """Member that looks at the mean colour."""

    Settings = CentroidSettings

    def fit(self, fold: FoldData, fit: Fit) -> Fitted:
        colours = np.array([fold.store.image(int(rows[0])).mean(axis=(0, 1)) for rows in fold.train_rows])
        means = [colours[fold.train_labels == label].mean(axis=0) for label in range(len(fit.targets))]
        return Centroids(np.array(means), self.settings.sharpness)

    def load(self, fold: int, targets: tuple[str, ...], several: bool = False) -> Fitted:
        return Centroids(read_trained(self.name, fold)["means"].numpy(), self.settings.sharpness)
