"""Batch-norm that takes a batch of one row."""

import torch
from torch import nn
from torch.nn import functional


class RowNorm(nn.BatchNorm1d):
    """Batch-norm of (B, F) in float32; a batch of one row is normalised by the running statistics."""

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        inputs = inputs.float()
        if self.training and len(inputs) == 1:
            return functional.batch_norm(
                inputs, self.running_mean, self.running_var, self.weight, self.bias, False, 0.0, self.eps
            )
        return super().forward(inputs)
