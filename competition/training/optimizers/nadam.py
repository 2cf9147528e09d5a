"""NAdam."""

import torch

from competition.settings.finetuned import FinetunedSettings
from competition.training.optimizers import OPTIMIZERS


@OPTIMIZERS.register
class NAdam(torch.optim.NAdam):
    """Adam with Nesterov momentum and decoupled weight decay."""

    decoupled_weight_decay = True

    def __init__(self, groups: list[dict], settings: FinetunedSettings):
        super().__init__(groups, lr=settings.learning_rate, decoupled_weight_decay=True)
