"""Depthwise convolutions whose backward pass on a CPU is not left to a reference routine.

oneDNN has fast weight gradients of 3x3 kernels only: those of 5x5 kernels take ten times as long in float32, and more
in bfloat16. So a larger kernel's is put together from 3x3 ones, each of the part of the image that its taps see. In
bfloat16 the input gradient of a strided convolution goes through plain loops too: of a 3x3 kernel it is taken in
float32, of a larger one as that of a convolution without stride, of a gradient with zeros in between.
"""

import torch
from torch import nn
from torch.nn import functional

FAST = 3  # height and width of the kernels that oneDNN has code for


class _Depthwise(torch.autograd.Function):
    @staticmethod
    def forward(ctx, inputs: torch.Tensor, weight: torch.Tensor, stride: tuple, padding: tuple) -> torch.Tensor:
        ctx.save_for_backward(inputs, weight)
        ctx.stride, ctx.padding = stride, padding
        return functional.conv2d(inputs, weight, None, stride, padding, 1, weight.shape[0])

    @staticmethod
    def backward(ctx, gradient: torch.Tensor) -> tuple:
        inputs, weight = ctx.saved_tensors
        of_inputs = of_weight = None
        if ctx.needs_input_grad[0]:
            of_inputs = _of_inputs(gradient, inputs, weight, ctx.stride[0], ctx.padding)
        if ctx.needs_input_grad[1]:
            of_weight = _of_weight(gradient, inputs, weight, ctx.stride[0], ctx.padding)
        return of_inputs, of_weight, None, None


def _of_inputs(
    gradient: torch.Tensor, inputs: torch.Tensor, weight: torch.Tensor, stride: int, padding: tuple
) -> torch.Tensor:
    if stride == 1:
        return _backward(gradient, inputs, weight, stride, padding, 0)
    if weight.shape[-1] <= FAST:
        return _backward(gradient.float(), inputs.float(), weight.float(), stride, padding, 0).to(inputs.dtype)
    height, width = (
        size + 2 * pad - weight.shape[-1] + 1 for size, pad in zip(inputs.shape[-2:], padding, strict=True)
    )
    spread = gradient.new_zeros((*gradient.shape[:2], height, width)).to(memory_format=torch.channels_last)
    spread[:, :, ::stride, ::stride] = gradient
    return _backward(spread, inputs, weight, 1, padding, 0)


def _of_weight(
    gradient: torch.Tensor, inputs: torch.Tensor, weight: torch.Tensor, stride: int, padding: tuple
) -> torch.Tensor:
    kernel = weight.shape[-1]
    if kernel <= FAST:
        return _backward(gradient, inputs, weight, stride, padding, 1)
    (above, left), (height, width) = padding, gradient.shape[-2:]
    padded = functional.pad(inputs, (left, left, above, above))
    whole, taps = torch.empty_like(weight), weight[:, :, :FAST, :FAST].contiguous()
    starts = sorted({min(start, kernel - FAST) for start in range(0, kernel, FAST)})
    for y in starts:
        for x in starts:
            seen = padded[:, :, y : y + (height - 1) * stride + FAST, x : x + (width - 1) * stride + FAST]
            seen = seen.contiguous(memory_format=torch.channels_last)
            whole[:, :, y : y + FAST, x : x + FAST] = _backward(gradient, seen, taps, stride, (0, 0), 1)
    return whole


def _backward(
    gradient: torch.Tensor, inputs: torch.Tensor, weight: torch.Tensor, stride: int, padding: tuple, which: int
) -> torch.Tensor:
    """Return the gradient of `inputs`, 0, or of `weight`, 1."""
    mask = [which == 0, which == 1, False]
    return torch.ops.aten.convolution_backward(
        gradient, inputs, weight, None, [stride] * 2, padding, [1, 1], False, [0, 0], weight.shape[0], mask
    )[which]


class DepthwiseConv2d(nn.Module):
    """Depthwise nn.Conv2d (square kernel and stride, no dilation, no bias), with a faster backward pass on a CPU.

    Elsewhere it is torch's own. Its weights keep their names.
    """

    def __init__(self, conv: nn.Conv2d, same: bool):
        super().__init__()
        self.weight, self.stride, self.padding, self.same = conv.weight, conv.stride, conv.padding, same
        self.bias = None  # until a batch-norm is folded into it

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        if not inputs.is_cpu:
            return depthwise(inputs, self.weight, self.bias, self.stride, None if self.same else self.padding)
        weight = self.weight
        if torch.is_autocast_enabled(inputs.device.type):
            kind = torch.get_autocast_dtype(inputs.device.type)
            inputs, weight = inputs.to(kind), weight.to(kind)
        if self.same:
            inputs, padding = pad_same(inputs, weight.shape[-1], self.stride[0]), (0, 0)
        else:
            padding = self.padding
        if self.bias is None:
            return _Depthwise.apply(inputs, weight, self.stride, padding)
        return functional.conv2d(inputs, weight, self.bias.to(inputs.dtype), self.stride, padding, 1, len(weight))


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
