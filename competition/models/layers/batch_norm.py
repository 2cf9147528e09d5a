"""Batch-norm in training, with the activation that timm's layer has built in: on a CPU by `kernels.batch_norm`.

Everything else, evaluation too, is left to the layer as it is.
"""

import torch
from torch import nn

from competition.models.kernels import batch_norm as kernels
from competition.models.kernels.activations import HARD_SWISH, IDENTITY, RELU, RELU6, Activation
from competition.models.kernels.compiled import computes

_ACTIVATIONS = {nn.Identity: IDENTITY, nn.ReLU: RELU, nn.ReLU6: RELU6, nn.Hardswish: HARD_SWISH}


class _BatchNorm(torch.autograd.Function):
    @staticmethod
    def forward(ctx, inputs, weight, bias, mean, variance, eps: float, activation: Activation) -> torch.Tensor:
        deviation = (variance + eps).sqrt()
        scale = weight / deviation
        shift = bias - mean * scale
        ctx.save_for_backward(inputs, mean, deviation, scale, shift)
        ctx.activation = activation
        return kernels.normalised(inputs, scale, shift, activation)

    @staticmethod
    def backward(ctx, gradient: torch.Tensor) -> tuple:
        inputs, mean, deviation, scale, shift = ctx.saved_tensors
        sums, products = kernels.gradient_sums(inputs, gradient, scale, shift, mean, ctx.activation)
        of_bias, of_weight = sums.float(), (products / deviation).float()
        of_inputs = None
        if ctx.needs_input_grad[0]:
            count = inputs.numel() // inputs.shape[1]
            factor = -scale * of_weight / deviation / count
            constant = -scale * of_bias / count - factor * mean
            of_inputs = kernels.input_gradient(inputs, gradient, scale, shift, factor, constant, ctx.activation)
        return of_inputs, of_weight, of_bias, None, None, None, None


class FastBatchNormAct2d(nn.BatchNorm2d):
    """timm's BatchNormAct2d, whose training on a CPU reads and writes each image less often."""

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        count = inputs.numel() // inputs.shape[1]
        if not (self.training and count > 1 and torch.is_grad_enabled() and computes(inputs)):
            return self.act(super().forward(inputs))
        with torch.no_grad():
            mean, variance = kernels.statistics(inputs)
            self.num_batches_tracked.add_(1)
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * (count / (count - 1)), self.momentum)
        activation = _ACTIVATIONS[type(self.act)]
        return _BatchNorm.apply(inputs, self.weight, self.bias, mean, variance, self.eps, activation)


def with_fast_batch_norm(network: nn.Module) -> nn.Module:
    """Replace in place every BatchNormAct2d that the kernels can train, and return `network`.

    Weights and statistics keep their names. Layers with other activations, or without statistics, stay as they are.
    """
    for norm in network.modules():
        if (
            type(norm).__name__ == "BatchNormAct2d"  # timm's, which takes seconds to load
            and type(norm.act) in _ACTIVATIONS
            and type(norm.drop) is nn.Identity
            and norm.affine
            and norm.track_running_stats
            and norm.momentum is not None
        ):
            norm.__class__ = FastBatchNormAct2d  # its hooks, mode and tensors stay
    return network
