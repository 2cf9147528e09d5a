"""AdamW."""

import torch

from competition.settings.finetuned import FinetunedSettings
from competition.training.optimizers import OPTIMIZERS


@OPTIMIZERS.register
class AdamW(torch.optim.AdamW):
    """Adam with decoupled weight decay, Loshchilov and Hutter (https://arxiv.org/abs/1711.05101)."""

    decoupled_weight_decay = True

    def __init__(self, groups: list[dict], settings: FinetunedSettings):
        super().__init__(groups, lr=settings.learning_rate, fused=True)  # fused: docs/log.md
