"""Losses of fine-tuning, one a module: a subclass of `criterion.Loss`, or of `criterion.ClassSum` as cross-entropy is.

Label smoothing, class weights, logit adjustment and the mean over a step are `criterion`'s, for all of them.
"""

from competition.common.registry import Registry

LOSSES = Registry("loss", __name__)
AUTO = {False: "cross_entropy", True: "binary_cross_entropy"}  # by whether an image has several labels
