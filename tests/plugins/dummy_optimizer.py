"""RMSprop: `plugins: [tests/plugins/dummy_optimizer.py]`, `optimizer: dummy_optimizer`."""

import torch

from competition.settings.finetuned import FinetunedSettings
from competition.training.optimizers import OPTIMIZERS


@OPTIMIZERS.register
class RMSprop(torch.optim.RMSprop):
    """torch's RMSprop."""

    decoupled_weight_decay = False

    def __init__(self, groups: list[dict], settings: FinetunedSettings):
        super().__init__(groups, lr=settings.learning_rate, momentum=settings.momentum)
