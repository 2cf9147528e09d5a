"""ONNX export of a trained network: checked against torch, with its preprocessing written into the file.

The exporter is torch's own of the present, which goes by torch.export and needs onnxscript; its TorchScript one is
deprecated. The network is exported in float32, of plain layers, at its one image size, for any number of images at
once.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from types import ModuleType

import numpy as np
import torch
from torch import nn

from competition.common.files import replace_file, write_json
from competition.compute.device import autocast, device, use_bfloat16
from competition.data.image_store import ImageStore
from competition.inference.loader import stack
from competition.inference.tta import orientation_weights
from competition.members.named import member_named
from competition.models.layers.fusion import for_inference
from competition.models.networks import Normalisation
from competition.settings.finetuned import FinetunedSettings
from competition.settings.params import Settings

INPUT, OUTPUT = "images", "logits"
# by whether an image may have several labels
PROBABILITIES = {False: "softmax over the classes", True: "sigmoid of each logit: the label's, whatever the others'"}
TOLERANCE = 1e-4  # of a logit, between torch and ONNX Runtime
CHECKED, BATCH_SIZE = 100, 32  # images; the last batch is a smaller one, so the batch's size is seen to be free
UPRIGHT_STEP = (
    "find the page and warp it upright, into a square of `size` pixels, as competition.upright does with the networks "
    "of folds/upright, which are not in this file; the following two steps are for images that no page is looked for in"
)
STEPS = (
    "turn the image as its EXIF orientation says; lay transparent pixels on white; make it RGB, 8 bits each (deeper "
    "grey scaled to them)",
    "scale it, aspect ratio kept, until its longer side is `size` pixels: by area averaging where it shrinks, "
    "bilinear where it grows",
    "centre it in a `size` x `size` square of grey level `fill`; where that can't be even, the right or lower "
    "padding is a pixel wider",
    "divide by 255, subtract `mean`, divide by `std`, each by channel; order the axes as batch, channel, height, "
    "width; float32",
)


@dataclass(frozen=True)
class Exported:
    """path: the ONNX file; facts: what stands beside it; the speeds in images/s.

    torch's: of the network as `predict` asks it, in `torch_precision`.
    """

    path: Path
    facts: dict
    torch_per_s: float
    torch_precision: str
    onnx_per_s: float


def export(
    name: str, fold: int, settings: Settings, target2class: dict[str, str], store: ImageStore, path: Path | str
) -> Exported:
    """Write member `name`'s network of `fold` to `path`, an ONNX file, and its preprocessing to a JSON file beside it.

    It is held against torch on CHECKED images of `store` (packed). Raises ModuleNotFoundError without the
    packages of the extra `export`; FileNotFoundError without weights; ValueError where logits differ by more than
    TOLERANCE: then nothing is written.
    """
    onnx, runtime = _package("onnx"), _package("onnxruntime")
    _package("onnxscript")
    member, path = settings.described(name), Path(path)
    network, normalise = member_named(name, settings).trained_network(fold, len(target2class), plain=True)
    network.eval().requires_grad_(False)
    images = stack(store, np.arange(min(CHECKED, len(store))), member.size)
    facts = {"member": name, "fold": fold, "network": member.network} | preprocessing(
        member, settings, normalise, target2class, upright=store.optional("orientations") is not None
    )
    proto = to_onnx(network, member.size)
    answers, onnx_per_s = _onnx_logits(runtime, proto.SerializeToString(), normalise(images).contiguous().numpy())
    difference = _check(torch_logits(network, normalise, images), answers, f"{name}, fold {fold}")
    facts["check"] = {
        "images": len(images),
        "largest_logit_difference": float(f"{difference:.2g}"),
        "torch": torch.__version__,
    }
    onnx.helper.set_model_props(proto, {key: json.dumps(value, ensure_ascii=False) for key, value in facts.items()})
    with replace_file(path) as temporary:
        temporary.write_bytes(proto.SerializeToString())
        write_json(path.with_suffix(".json"), facts)
    precision = (
        "bfloat16" if use_bfloat16(member.precision) else "float16" if member.precision == "float16" else "float32"
    )
    return Exported(path, facts, _torch_per_s(network, normalise, member, images), precision, onnx_per_s)


def preprocessing(
    member: FinetunedSettings,
    settings: Settings,
    normalise: Normalisation,
    target2class: dict[str, str],
    upright: bool = False,
) -> dict:
    """Return what is needed to use the network: how an image becomes its input, its outputs' meaning, orientations.

    upright: whether it was trained on pages that were turned upright.
    """
    weights = np.eye(8)[0] if upright else orientation_weights(settings.tta.passes, settings.tta.seed)
    return {
        "input": {"name": INPUT, "shape": ["batch", 3, member.size, member.size], "type": "float32"},
        "output": {
            "name": OUTPUT,
            "shape": ["batch", len(target2class)],
            "probabilities": PROBABILITIES[settings.task.several],
        },
        "size": member.size,
        "fill": settings.augment.fill,
        "channel_order": "RGB",
        "mean": list(normalise.mean),
        "std": list(normalise.std),
        "steps": [STEPS[0], *([UPRIGHT_STEP] if upright else []), *STEPS[1:]],
        "classes": [{"target": target, "class_name": class_name} for target, class_name in target2class.items()],
        "views": [
            {"flip": orientation >= 4, "quarter_turns": orientation % 4, "weight": float(weight)}
            for orientation, weight in enumerate(weights)
            if weight or not upright
        ],
        "use_of_views": "optional: the mean of the views' probabilities by weight; a view is the square flipped "
        "left-right if `flip`, then turned counter-clockwise",
    }


def to_onnx(network: nn.Module, size: int):
    """Return `network` (in evaluation mode, on the CPU) as an onnx.ModelProto for any number of images at once."""
    images = torch.zeros(2, 3, size, size)  # a batch of one would be taken for a fixed size
    program = torch.onnx.export(
        network,
        (images,),
        input_names=[INPUT],
        output_names=[OUTPUT],
        dynamo=True,
        verbose=False,
        dynamic_shapes=({0: torch.export.Dim("batch")},),
    )
    return program.model_proto


@torch.inference_mode()
def torch_logits(network: nn.Module, normalise: Normalisation, images: torch.Tensor) -> np.ndarray:
    """Return (N, C) float32: what `network` answers to uint8 images (N, S, S, 3), in float32."""
    return torch.cat([network(normalise(part)) for part in images.split(BATCH_SIZE)]).numpy()


def _onnx_logits(runtime: ModuleType, model: bytes, inputs: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the logits (N, C) of `inputs` (N, 3, S, S) in ONNX Runtime, and its images/s."""
    session = runtime.InferenceSession(model, providers=["CPUExecutionProvider"])

    def answer() -> np.ndarray:
        parts = [inputs[start : start + BATCH_SIZE] for start in range(0, len(inputs), BATCH_SIZE)]
        return np.concatenate([session.run([OUTPUT], {INPUT: part})[0] for part in parts])

    return answer(), _per_second(answer, len(inputs))


def _check(expected: np.ndarray, found: np.ndarray, what: str) -> float:
    difference = float(np.abs(expected - found).max()) if found.shape == expected.shape else float("inf")
    if not difference <= TOLERANCE:  # also where it is no number
        raise ValueError(
            f"{what}: ONNX Runtime's logits are up to {difference:.2g} away from torch's, expected {TOLERANCE:g} at "
            "the most; nothing was written"
        )
    return difference


def _torch_per_s(
    network: nn.Module, normalise: Normalisation, member: FinetunedSettings, images: torch.Tensor
) -> float:
    where = device()
    fast = for_inference(network.to(where), member.size, use_bfloat16(member.precision))

    @torch.inference_mode()
    def answer() -> Sequence[torch.Tensor]:
        with autocast(member.precision):
            return [fast(normalise(part, where)).cpu() for part in images.split(BATCH_SIZE)]

    answer()
    return _per_second(answer, len(images))


def _per_second(answer: Callable[[], object], images: int) -> float:
    began = perf_counter()
    answer()
    return images / (perf_counter() - began)


def _package(name: str) -> ModuleType:
    try:
        return __import__(name)
    except ModuleNotFoundError:
        raise ModuleNotFoundError(f'export: needs the package {name}: pip install -e ".[export]"') from None
