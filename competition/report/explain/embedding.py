"""Embedding of images on a plane: near each other where a network sees them alike.

A fine-tuned network pulls together the images that it learnt, whatever their labels; only what it never trained on
shows how it sees new pages. So the map shows one fold's network, its own out-of-fold images and the test images. UMAP
(McInnes et al. 2018, https://arxiv.org/abs/1802.03426; the library umap-learn) lays the features out, on one thread, as
a seed demands; neighbours are exact. Of few images a neighbourhood would be a good part of them all: they lie along the
features' two principal directions.
"""

import warnings
from collections.abc import Callable

import numpy as np
import torch
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors
from threadpoolctl import threadpool_limits
from torch import nn

from competition.common.seeds import derived_seed, generator
from competition.compute.device import autocast, device, use_bfloat16
from competition.data.image_store import ImageStore
from competition.inference.loader import batches
from competition.members.named import member_named
from competition.models.layers.fusion import for_inference
from competition.models.networks import Normalisation
from competition.settings.params import Settings

FEWEST = 8  # images on a map
BATCH_SIZE = 32
NEIGHBOURS, COMPONENTS, EPOCHS = 15, 50, 200
FEW = 4 * NEIGHBOURS  # images, below which principal directions are taken

Extract = Callable[[torch.Tensor], np.ndarray]


def draw(images: int, seed: int, most: int) -> np.ndarray:
    """Positions (M,), ascending, of the images that are shown: all of `images`, or `most` of them sampled by `seed`."""
    if images <= most:
        return np.arange(images)
    return np.sort(generator(seed, "embedding").choice(images, most, replace=False))


def member_features(name: str, settings: Settings, n_classes: int, fold: int) -> tuple[Extract, int]:
    """Return a feature extractor, uint8 (B, S, S, 3) -> float32 (B, F), of member `name`'s network; and S.

    finetuned: the trained network of `fold`; features: the frozen one, whatever the fold. Raises ValueError for kind
    grey, which has none.
    """
    member = settings.described(name)
    network, normalise = member_named(name, settings).feature_network(fold, n_classes)
    return pooled(network, normalise, member.size, member.precision), member.size


def pooled(network: nn.Module, normalise: Normalisation, size: int, precision: str) -> Extract:
    """Function from images, uint8 (B, S, S, 3), to float32 (B, F): what the classifier of `network` is given."""
    where, found = device(), []
    fast = for_inference(network.to(where), size, use_bfloat16(precision))
    heads = fast.get_classifier()
    head = heads[0] if isinstance(heads, tuple | list) else heads
    head.register_forward_pre_hook(lambda _, inputs: found.append(inputs[0].flatten(1).float().cpu().numpy()))

    @torch.inference_mode()
    def extract(images: torch.Tensor) -> np.ndarray:
        with autocast(precision):
            fast(normalise(images, where))
        return found.pop()

    return extract


def features(extract: Extract, store: ImageStore, rows: np.ndarray, size: int) -> np.ndarray:
    """Return features (N, F), float32, of the images in `rows` (N,), at least one, of `store`, at `size` pixels."""
    return np.concatenate([extract(images) for images, _ in batches(store, rows, size, BATCH_SIZE)])


def to_plane(values: np.ndarray, seed: int) -> np.ndarray:
    """Return places (N, 2), float32, centred, in -1..1, of N >= FEWEST images by their features (N, F), F >= 2.

    The same input gives the same bytes. Features are compared by angle, in their COMPONENTS principal directions.
    """
    if len(values) < FEWEST:
        raise ValueError(f"{len(values)} images: expected at least {FEWEST} to lay out a map")
    unit = values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-12)
    if np.ptp(unit, axis=0).max() < 1e-6:
        return np.zeros((len(values), 2), np.float32)  # all alike
    number = derived_seed(seed, "umap") % 2**32
    with threadpool_limits(1):
        reduced = PCA(min(COMPONENTS, *unit.shape), random_state=number).fit_transform(unit.astype(np.float32))
        layout = _umap(reduced, number) if len(values) >= FEW else reduced[:, :2]
    layout = layout - (layout.min(axis=0) + layout.max(axis=0)) / 2
    return (layout / max(float(np.abs(layout).max()), 1e-12)).astype(np.float32)


def _umap(reduced: np.ndarray, seed: int) -> np.ndarray:
    from umap import UMAP  # takes seconds: numba compiles

    distances, neighbours = NearestNeighbors(n_neighbors=NEIGHBOURS, algorithm="brute").fit(reduced).kneighbors(reduced)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "precomputed_knn")  # that new images can't be added later: none will be
        return UMAP(
            n_neighbors=NEIGHBOURS,
            init="pca",
            random_state=seed,
            n_jobs=1,
            precomputed_knn=(neighbours, distances),
            force_approximation_algorithm=True,
            n_epochs=EPOCHS,
        ).fit_transform(reduced)
