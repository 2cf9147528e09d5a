"""Mean average precision of the 3 likeliest classes."""

from competition.metrics.scores import METRICS
from competition.metrics.top_classes import MeanAveragePrecisionAtK


@METRICS.register
class MapAt3(MeanAveragePrecisionAtK):
    """Mean over the rows of 1/rank of the true class among the 3 likeliest, else 0; greater is better; takes ranks.

    Several labels an image: the sum of precision at each place that holds a true label, over the number of true labels,
    at most 3; 0 for a row without any. A missing class: doesn't count, as each class counts by its images.
    """

    label, most = "MAP@3", 3
