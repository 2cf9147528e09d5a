"""Deep head: two hidden layers."""

from torch import nn

from competition.models.heads import HEADS
from competition.models.layers.row_norm import RowNorm

HIDDEN = (512, 256)  # units


@HEADS.register
class Deep(nn.Sequential):
    """Two hidden layers with batch-norm, ReLU and dropout, and a linear one."""

    own_dropout = True

    def __init__(self, in_features: int, n_classes: int, drop_rate: float):
        layers, width = [], in_features
        for units in HIDDEN:
            layers += [nn.Linear(width, units, bias=False), RowNorm(units), nn.ReLU(), nn.Dropout(drop_rate)]
            width = units
        super().__init__(*layers, nn.Linear(width, n_classes))
