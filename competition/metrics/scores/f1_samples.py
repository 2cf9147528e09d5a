"""Mean F1 over the images, each of its own labels."""

from competition.metrics.label_sets import SampleFBeta
from competition.metrics.scores import METRICS


@METRICS.register
class SampleF1(SampleFBeta):
    """Mean over the rows of F1 in [0, 1] of the row's true and predicted labels; greater is better; takes labels.

    A missing class: doesn't count, as each class counts by its images. As `sklearn.metrics.f1_score(average=
    "samples")`: a row without a label that is given none scores 0. One label an image: the same as accuracy.
    """

    label, beta = "mean F1 of the images", 1
