"""Features of packed images: a frozen network's pooled maps, or tiny grey pixels."""

from collections.abc import Callable

import cv2
import numpy as np
import torch
from torch import nn

from competition.compute.device import device, use_bfloat16
from competition.data.image_store import ImageStore
from competition.inference.loader import batches
from competition.inference.tta import oriented_batch
from competition.models.layers.fusion import for_inference
from competition.models.networks import Normalisation

Extract = Callable[[torch.Tensor], np.ndarray]


def network_features(network: nn.Module, normalise: Normalisation, precision: str, size: int) -> Extract:
    """Return a function from images, uint8 (B, S, S, 3), to pooled features, float32 (B, F), of a timm network.

    size: S of most images, at which the network is made faster.
    """
    where, bfloat16 = device(), use_bfloat16(precision)
    fast = for_inference(network.to(where), size, bfloat16, pooled_maps)

    @torch.inference_mode()
    def extract(pixels: torch.Tensor) -> np.ndarray:
        with torch.autocast(where.type, torch.bfloat16, enabled=bfloat16):
            return pooled_maps(fast, normalise(pixels, where)).cpu().numpy()

    return extract


def pooled_maps(network: nn.Module, inputs: torch.Tensor) -> torch.Tensor:
    """Return (B, F): the mean of each channel of the network's stages, and what its classifier is given."""
    last, maps = network.forward_intermediates(inputs)
    pooled = [features.float().mean(dim=(2, 3)) for features in maps]
    return torch.cat([*pooled, network.forward_head(last, pre_logits=True).float()], dim=1)


def grey_features(size: int) -> Extract:
    """Return a function from images, uint8 (B, S, S, 3), to grey pixels in 0..1, float32 (B, size * size)."""

    def extract(pixels: torch.Tensor) -> np.ndarray:
        grey = [cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in pixels.numpy()]
        return (
            np.stack([cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA).ravel() for image in grey]).astype(
                np.float32
            )
            / 255
        )

    return extract


def features(
    extract: Extract,
    store: ImageStore,
    rows: np.ndarray,
    size: int,
    orientations: np.ndarray,
    tick: Callable[[int], object] = lambda images: None,
) -> np.ndarray:
    """Return float16 (V, N, F): the features of the images `rows` (N,) in each of `orientations` (V,).

    Of images that were turned upright, those in an orientation that isn't upright at all are 0, not computed.
    """
    own = store.orientations(rows) if len(orientations) > 1 else None
    if own is not None:
        return _features_of_views(extract, store, rows, size, orientations, own, tick)
    parts = [
        np.zeros((len(orientations), 0, extract(torch.zeros(1, size, size, 3, dtype=torch.uint8)).shape[1]), np.float16)
    ]
    for pixels, _ in batches(store, rows, size, 32):
        parts.append(
            np.stack(
                [extract(oriented_batch(pixels, one, (1, 2)).contiguous()).astype(np.float16) for one in orientations]
            )
        )
        tick(len(pixels))
    return np.concatenate(parts, axis=1)


def _features_of_views(
    extract: Extract,
    store: ImageStore,
    rows: np.ndarray,
    size: int,
    orientations: np.ndarray,
    own: np.ndarray,
    tick: Callable[[int], object],
) -> np.ndarray:
    """Return `features` of images whose orientations have weights (N, 8) of their own: those above 0."""
    images, views = np.nonzero(own[:, orientations])
    width = extract(torch.zeros(1, size, size, 3, dtype=torch.uint8)).shape[1]
    found = np.zeros((len(orientations), len(rows), width), np.float16)
    done = 0
    for pixels, positions in batches(store, rows[images], size, 32, orientations[views]):
        found[views[positions], images[positions]] = extract(pixels).astype(np.float16)
        reached = int(images[positions[-1]])
        tick(reached - done)
        done = reached
    tick(len(rows) - done)
    return found
