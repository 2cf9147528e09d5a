"""Depthwise convolutions whose training on a CPU is not left to a reference routine.

oneDNN's gradients of their weights, of the inputs of a strided one, and of large kernels take up to fifty times as long
as ours, most of all in bfloat16; and it has no padding that is larger on one side. Those are `kernels.depthwise`'.
"""

import torch
from torch import nn
from torch.nn import functional

from competition.models.kernels import depthwise as kernels
from competition.models.kernels.compiled import computes
from competition.models.kernels.depthwise import Shape

FAST = 3  # height and width of the kernels whose inputs' gradient is oneDNN's faster one


class _Depthwise(torch.autograd.Function):
    @staticmethod
    def forward(ctx, inputs: torch.Tensor, weight: torch.Tensor, shape: Shape) -> torch.Tensor:
        ctx.save_for_backward(inputs, weight)
        ctx.shape = shape
        if shape.symmetric:
            return functional.conv2d(inputs, weight, None, shape.stride, (shape.top, shape.left), 1, len(weight))
        return kernels.convolved(inputs, weight, shape)

    @staticmethod
    def backward(ctx, gradient: torch.Tensor) -> tuple:
        inputs, weight = ctx.saved_tensors
        of_inputs = of_weight = None
        if ctx.needs_input_grad[0]:
            of_inputs = _of_inputs(gradient, inputs, weight, ctx.shape)
        if ctx.needs_input_grad[1]:
            of_weight = kernels.weight_gradient(inputs, gradient, ctx.shape).to(weight.dtype)
        return of_inputs, of_weight, None


def _of_inputs(gradient: torch.Tensor, inputs: torch.Tensor, weight: torch.Tensor, shape: Shape) -> torch.Tensor:
    if shape.stride > 1 or shape.kernel > FAST or not shape.symmetric:
        return kernels.input_gradient(gradient, weight, shape)
    padding = [shape.top, shape.left]
    return torch.ops.aten.convolution_backward(
        gradient, inputs, weight, None, [1, 1], padding, [1, 1], False, [0, 0], len(weight), [True, False, False]
    )[0]


class DepthwiseConv2d(nn.Module):
    """Depthwise nn.Conv2d (square kernel and stride, no dilation, no bias), with a faster backward pass on a CPU.

    Elsewhere it is torch's own. Its weights keep their names.
    """

    def __init__(self, conv: nn.Conv2d, same: bool):
        super().__init__()
        self.weight, self.stride, self.padding, self.same = conv.weight, conv.stride, conv.padding, same
        self.bias = None  # until a batch-norm is folded into it

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        weight, bias = self.weight, self.bias
        if inputs.is_cpu and torch.is_autocast_enabled("cpu"):
            kind = torch.get_autocast_dtype("cpu")
            inputs, weight = inputs.to(kind), weight.to(kind)
        padding = None if self.same else self.padding
        if bias is None and torch.is_grad_enabled() and computes(inputs):
            return _Depthwise.apply(inputs, weight, shape_of(inputs, weight.shape[-1], self.stride[0], padding))
        return depthwise(inputs, weight, None if bias is None else bias.to(inputs.dtype), self.stride, padding)


def shape_of(inputs: torch.Tensor, kernel: int, stride: int, padding: tuple | None) -> Shape:
    """Return what a depthwise convolution makes of `inputs` (B, C, H, W). padding: None for TensorFlow's SAME."""
    if padding is None:
        extra = _missing(inputs, kernel, stride)
        padding = tuple(missing // 2 for missing in extra)
    else:
        extra = tuple(2 * pad for pad in padding)
    sizes = [(size + more - kernel) // stride + 1 for size, more in zip(inputs.shape[2:], extra, strict=True)]
    return Shape(*inputs.shape, *sizes, kernel, stride, *padding)


def depthwise(
    inputs: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, stride: tuple, padding: tuple | None
) -> torch.Tensor:
    """Return torch's own depthwise convolution. padding: None for TensorFlow's SAME, within it where both sides are
    even.
    """
    if padding is None:
        height, width = _missing(inputs, weight.shape[-1], stride[0])
        padding = (height // 2, width // 2)
        if height % 2 or width % 2:
            (above, left), padding = padding, (0, 0)
            inputs = functional.pad(inputs, (left, width - left, above, height - above))
    return functional.conv2d(inputs, weight, bias, stride, padding, 1, len(weight))


def _missing(inputs: torch.Tensor, kernel: int, stride: int) -> tuple[int, int]:
    """Return how many rows and columns SAME adds to `inputs` (B, C, H, W)."""
    return tuple(max((-(-size // stride) - 1) * stride + kernel - size, 0) for size in inputs.shape[-2:])


class _Pad(torch.autograd.Function):
    """Zero padding that writes the border only: torch's own fills the whole image first."""

    @staticmethod
    def forward(ctx, inputs: torch.Tensor, top: int, left: int, bottom: int, right: int) -> torch.Tensor:
        batch, channels, height, width = inputs.shape
        ctx.window = (slice(top, top + height), slice(left, left + width))
        padded = torch.empty(
            (batch, channels, top + height + bottom, left + width + right),
            dtype=inputs.dtype,
            device=inputs.device,
            memory_format=torch.channels_last,
        )
        padded[:, :, :top] = 0
        padded[:, :, top + height :] = 0
        padded[:, :, :, :left] = 0
        padded[:, :, :, left + width :] = 0
        padded[:, :, *ctx.window].copy_(inputs)
        return padded

    @staticmethod
    def backward(ctx, gradient: torch.Tensor) -> tuple:
        return gradient[:, :, *ctx.window], None, None, None, None


def pad_same(inputs: torch.Tensor, kernel: int, stride: int) -> torch.Tensor:
    """Return `inputs` (B, C, H, W) padded with zeros as TensorFlow's SAME does, more at the right and below."""
    height, width = _missing(inputs, kernel, stride)
    if not height and not width:
        return inputs
    return _Pad.apply(inputs, height // 2, width // 2, height - height // 2, width - width // 2)


def with_fast_depthwise(network: nn.Module) -> nn.Module:
    """Replace in place every depthwise convolution that has a faster backward pass, and return `network`.

    Weights keep their names. Convolutions of other shapes stay as they are.
    """
    for name, conv in list(network.named_modules()):
        same = type(conv).__name__ == "Conv2dSame"  # timm's: padding depends on the input
        if (
            (type(conv) is nn.Conv2d or same)
            and conv.groups == conv.in_channels == conv.out_channels > 1
            and conv.bias is None
            and conv.dilation == (1, 1)
            and conv.stride[0] == conv.stride[1]
            and conv.kernel_size[0] == conv.kernel_size[1]
            and not isinstance(conv.padding, str)
        ):
            network.set_submodule(name, DepthwiseConv2d(conv, same))
    return network
