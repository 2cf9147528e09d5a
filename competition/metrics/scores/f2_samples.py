"""Mean F2 over the images, each of its own labels: a label that is missed costs more than one too many."""

from competition.metrics.label_sets import SampleFBeta
from competition.metrics.scores import METRICS


@METRICS.register
class SampleF2(SampleFBeta):
    """Mean over the rows of F2 in [0, 1] of the row's true and predicted labels; greater is better; takes labels.

    F2 counts recall four times as much as precision. A missing class: doesn't count, as each class counts by its
    images. As `sklearn.metrics.fbeta_score(beta=2, average="samples")`: a row without a label that is given none scores
    0. One label an image: the same as accuracy.
    """

    label, beta = "mean F2 of the images", 2
