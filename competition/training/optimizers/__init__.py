"""Optimizers, one a module: a torch optimizer made from (parameter groups, the member's settings).

`decoupled_weight_decay` says whether weight decay shrinks the weights themselves or is added to the gradient; the
range that is searched for it depends on that.
"""

from competition.common.registry import Registry

OPTIMIZERS = Registry("optimizer", __name__)
