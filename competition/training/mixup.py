"""mixup and CutMix: training images mixed of two, and target distributions to match."""

import numpy as np
import torch
from torch.nn import functional

from competition.settings.finetuned import FinetunedSettings


def one_hot(labels: np.ndarray | torch.Tensor, n_classes: int) -> torch.Tensor:
    """Return targets, float32 (B, n_classes), of encoded labels: class indices (B,), or (B, n_classes) of 0 and 1."""
    if labels.ndim == 2:
        return torch.as_tensor(labels).float()
    return functional.one_hot(torch.as_tensor(labels), n_classes).float()


def mix(
    inputs: torch.Tensor, soft: torch.Tensor, settings: FinetunedSettings, generator: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return `inputs` (B, 3, H, W) and `soft` (B, C), each row mixed with another of the batch, or itself.

    `settings.mixup`, `settings.cutmix`: the alpha of each one's Beta(alpha, alpha), which the share is drawn from; 0:
    not used; with both, each batch draws one of them. What is returned is new, in the memory format of `inputs`;
    without either it is the very objects handed in. mixup: Zhang et al. 2018 (https://arxiv.org/abs/1710.09412);
    CutMix: Yun et al. 2019 (https://arxiv.org/abs/1905.04899).
    """
    if not settings.mixup and not settings.cutmix:
        return inputs, soft
    cut = bool(settings.cutmix) and (not settings.mixup or generator.random() < 0.5)
    alpha = settings.cutmix if cut else settings.mixup
    partners = torch.from_numpy(generator.permutation(len(inputs))).to(inputs.device)
    share = float(generator.beta(alpha, alpha))  # of the partner
    if cut:
        mixed, share = _with_box(inputs, partners, _box(*inputs.shape[-2:], share, generator))
    else:
        mixed = torch.lerp(inputs, _chosen(inputs, partners), share)
    return mixed, torch.lerp(soft, soft[partners], share)


def _box(height: int, width: int, share: float, generator: np.random.Generator) -> tuple[slice, slice]:
    """Return rows and columns of a box of about `share` of the image, of its shape, clipped where it sticks out."""
    sides = []
    for pixels in (height, width):
        side = int(pixels * np.sqrt(share))
        first = int(generator.integers(pixels)) - side // 2
        sides.append(slice(max(0, first), min(pixels, first + side)))
    return sides[0], sides[1]


def _with_box(inputs: torch.Tensor, partners: torch.Tensor, box: tuple[slice, slice]) -> tuple[torch.Tensor, float]:
    mixed, (rows, columns) = inputs.clone(), box
    mixed[:, :, rows, columns] = inputs[:, :, rows, columns][partners]
    area = (rows.stop - rows.start) * (columns.stop - columns.start)
    # what was pasted, not what was drawn: clipping takes some
    return mixed, area / (inputs.shape[-2] * inputs.shape[-1])


def _chosen(inputs: torch.Tensor, indices: torch.Tensor) -> torch.Tensor:
    return torch.index_select(inputs, 0, indices, out=torch.empty_like(inputs))  # indexing alone may lose channels-last
