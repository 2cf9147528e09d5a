"""ONNX models of trained networks: from uint8 images of any size to probabilities, the preprocessing inside.

The exporter is torch's own of the present, which goes by torch.export and needs onnxscript; its TorchScript one is
deprecated. The network is exported in float32, of plain layers, at its one image size; the letterbox's graph is put
before it and a softmax or sigmoid behind.
"""

from collections.abc import Callable, Iterable, Sequence
from time import perf_counter
from types import ModuleType

import numpy as np
import torch
from torch import nn

from competition.models.networks import Normalisation
from competition.serving.letterbox_graph import IMAGES, INPUTS, letterbox_graph

LOGITS, PROBABILITIES = "logits", "probabilities"
BATCH_SIZE = 32


def package(name: str) -> ModuleType:
    """Return the package `name` of the extra `export`. Raises ModuleNotFoundError."""
    try:
        module = __import__(name)
    except ModuleNotFoundError:
        raise ModuleNotFoundError(f'export: needs the package {name}: pip install -e ".[export]"') from None
    return module


def to_onnx(network: nn.Module, size: int):
    """Return `network` (in evaluation mode, on the CPU) as an onnx.ModelProto for any number of INPUTS at once."""
    package("onnxscript")
    images = torch.zeros(2, 3, size, size)  # a batch of one would be taken for a fixed size
    program = torch.onnx.export(
        network,
        (images,),
        input_names=[INPUTS],
        output_names=[LOGITS],
        dynamo=True,
        verbose=False,
        dynamic_shapes=({0: torch.export.Dim("batch")},),
    )
    return program.model_proto


def with_preprocessing(network, size: int, fill: int, normalise: Normalisation):
    """Return the onnx.ModelProto `network` with the letterbox before it: IMAGES, uint8 (N, H, W, 3), to LOGITS."""
    onnx = package("onnx")
    opset = next(one.version for one in network.opset_import if one.domain == "")
    letterbox = letterbox_graph(onnx, size, fill, normalise.mean, normalise.std, opset, network.ir_version)
    return onnx.compose.merge_models(letterbox, network, io_map=[(INPUTS, INPUTS)])


def with_probabilities(network, several: bool, temperature: float = 1.0):
    """Return the onnx.ModelProto `network` with PROBABILITIES, (N, C), as its first output.

    several: labels an image; temperature: what its logits are divided by, in both outputs.
    """
    onnx = package("onnx")
    if temperature != 1:
        _divide_logits(onnx, network.graph, temperature)
    attributes = {} if several else {"axis": -1}
    node = onnx.helper.make_node("Sigmoid" if several else "Softmax", [LOGITS], [PROBABILITIES], **attributes)
    network.graph.node.append(node)
    logits = network.graph.output.pop()
    first = onnx.ValueInfoProto()
    first.CopyFrom(logits)
    first.name = PROBABILITIES
    network.graph.output.extend([first, logits])
    return network


def _divide_logits(onnx: ModuleType, graph, temperature: float) -> None:
    """Put a division behind what gives LOGITS."""
    before, divisor = f"{LOGITS}_as_trained", "temperature"
    for node in graph.node:
        node.output[:] = [before if name == LOGITS else name for name in node.output]
    graph.initializer.append(onnx.numpy_helper.from_array(np.array(temperature, np.float32), divisor))
    graph.node.append(onnx.helper.make_node("Div", [before, divisor], [LOGITS]))


class OnnxModel:
    """An ONNX model in a session of ONNX Runtime on the CPU; `model` its bytes."""

    def __init__(self, model: bytes, threads: int | None = None):
        runtime = package("onnxruntime")
        options = runtime.SessionOptions()
        options.intra_op_num_threads = threads or torch.get_num_threads()
        self._session = runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def __call__(
        self, images: Iterable[np.ndarray], output: str = LOGITS, tick: Callable[[int], object] = lambda images: None
    ) -> np.ndarray:
        """Return `output` (N, C) of `images`, uint8 (H, W, 3) each, one at a time: they may differ in size."""
        found = []
        for image in images:
            found.append(self._session.run([output], {IMAGES: image[None]})[0])
            tick(1)
        return np.concatenate(found)

    def batches(self, images: np.ndarray, output: str = LOGITS) -> np.ndarray:
        """Return `output` (N, C) of `images`, uint8 (N, H, W, 3), in batches."""
        parts = [images[start : start + BATCH_SIZE] for start in range(0, len(images), BATCH_SIZE)]
        return np.concatenate([self._session.run([output], {IMAGES: part})[0] for part in parts])


@torch.inference_mode()
def torch_logits(network: nn.Module, normalise: Normalisation, images: torch.Tensor) -> np.ndarray:
    """Return (N, C) float32: what `network` answers to uint8 images (N, S, S, 3), in float32."""
    return torch.cat([network(normalise(part)) for part in images.split(BATCH_SIZE)]).numpy()


def images_per_second(answer: Callable[[], object], images: Sequence | np.ndarray) -> float:
    """Return how many of `images` `answer` answers in a second, the second time that it does."""
    answer()
    began = perf_counter()
    answer()
    return len(images) / (perf_counter() - began)
