"""Adam."""

import torch

from competition.settings.finetuned import FinetunedSettings
from competition.training.optimizers import OPTIMIZERS


@OPTIMIZERS.register
class Adam(torch.optim.Adam):
    """Adam, with weight decay added to the gradient, the classical way."""

    decoupled_weight_decay = False

    def __init__(self, groups: list[dict], settings: FinetunedSettings):
        super().__init__(groups, lr=settings.learning_rate, fused=True)
