"""Depthwise convolutions whose backward pass on a CPU is not left to a reference routine.

In bfloat16 oneDNN runs the weight gradient of 5x5 depthwise kernels, and the input gradient of strided ones, by plain
loops: 70 ms where float32 takes 14. So the forward pass stays in bfloat16 and those gradients are taken in float32,
which is also the more exact of the two.
"""

import torch
from torch import nn
from torch.nn import functional


class _Depthwise(torch.autograd.Function):
    @staticmethod
    def forward(ctx, inputs: torch.Tensor, weight: torch.Tensor, stride: tuple, padding: tuple) -> torch.Tensor:
        ctx.save_for_backward(inputs, weight)
        ctx.stride, ctx.padding = stride, padding
        return functional.conv2d(inputs, weight, None, stride, padding, 1, weight.shape[0])

    @staticmethod
    def backward(ctx, gradient: torch.Tensor) -> tuple:
        inputs, weight = ctx.saved_tensors
        strided, large = ctx.stride[0] > 1, weight.shape[-1] > 3
        of_inputs = of_weight = None
        if ctx.needs_input_grad[0]:
            of_inputs = _backward(ctx, gradient, inputs, weight, [True, False, False], strided)[0]
        if ctx.needs_input_grad[1]:
            of_weight = _backward(ctx, gradient, inputs, weight, [False, True, False], large)[1]
        return of_inputs, of_weight, None, None


def _backward(
    ctx, gradient: torch.Tensor, inputs: torch.Tensor, weight: torch.Tensor, mask: list[bool], exact: bool
) -> tuple:
    kind = inputs.dtype
    if exact:
        gradient, inputs, weight = gradient.float(), inputs.float(), weight.float()
    found = torch.ops.aten.convolution_backward(
        gradient, inputs, weight, None, ctx.stride, ctx.padding, [1, 1], False, [0, 0], weight.shape[0], mask
    )
    return tuple(None if value is None else value.to(kind) for value in found)


class DepthwiseConv2d(nn.Module):
    """Depthwise nn.Conv2d (square stride, no dilation, no bias), the same weights, with a faster backward pass."""

    def __init__(self, conv: nn.Conv2d, same: bool):
        super().__init__()
        self.weight, self.stride, self.padding, self.same = conv.weight, conv.stride, conv.padding, same
        self.bias = None  # until a batch-norm is folded into it

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
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
    height, width = (max((-(-size // stride) - 1) * stride + kernel - size, 0) for size in inputs.shape[-2:])
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
            and not isinstance(conv.padding, str)
        ):
            network.set_submodule(name, DepthwiseConv2d(conv, same))
    return network
