"""Letterbox and normalisation as an ONNX graph, from uint8 images of any size to a network's input.

Scaling is a product with a matrix for each axis, (size, pixels): row i says how much of each pixel is in the square's
i-th. That is area averaging and linear interpolation exactly, as OpenCV's up to its rounding, and the padding is rows
of zeros; so the graph's shapes never depend on the picture.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from types import ModuleType

import numpy as np

IMAGES, INPUTS = "images", "inputs"
FLOAT, DOUBLE = 1, 11  # as ONNX numbers types


@dataclass
class _Graph:
    """Nodes and constants of a graph that grows by calls; a value is known by its name."""

    onnx: ModuleType
    nodes: list = field(default_factory=list)
    constants: list = field(default_factory=list)

    def __call__(self, operator: str, *inputs: str | float | np.ndarray, **attributes: object) -> str:
        """Return the output of a new node; inputs: names, or constants, of which floats are doubles."""
        name = f"letterbox.{len(self.nodes)}"
        names = [self._named(one, f"{name}.{place}") for place, one in enumerate(inputs)]
        self.nodes.append(self.onnx.helper.make_node(operator, names, [name], name, **attributes))
        return name

    def _named(self, value: str | float | np.ndarray, name: str) -> str:
        if isinstance(value, str):
            return value
        self.constants.append(self.onnx.numpy_helper.from_array(np.asarray(value), name))
        return name


def letterbox_graph(
    onnx: ModuleType, size: int, fill: int, mean: Sequence[float], std: Sequence[float], opset: int, ir_version: int
):
    """Return an onnx.ModelProto: IMAGES, uint8 (N, H, W, 3) RGB, to INPUTS, float32 (N, 3, size, size).

    The images are what `data.letterbox.letterbox` makes of them, less `mean` and over `std`, both of pixels in 0..1.
    """
    add = _Graph(onnx)
    sides = add("Cast", add("Shape", IMAGES, start=1, end=3), to=DOUBLE)
    longest = add("ReduceMax", sides, keepdims=0)
    inner = add("Max", 1.0, add("Round", add("Div", add("Mul", sides, float(size)), longest)))
    shrinks = add("GreaterOrEqual", longest, float(size))
    (rows, has_row), (columns, has_column) = (_axis(add, axis, sides, inner, shrinks, size) for axis in (0, 1))
    pixels = add("Reshape", add("Cast", IMAGES, to=FLOAT), np.array([0, 0, -1]))
    by_rows = add("Reshape", add("MatMul", rows, pixels), np.array([0, size, -1, 3]))
    scaled = add("MatMul", add("Transpose", by_rows, perm=[0, 3, 1, 2]), add("Transpose", columns, perm=[1, 0]))
    page = add("And", has_row, add("Transpose", has_column, perm=[1, 0]))
    square = add("Where", page, add("Round", scaled), np.float32(fill))
    deviation = np.array(std)[:, None, None]
    shift = np.array(mean)[:, None, None] / deviation
    add("Sub", add("Mul", square, (1 / (255 * deviation)).astype(np.float32)), shift.astype(np.float32))
    add.nodes[-1].output[0] = INPUTS
    value, types = onnx.helper.make_tensor_value_info, onnx.TensorProto
    graph = onnx.helper.make_graph(
        add.nodes,
        "letterbox",
        [value(IMAGES, types.UINT8, ["batch", "height", "width", 3])],
        [value(INPUTS, types.FLOAT, ["batch", 3, size, size])],
        add.constants,
    )
    return onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", opset)], ir_version=ir_version)


def _axis(add: _Graph, axis: int, sides: str, inner: str, shrinks: str, size: int) -> tuple[str, str]:
    """Return what an axis's pixels weigh in the square's, float32 (size, pixels), and which of these show the picture,
    bool (size, 1).
    """
    pixels, scaled = (add("Gather", both, np.array(axis)) for both in (sides, inner))
    first = add("Floor", add("Div", add("Sub", float(size), scaled), 2.0))
    at = add("Sub", np.arange(size, dtype=np.float64)[:, None], first)
    step, source = add("Div", pixels, scaled), add("Range", 0.0, pixels, 1.0)
    ends = add("Min", add("Add", source, 1.0), add("Mul", add("Add", at, 1.0), step))
    area = add("Div", add("Max", 0.0, add("Sub", ends, add("Max", source, add("Mul", at, step)))), step)
    middle = add("Max", 0.0, add("Sub", add("Mul", add("Add", at, 0.5), step), 0.5))
    distance = add("Abs", add("Sub", source, add("Min", middle, add("Sub", pixels, 1.0))))
    linear = add("Max", 0.0, add("Sub", 1.0, distance))
    inside = add("And", add("GreaterOrEqual", at, 0.0), add("Less", at, scaled))
    weights = add("Where", inside, add("Where", shrinks, area, linear), 0.0)
    return add("Cast", weights, to=FLOAT), inside
