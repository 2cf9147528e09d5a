"""Offline augmentation: every training image clean, test-like, severely damaged and as damaged copies, packed once."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np

from competition.augmentation.augraphy.bank import OVERSAMPLING, Bank
from competition.augmentation.effects import EFFECTS
from competition.augmentation.policy import damaged_photograph
from competition.common.files import digest
from competition.common.imports import code_digest
from competition.common.registry import load_plugins
from competition.data.image_store import ImageStore
from competition.data.images import encode_jpeg
from competition.data.label_sets import split_labels
from competition.data.letterbox import letterbox, shrink
from competition.data.packing import build
from competition.data.predictions import SEVERE
from competition.settings.augment import AugmentSettings
from competition.settings.machine import MachineSettings

BESIDE = 3  # images packed of one that is scored, beside its copies: clean, test-like, severe
AT_ONCE = 1 << 27  # bytes of pictures that are turned upright together, or a part's: full batches for each fold
IMAGES_PER_PART = 256  # a few seconds' work: what a killed run loses, and often enough for the progress to move


def copies_of(targets: Sequence[str | None], settings: AugmentSettings, several: bool = False) -> np.ndarray:
    """Return the number of damaged copies of each image, int64 (N,), at least 1: the same for all images of a class.

    It is `copies`, times (images of the largest class / images of its own) to the power of `balance`, times its class's
    factor in `class_copies`, rounded. With `several`, a target names an image's labels: its rarest one counts as its
    class, and the largest of their factors; without any it has `copies`. Raises ValueError if `class_copies` names a
    class that no image has.
    """
    copies = _class_copies(Counter(targets), settings, several)
    return np.array([copies[target] for target in targets], np.int64)


def _class_copies(images: Counter, settings: AugmentSettings, several: bool) -> dict[str | None, int]:
    """Return target -> copies of each of its images; images: how many there are of each target."""
    labels = {target: split_labels(target) if several else (target,) for target in images}
    counts: Counter = Counter()
    for target, own in images.items():
        counts.update(dict.fromkeys(labels[target], own))
    unknown = sorted(set(settings.class_copies) - set(counts))
    if unknown:
        raise ValueError(
            f"augment.class_copies: no training image has the target {unknown}; there are {sorted(map(str, counts))}"
        )
    largest, factors = max(counts.values(), default=0), settings.class_copies
    return {
        target: max(1, round(settings.copies * (largest / rarest) ** settings.balance * factor))
        for target in images
        for rarest in [min((counts[label] for label in labels[target]), default=largest)]
        for factor in [max((factors.get(label, 1) for label in labels[target]), default=1)]
    }


class Straightener(Protocol):
    """Turns pictures upright; small to pickle."""

    def key(self) -> str:
        """Return a digest that changes with anything that the squares depend on."""
        ...

    def squares(
        self, pictures: Sequence[np.ndarray], ids: Sequence[str], size: int, fill: int
    ) -> tuple[list[np.ndarray], np.ndarray]:
        """Return `pictures`, of the images `ids`, as squares (size, size, 3), and (N, 8): how likely each orientation
        of each square is upright.
        """
        ...

    def missed_squares(
        self, pictures: Sequence[np.ndarray], corners: Sequence[np.ndarray], names: Sequence[str], size: int, fill: int
    ) -> tuple[list[np.ndarray], np.ndarray]:
        """Return the same of pictures whose pages' `corners` (4, 2) are known: missed by errors drawn by `names`."""
        ...


class _Picture(NamedTuple):
    """A picture that is to be packed as a square: of which image, of what kind, and which copy; of one that was
    damaged once `corners` (4, 2), the page's own.
    """

    id: str
    target: str | None
    kind: str
    number: int
    image: np.ndarray
    corners: np.ndarray | None = None

    @property
    def name(self) -> str:
        return f"{self.id}/{self.kind}/{self.number}"


@dataclass(frozen=True)
class Augmenter:
    """Packing job: called with rows of the packed set at `path` (absolute), returns all their images; facts: none.

    Training images are packed clean, test-like, severe (the test-like one damaged once more in the same way), and as
    `copies_of` damaged copies; with `clean_only`, clean alone. They are letterboxed, or turned upright by `straighten`.
    severe: whether those are packed. unscored: IDs of images that are trained on alone, without test-like and severe.
    """

    path: str
    settings: AugmentSettings
    bank: Bank | None = None
    clean_only: bool = False
    several: bool = False  # labels an image, see `copies_of`
    straighten: Straightener | None = None
    severe: bool = True
    unscored: frozenset[str] = frozenset()
    plugins: tuple[str, ...] = field(default_factory=EFFECTS.plugins)  # whose effects a worker has to load too

    def __call__(self, rows: Sequence[int]) -> tuple[list[dict], list[dict]]:
        load_plugins(self.plugins)
        stat = Path(self.path).stat()
        store = ImageStore(self.path)  # anew for each part: what is mapped of a large set adds up
        ids, targets, images = _columns(self.path, stat.st_mtime_ns, stat.st_size)
        copies = {} if self.clean_only else _class_copies(images, self.settings, self.several)
        packed: list[dict] = []
        waiting: list[_Picture] = []
        for row in rows:
            waiting += self._pictures(store.image(row), ids[row], targets[row], copies.get(targets[row]))
            full = self.straighten is None or sum(picture.image.nbytes for picture in waiting) >= AT_ONCE
            if full or row == rows[-1]:
                packed += self._packed(waiting)
                waiting = []
        return packed, []

    def counts(self) -> np.ndarray:
        """Return how many images are packed of each row, int64 (N,)."""
        store = ImageStore(self.path)
        if self.clean_only:
            return np.ones(len(store), np.int64)
        scored = np.array([id not in self.unscored for id in store.column("id")], bool)
        beside = np.where(scored, BESIDE if self.severe else BESIDE - 1, 1)
        return copies_of(store.column("target"), self.settings, self.several) + beside

    def _pictures(self, image: np.ndarray, id: str, target: str | None, copies: int | None) -> list[_Picture]:
        """Return the pictures of an image; copies: how many, None without any damage."""
        settings = self.settings
        pictures = [_Picture(id, target, "clean", 0, image)]
        if copies is not None:
            # once for all copies; each would do it for itself
            page = shrink(image, round(settings.size * OVERSAMPLING))
            scored = [] if id in self.unscored else [("test_like", 0)]
            for kind, number in [*scored, *(("train", number) for number in range(copies))]:
                photo, corners = damaged_photograph(page, id, kind, number, settings, self.bank)
                pictures.append(_Picture(id, target, kind, number, photo, corners))
                if kind == "test_like" and self.severe:
                    again = damaged_photograph(photo, id, kind, 1, settings, self.bank).image
                    pictures.append(_Picture(id, target, SEVERE, 0, again))
        return pictures

    def _packed(self, pictures: Sequence[_Picture]) -> list[dict]:
        settings = self.settings
        size, fill = settings.size, settings.fill
        if self.straighten is None:
            made = [(letterbox(picture.image, size, fill), {}) for picture in pictures]
        else:
            made = self._straightened(self.straighten, pictures)
        return [
            {
                "id": picture.name,
                "source_id": picture.id,
                "target": picture.target,
                "view": picture.kind,
                "copy": picture.number,
                "height": size,
                "width": size,
                "image": encode_jpeg(square, settings.quality),
            }
            | own
            for picture, (square, own) in zip(pictures, made, strict=True)
        ]

    def _straightened(
        self, straighten: Straightener, pictures: Sequence[_Picture]
    ) -> list[tuple[np.ndarray, dict[str, list[float]]]]:
        """Return each picture as an upright square, and what is known of its orientations."""
        size, fill = self.settings.size, self.settings.fill
        looked_at = [one for one in pictures if one.kind != "train"]
        known = [one for one in pictures if one.kind == "train"]
        squares, orientations = straighten.squares(
            [one.image for one in looked_at], [one.id for one in looked_at], size, fill
        )
        made = {one.name: pair for one, *pair in zip(looked_at, squares, orientations, strict=True)}
        if known:
            squares, orientations = straighten.missed_squares(
                [one.image for one in known], [one.corners for one in known], [one.name for one in known], size, fill
            )
            made |= {one.name: pair for one, *pair in zip(known, squares, orientations, strict=True)}
        return [(square, {"orientations": own.tolist()}) for square, own in (made[one.name] for one in pictures)]


def pack(target: Path | str, augmenter: Augmenter, state: Path, machine: MachineSettings, title: str) -> None:
    """Write to `target` what `augmenter` packs of all its images; go on from what the folder `state` holds."""
    counts = augmenter.counts()
    build(
        target,
        range(len(counts)),
        augmenter,
        state,
        part_size=max(1, len(counts) * IMAGES_PER_PART // max(1, int(counts.sum()))),
        machine=machine,
        title=title,
        per_job=counts,
    )


def copies_code() -> str:
    """Return 16 hex digits of the source that makes copies, plugins included: for the names of states and caches."""
    return digest(code_digest(__name__), *map(Path, EFFECTS.plugins()))


@lru_cache(maxsize=2)
def _columns(path: str, modified: int, size: int) -> tuple[list[str], list[str | None], Counter]:
    """Return IDs, targets and images per target of a store, cached in each process by path and version."""
    store = ImageStore(path)
    targets = store.column("target")
    return store.column("id"), targets, Counter(targets)
