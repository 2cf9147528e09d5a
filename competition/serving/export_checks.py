"""Checks of an export: against torch, by the metric of its own fold's images, and by the clock."""

from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from competition.compute.device import autocast, device, use_bfloat16
from competition.data.image_store import ImageStore
from competition.data.letterbox import letterbox
from competition.inference.loader import stack
from competition.models.layers.fusion import for_inference
from competition.models.networks import Normalisation
from competition.serving.onnx import BATCH_SIZE, PROBABILITIES, OnnxModel, images_per_second
from competition.settings.finetuned import FinetunedSettings
from competition.training.fold_data import FoldData

TOLERANCE = 1e-4  # of a logit, between torch and ONNX Runtime, of images that are squares already
PAGE_TOLERANCE = 0.05  # of a probability, where both scale the page: pixels may differ by a grey level
CHECKED = 100  # images at the most; the last batch is a smaller one, so the batch's size is seen to be free


def check(
    answered: Callable[[np.ndarray], np.ndarray],
    model: OnnxModel,
    size: int,
    fill: int,
    several: bool,
    squares: ImageStore,
    pages: ImageStore,
    what: str,
) -> dict:
    """Return how far torch and ONNX Runtime are apart on `squares`, and on `pages` that each letterboxes for itself.

    answered: torch's logits of uint8 images (N, size, size, 3). several: labels an image. Raises ValueError where it is
    more than TOLERANCE or PAGE_TOLERANCE.
    """
    ready = stack(squares, np.arange(min(CHECKED, len(squares))), size)
    logits = _difference(answered(ready.numpy()), model.batches(ready.numpy()))
    images = [pages.image(row) for row in range(min(CHECKED, len(pages)))]
    boxed = torch.from_numpy(answered(np.stack([letterbox(image, size, fill) for image in images])))
    expected = boxed.sigmoid() if several else boxed.softmax(dim=1)
    probability = _difference(expected.numpy(), model(images, PROBABILITIES))
    for found, most, of in ((logits, TOLERANCE, "logits"), (probability, PAGE_TOLERANCE, "probabilities of pages")):
        if not found <= most:  # also where it is no number
            raise ValueError(
                f"{what}: ONNX Runtime's {of} are up to {found:.2g} away from torch's, expected {most:g} at the most; "
                "nothing was written"
            )
    return {
        "images": len(ready),
        "largest_logit_difference": float(f"{logits:.2g}"),
        "largest_probability_difference_of_pages": float(f"{probability:.2g}"),
        "torch": torch.__version__,
    }


def _difference(expected: np.ndarray, found: np.ndarray) -> float:
    return float(np.abs(expected - found).max()) if found.shape == expected.shape else float("inf")


def loss_of_metric(data: FoldData, scored: np.ndarray, plain: np.ndarray, small: np.ndarray) -> float:
    """Return by how much the metric is worse by probabilities `small` than by `plain`, (V, C) of images `scored`."""
    metric, y_true = data.metric, data.valid_labels[scored]
    one, other = (metric(y_true, metric.plain(p, data.several), p.shape[1]) for p in (plain, small))
    return metric.sign * (one - other)


def torch_per_second(
    network: nn.Module, normalise: Normalisation, member: FinetunedSettings, images: torch.Tensor
) -> float:
    """Return the images/s of the network as `predict` asks it, fused and in its precision."""
    where = device()
    fast = for_inference(network.to(where), member.size, use_bfloat16(member.precision))

    @torch.inference_mode()
    def answer() -> list[torch.Tensor]:
        with autocast(member.precision):
            return [fast(normalise(part).to(where)).cpu() for part in images.split(BATCH_SIZE)]

    return images_per_second(answer, images)
