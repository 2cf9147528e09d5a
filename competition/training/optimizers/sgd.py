"""SGD."""

import torch

from competition.settings.finetuned import FinetunedSettings
from competition.training.optimizers import OPTIMIZERS


@OPTIMIZERS.register
class SGD(torch.optim.SGD):
    """SGD with Nesterov momentum; weight decay is added to the gradient."""

    decoupled_weight_decay = False

    def __init__(self, groups: list[dict], settings: FinetunedSettings):
        momentum = settings.momentum
        super().__init__(groups, lr=settings.learning_rate, momentum=momentum, nesterov=momentum > 0)
