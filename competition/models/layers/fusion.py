"""A network, or its frozen part, made for inference: batch-norm folded into the convolution before it, and the
activation behind it fused.

Which convolution feeds which batch-norm is read off the order of definition, and then proved: the result has to give
what is wanted of the network for a random input, else the network is used as it is. On a CPU the convolutions are
oneDNN's own with ReLU, ReLU6 or SiLU built in, which saves reading and writing each image once more (with ReLU6 in
bfloat16 nearly half of the time, in float32 a quarter).
"""

import copy
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_weights

from competition.models.kernels.compiled import computes
from competition.models.kernels.depthwise import convolved
from competition.models.layers.depthwise import DepthwiseConv2d, pad_same, shape_of

ROUNDING = {True: 1e-3, False: 1e-5}  # by bfloat16: what a fused network may be off, beside what a plain one is

Wanted = Callable[[nn.Module, torch.Tensor], torch.Tensor]

_FUSED = {nn.Identity: ("none", []), nn.ReLU: ("relu", []), nn.ReLU6: ("hardtanh", [0.0, 6.0]), nn.SiLU: ("swish", [])}
_LIMITS = {"none": (-math.inf, math.inf), "relu": (0.0, math.inf), "hardtanh": (0.0, 6.0)}


class FusedConv2d(nn.Module):
    """A convolution with bias and its activation on the CPU. kind: float32 or bfloat16, that it computes in."""

    def __init__(self, conv: nn.Module, same: bool, activation: nn.Module, kind: torch.dtype):
        super().__init__()
        self.weight = nn.Parameter(conv.weight.to(kind).contiguous(memory_format=torch.channels_last))
        self.bias = None if conv.bias is None else nn.Parameter(conv.bias.to(kind))
        self.stride, self.same = list(conv.stride), same
        self.padding = [0, 0] if same else list(conv.padding)
        self.dilation, self.groups = list(getattr(conv, "dilation", (1, 1))), getattr(conv, "groups", len(conv.weight))
        self.activation, self.scalars = _FUSED[type(activation)]

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        inputs = inputs.to(self.weight.dtype)
        if self.same and 1 < self.groups == inputs.shape[1] and self.activation in _LIMITS and computes(inputs):
            shape = shape_of(inputs, self.weight.shape[-1], self.stride[0], None)
            if not shape.symmetric:
                return convolved(inputs, self.weight, shape, self.bias, _LIMITS[self.activation])
        if self.same:
            inputs = pad_same(inputs, self.weight.shape[-1], self.stride[0])
        return torch.ops.mkldnn._convolution_pointwise(
            inputs,
            self.weight,
            self.bias,
            self.padding,
            self.stride,
            self.dilation,
            self.groups,
            self.activation,
            self.scalars,
            "",
        )


def for_inference(network: nn.Module, size: int, bfloat16: bool, wanted: Wanted = nn.Module.__call__) -> nn.Module:
    """Return a copy of `network` for (B, 3, `size`, `size`) inputs: the same outputs, faster, without gradients.

    wanted: the tensor that is wanted of a network for its inputs, where that isn't its output.
    """
    plain = copy.deepcopy(network).eval().requires_grad_(False)
    probe = torch.randn(1, 3, size, size, generator=torch.Generator().manual_seed(0)).to(
        next(plain.parameters()).device
    )
    best = plain
    # inference mode would make inference tensors of the weights, which convolutions on a single thread refuse
    with torch.no_grad(), _exact(probe.device):
        expected = wanted(plain, probe)
        fused = _folded(plain)
        if torch.allclose(expected, wanted(fused, probe), atol=1e-3, rtol=1e-3):
            best = fused
            if _fuses(probe.device, bfloat16):
                quick = _with_fused_activations(fused, bfloat16)
                with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
                    usual = _distance(expected, wanted(plain, probe))
                best = quick if _distance(expected, wanted(quick, probe)) < 2 * usual + ROUNDING[bfloat16] else fused
    return best.requires_grad_(False).to(memory_format=torch.channels_last)


@contextmanager
def for_training(network: nn.Module, frozen: Sequence[nn.Module], size: int, bfloat16: bool) -> Iterator[None]:
    """Put `network` in training mode, but its `frozen` modules in evaluation mode; as long as it lasts these compute
    as `for_inference` would have them.

    They come before all that learns; the network's modules, weights and their names stay. Fused only on a CPU, where
    the outputs for a random image of `size` pixels are the same.
    """
    network.train()
    for module in frozen:
        module.eval()
    changed: list[nn.Module] = []
    try:
        if _fuses(next(network.parameters()).device, bfloat16):
            for group, made in _fused_groups(network, _in_groups(frozen), size, bfloat16):
                changed += group
                group[0].forward = torch.no_grad()(made.forward)
                for module in group[1:]:
                    module.forward = nn.Identity().forward
        yield
    finally:
        for module in changed:
            del module.forward  # the class's own


def _fuses(device: torch.device, bfloat16: bool) -> bool:
    """Return whether `FusedConv2d` computes there: oneDNN refuses bfloat16 on a processor with AVX2 at most."""
    if device.type != "cpu" or not torch.backends.mkldnn.is_available():
        return False
    return not bfloat16 or torch.ops.mkldnn._is_mkldnn_bf16_supported()


def _in_groups(frozen: Sequence[nn.Module]) -> list[list[nn.Module]]:
    """Return what is fused together: a block, or a convolution and the batch-norm that follows it."""
    groups, rest = [], list(frozen)
    while rest:
        first = rest.pop(0)
        if any(isinstance(layer, nn.Linear) for layer in first.modules()):
            continue  # large ones are slower that way
        if list(first.children()) and not isinstance(first, nn.BatchNorm2d):
            groups.append([first])
        elif isinstance(first, nn.Conv2d) and rest and isinstance(rest[0], nn.BatchNorm2d):
            groups.append([first, rest.pop(0)])
    return groups


def _fused_groups(
    network: nn.Module, groups: Sequence[list[nn.Module]], size: int, bfloat16: bool
) -> Iterator[tuple[list[nn.Module], nn.Module]]:
    """Yield those of `groups` whose fused form gives the same outputs, and that form."""
    seen: dict[nn.Module, torch.Tensor] = {}
    hooks = [
        group[0].register_forward_pre_hook(lambda module, given: seen.update({module: given[0]})) for group in groups
    ]
    probe = torch.randn(1, 3, size, size, generator=torch.Generator().manual_seed(0))
    training = [module for module in network.modules() if module.training]
    try:
        with torch.no_grad():
            network.eval()(probe.contiguous(memory_format=torch.channels_last))
    finally:
        for hook in hooks:
            hook.remove()
        for module in training:
            module.training = True
    for group in groups:
        if group[0] not in seen:
            continue
        plain = nn.Sequential(*group)
        with torch.no_grad():
            expected, made = plain(seen[group[0]]), _with_fused_activations(_folded(plain), bfloat16)
            with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
                usual, found = _distance(expected, plain(seen[group[0]])), made(seen[group[0]])
        if _distance(expected, found) < 2 * usual + ROUNDING[bfloat16]:
            yield group, made


def _folded(plain: nn.Module) -> nn.Module:
    network = copy.deepcopy(plain)
    kinds = (nn.Conv2d, DepthwiseConv2d, nn.BatchNorm2d)
    layers = [(name, layer) for name, layer in network.named_modules() if isinstance(layer, kinds)]
    for (_, conv), (name, norm) in zip(layers, layers[1:], strict=False):
        if (
            not isinstance(conv, nn.BatchNorm2d)
            and isinstance(norm, nn.BatchNorm2d)
            and len(conv.weight) == norm.num_features
        ):
            conv.weight, conv.bias = fuse_conv_bn_weights(
                conv.weight, conv.bias, norm.running_mean, norm.running_var, norm.eps, norm.weight, norm.bias
            )
            network.set_submodule(name, getattr(norm, "act", nn.Identity()))
    return network.requires_grad_(False)


def _with_fused_activations(folded: nn.Module, bfloat16: bool) -> nn.Module:
    network, kind = copy.deepcopy(folded), torch.bfloat16 if bfloat16 else torch.float32
    kinds = (nn.Conv2d, DepthwiseConv2d, *_FUSED)
    layers = [(name, layer) for name, layer in network.named_modules() if isinstance(layer, kinds)]
    for (name, conv), (after, activation) in zip(layers, [*layers[1:], ("", nn.Identity())], strict=True):
        if type(conv) in _FUSED or isinstance(getattr(conv, "padding", None), str):
            continue
        same = getattr(conv, "same", type(conv).__name__ == "Conv2dSame")
        joined = after and type(activation) in _FUSED and name.rpartition(".")[0] == after.rpartition(".")[0]
        network.set_submodule(name, FusedConv2d(conv, same, activation if joined else nn.Identity(), kind))
        if joined:
            network.set_submodule(after, nn.Identity())
    for layer in network.modules():
        if isinstance(layer, nn.Linear):
            layer.register_forward_pre_hook(_as_the_weights)
    return network


def _as_the_weights(layer: nn.Linear, inputs: tuple[torch.Tensor]) -> tuple[torch.Tensor] | None:
    """Return the inputs of a layer that isn't fused in the precision of its weights; autocast sees to it itself."""
    return None if torch.is_autocast_enabled("cpu") else (inputs[0].to(layer.weight.dtype),)


def _exact(device: torch.device) -> AbstractContextManager:
    """Return a context in which a GPU's convolutions don't round to TF32, whose error hides or fakes a difference."""
    return torch.backends.cudnn.flags(enabled=True, allow_tf32=False) if device.type == "cuda" else nullcontext()


def _distance(expected: torch.Tensor, found: torch.Tensor) -> float:
    return float((expected - found.float()).abs().max() / expected.abs().max().clamp_min(1e-6))
