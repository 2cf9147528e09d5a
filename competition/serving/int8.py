"""Networks in eight bits, by static quantisation: onnxruntime.quantization, ranges found on training images.

Weights have a scale for each channel, activations one for each tensor, of all layers that ONNX Runtime can compute in
eight bits: where additions and clipping between convolutions stayed in float, more was lost (docs/log.md). What stands
before and behind the network, its letterbox and its softmax, stays as it is.
"""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from competition.serving.letterbox_graph import INPUTS
from competition.serving.onnx import BATCH_SIZE, package


def quantised(network, inputs: np.ndarray):
    """Return the onnx.ModelProto `network`, INPUTS to logits, in eight bits.

    inputs: float32 (N, 3, S, S), normalised training images, which the activations' ranges are taken from.
    """
    onnx, runtime = package("onnx"), package("onnxruntime")
    from onnxruntime import quantization
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(quantization.CalibrationDataReader):
        def __init__(self) -> None:
            self._parts: Iterator = iter(np.split(inputs, range(BATCH_SIZE, len(inputs), BATCH_SIZE)))

        def get_next(self) -> dict[str, np.ndarray] | None:
            part = next(self._parts, None)
            return None if part is None else {INPUTS: part}

    runtime.set_default_logger_severity(3)  # it warns of what is done here
    with TemporaryDirectory() as folder:
        plain, ready, small = (Path(folder) / f"{name}.onnx" for name in ("plain", "ready", "small"))
        onnx.save(network, plain)
        quant_pre_process(str(plain), str(ready), skip_symbolic_shape=True)
        quantization.quantize_static(
            str(ready),
            str(small),
            Reader(),
            per_channel=True,
            weight_type=quantization.QuantType.QInt8,
            activation_type=quantization.QuantType.QUInt8,
        )
        return onnx.load(small)
