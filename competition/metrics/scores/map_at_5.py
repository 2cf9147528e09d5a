"""Mean average precision of the 5 likeliest classes."""

from competition.metrics.scores import METRICS
from competition.metrics.top_classes import MeanAveragePrecisionAtK


@METRICS.register
class MapAt5(MeanAveragePrecisionAtK):
    """Mean over the rows of 1/rank of the true class among the 5 likeliest, else 0; greater is better; takes ranks.

    Several labels an image: the sum of precision at each place that holds a true label, over the number of true labels,
    at most 5; 0 for a row without any. A missing class: doesn't count, as each class counts by its images.
    """

    label, most = "MAP@5", 5
