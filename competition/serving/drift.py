"""Drift of a folder's images from those that scores were measured on, as `predict` finds it.

Images are compared by what can be measured without a label, answers by their certainty and their mix. Out of fold an
image is answered by one network of each member. So are the answers that are compared here, the folds' networks taking
turns: the mean of all networks would be unlike the old answers even where the images are alike.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from competition.audit.domain_shift import STATISTICS, statistics
from competition.audit.drift import LEAST_IMAGES, Drift, answer_drift, certainty_drift, image_drift
from competition.audit.image_statistics import read_statistics
from competition.common import paths
from competition.common.seeds import generator
from competition.data.predictions import Predictions
from competition.ensembling.final_vote import FinalVote
from competition.ensembling.fitted_votes import FittedVote, PerNetwork
from competition.ensembling.specialist_votes import SPECIALIST
from competition.serving.new_images import Chunk
from competition.settings.params import Settings

MEASURES = ("images", "answers", "certainty")
MEASURED = 500  # new images

Found = tuple[dict[str, Drift], dict[str, str]]  # measure -> drift; measure -> why it wasn't compared


class ImageSample:
    """Statistics of at most `most` of the images that are handed in, each as likely to be among them as any other.

    Reservoir sampling: Vitter, Random sampling with a reservoir, ACM TOMS 11, 1985. fill: grey level of the padding.
    """

    def __init__(self, fill: int, most: int = MEASURED):
        self._fill, self._most, self._seen = fill, most, 0
        self._random, self._rows = generator(0, "drift"), []

    def add(self, images: Sequence[np.ndarray]) -> None:
        """Measure some of `images`, uint8 (S, S, 3) RGB each."""
        for pixels in images:
            self._seen += 1
            if len(self._rows) < self._most:
                self._rows.append(statistics(pixels, self._fill))
            elif (place := int(self._random.integers(self._seen))) < self._most:
                self._rows[place] = statistics(pixels, self._fill)

    @property
    def values(self) -> np.ndarray:
        """(n, F) float64, see `domain_shift.statistics`."""
        return np.array(self._rows).reshape(-1, len(STATISTICS))


class DriftCheck:
    """Comparison of new images, handed in chunk by chunk, with old ones.

    fast: they are looked at as training never did, so that nothing can be compared. Raises ValueError for a damaged
    file of image statistics; without one, pixels are not compared.
    """

    def __init__(self, final: FinalVote, vote: FittedVote, settings: Settings, fast: bool = False):
        self._final, self._vote, self._fast = final, vote, fast
        self._n_folds, self._sample = len(settings.split.folds), ImageSample(settings.augment.fill)
        there = paths.IMAGE_STATISTICS.is_file() and not fast
        self._references = read_statistics(paths.IMAGE_STATISTICS) if there else None

    def __call__(self, chunk: Chunk) -> None:
        """Take note of the images of `chunk`."""
        if self._references is not None:
            self._sample.add(chunk.images.pixels)

    def find(self, predictions: PerNetwork, hurried: bool = False) -> dict[str, object]:
        """Return {"drift": those of MEASURES that found some, "measures", "not_compared"}, in JSON's types.

        predictions: member -> each network's, the folds' first. hurried: whether some images were asked less than
        others. measures: name -> `Drift.to_json`; not_compared: name -> why.
        """
        if self._fast:
            why = "with --fast images are looked at otherwise than in training"
            return _facts({}, dict.fromkeys(MEASURES, why))
        found, without = self._images()
        if hurried:
            why = "time was short, so that some images were asked less"
            return _facts(found, without | dict.fromkeys(("answers", "certainty"), why))
        measures, why_not = self._answers(predictions)
        return _facts(found | measures, without | why_not)

    def _images(self) -> Found:
        if self._references is None:
            return {}, {"images": f"{paths.IMAGE_STATISTICS}: not found; `dvc repro` makes it (stage augment)"}
        if why := _too_few(len(self._sample.values), *map(len, self._references.values())):
            return {}, {"images": why}
        return {"images": image_drift(self._references, self._sample.values)}, {}

    def _answers(self, predictions: PerNetwork) -> Found:
        """With a specialist its base answers for both: the specialist would be asked about other images here."""
        final, vote = self._final, self._vote
        if SPECIALIST in vote.parts:
            vote = final.votes[vote.parts[0]]
        reference = final.references[vote.name]
        voted = vote.predict({part: [in_turn(predictions[part][: self._n_folds])] for part in vote.parts})
        if why := _too_few(len(voted), reference.images):
            return {}, dict.fromkeys(("answers", "certainty"), why)
        found = {"certainty": certainty_drift(reference.confidence, reference.images, voted.confidence)}
        if reference.answers is None:
            return found, {"answers": "an image may have several labels"}
        counts = np.bincount(voted.labels, minlength=len(final.targets))
        return found | {"answers": answer_drift(reference.answers, counts, final.target2class)}, {}


def in_turn(networks: Sequence[Predictions]) -> Predictions:
    """Return predictions in which the first image is answered by the first of `networks`, the second by the second."""
    rows = np.arange(len(networks[0]))
    stacked = np.stack([one.probabilities for one in networks])
    return networks[0].like(stacked[rows % len(networks), rows])


def drift_path(out: Path) -> Path:
    """Return where the drift of the images is written whose table is `out`."""
    return out.with_name(f"{out.stem}_drift.json")


def in_words(measures: Mapping[str, Mapping]) -> dict[str, str]:
    """Return, of the `measures` that found drift, what differs, with the figure and its threshold."""
    return {
        name: f"{_unit(name)} {one['figure']:.2f} > {one['threshold']:.2f} ({_what_differs(name, one)})"
        for name, one in measures.items()
        if one["found"]
    }


def _unit(name: str) -> str:
    return "distance" if name == "answers" else "AUC"


def _what_differs(name: str, one: Mapping) -> str:
    if name == "images":
        return ", ".join(f"{row['feature']} {row['new_is']}" for row in one["features"])
    if name == "answers":
        return ", ".join(f"{row['target']} {row['old']:.0%} -> {row['new']:.0%}" for row in one["classes"])
    return f"median {one['old_median']:.2f} -> {one['new_median']:.2f}"


def _too_few(*images: int) -> str:
    fewest = min(images)
    return "" if fewest >= LEAST_IMAGES else f"{fewest} images; {LEAST_IMAGES} on either side are the least"


def _facts(measures: Mapping[str, Drift], without: Mapping[str, str]) -> dict[str, object]:
    return {
        "drift": [name for name, one in measures.items() if one.found],
        "measures": {name: one.to_json() for name, one in measures.items()},
        "not_compared": dict(without),
    }
