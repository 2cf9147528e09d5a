"""Heads behind a network's pooled features, one a module: a torch module made from (in_features, n_classes, drop_rate).

`own_dropout` says whether the head drops units itself, so that the network's dropout before it has to stay out.
"""

from competition.common.registry import Registry

HEADS = Registry("head", __name__)
