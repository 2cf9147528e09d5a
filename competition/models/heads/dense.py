"""Dense head: batch-norm and dropout before a linear layer."""

from torch import nn

from competition.models.heads import HEADS
from competition.models.layers.row_norm import RowNorm


@HEADS.register
class Dense(nn.Sequential):
    """Batch-norm, dropout, a linear layer."""

    own_dropout = True

    def __init__(self, in_features: int, n_classes: int, drop_rate: float):
        super().__init__(RowNorm(in_features), nn.Dropout(drop_rate), nn.Linear(in_features, n_classes))
