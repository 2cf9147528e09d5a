"""Linear head."""

from torch import nn

from competition.models.heads import HEADS


@HEADS.register
class Linear(nn.Linear):
    """One linear layer, which every network of timm's has: see `classifier.set_head`."""

    own_dropout = False
