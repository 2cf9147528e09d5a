"""Straightener of a competition's images: what the stage `upright` learnt, for `augment`, `tune` and `predict`.

Pictures of a training image are warped by the networks of its fold, one of `upright.folds`, which never saw it; all
other pictures by those of all folds. Copies to learn from are warped by no network, but missed as one would: see
`errors`. All that is needed stands in one folder: the networks, their errors, and a file that says whether they are
used, the settings that they were trained by, the orientations' temperature, and each image's fold.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from competition.common import paths
from competition.common.errors import examples
from competition.common.files import digest, read_json, write_json
from competition.common.imports import code_digest
from competition.common.seeds import generator
from competition.folds.split import HOLDOUT
from competition.settings.upright import UprightSettings
from competition.upright.errors import Errors
from competition.upright.page import FoundPage, upright_square

if TYPE_CHECKING:
    from competition.upright.page_finder import PageFinder

FACTS, ERRORS = "straightener.json", "errors.npy"


@dataclass(frozen=True)
class FoldStraightener:
    """Straightener by the networks of `folder` (absolute), small to pickle.

    out_of_fold: whether pictures are of training images, each seen by its own fold's networks alone. most: networks
    that look at any other picture, at most.
    """

    folder: Path
    out_of_fold: bool = False
    most: int | None = None

    def key(self) -> str:
        """Return a digest that changes with anything that the squares depend on."""
        files = self.folder / FACTS, self.folder / ERRORS, *_weights(self.folder).values()
        return digest(self.out_of_fold, code_digest(__name__), *files)

    def squares(
        self, pictures: Sequence[np.ndarray], ids: Sequence[str], size: int, fill: int
    ) -> tuple[list[np.ndarray], np.ndarray]:
        """Return `pictures`, of the images `ids`, as squares (size, size, 3), and (N, 8): how likely each orientation
        of each square is upright, float32; the first one is likeliest, and the unlikely ones are 0.
        """
        return self._squares(pictures, self.pages(pictures, ids, fill), size, fill)

    def missed_squares(
        self, pictures: Sequence[np.ndarray], corners: Sequence[np.ndarray], names: Sequence[str], size: int, fill: int
    ) -> tuple[list[np.ndarray], np.ndarray]:
        """Return the same of `pictures` whose pages' own `corners` (4, 2) are known, in pixels: missed by errors drawn
        by their `names`.
        """
        errors, seed = _errors(self.folder), _facts(self.folder).settings.seed
        pages = [
            errors.page(own, picture, generator(seed, "upright error", name))
            for picture, own, name in zip(pictures, corners, names, strict=True)
        ]
        return self._squares(pictures, pages, size, fill)

    def _squares(
        self, pictures: Sequence[np.ndarray], pages: Sequence[FoundPage], size: int, fill: int
    ) -> tuple[list[np.ndarray], np.ndarray]:
        least = _facts(self.folder).settings.least_probability
        made = [upright_square(picture, page, size, fill) for picture, page in zip(pictures, pages, strict=True)]
        likely = np.array([orientations for _, orientations in made])
        likely = np.where(likely < np.minimum(least, likely[:, :1]), 0, likely)
        return [square for square, _ in made], (likely / likely.sum(axis=1, keepdims=True)).astype(np.float32)

    def pages(self, pictures: Sequence[np.ndarray], ids: Sequence[str], fill: int) -> list[FoundPage]:
        """Return the page in each of `pictures`, of the images `ids`.

        Raises ValueError for a training image whose fold has no networks, or that the split doesn't know.
        """
        found: dict[int, FoundPage] = {}
        folds = self._folds(ids)
        for fold in sorted(set(folds.tolist())):
            places = np.flatnonzero(folds == fold)
            some = self._finder(fold).find([pictures[place] for place in places], fill)
            found |= dict(zip(places.tolist(), some, strict=True))
        return [found[place] for place in range(len(pictures))]

    def first(self) -> tuple[Path, UprightSettings]:
        """Return the weights of the first fold's networks, and the settings that they were trained by."""
        return next(iter(_weights(self.folder).values())), _facts(self.folder).settings

    def _folds(self, ids: Sequence[str]) -> np.ndarray:
        if not self.out_of_fold:
            return np.full(len(ids), HOLDOUT)
        fold_of = _facts(self.folder).folds
        if unknown := [id for id in ids if id not in fold_of]:
            raise ValueError(
                f"{self.folder}: {len(unknown)} images are not of the split that its networks were trained by: "
                f"{examples(unknown)}; run `dvc repro` again"
            )
        return np.array([max(fold_of[id], HOLDOUT) for id in ids])  # what no fold scores, no network learnt from

    def _finder(self, fold: int) -> "PageFinder":
        files, facts = _weights(self.folder), _facts(self.folder)
        if fold != HOLDOUT and fold not in files:
            raise ValueError(f"{self.folder}: no networks of fold {fold}; run `dvc repro` again")
        chosen = tuple(files.values())[: self.most] if fold == HOLDOUT else (files[fold],)
        stamps = tuple((path, path.stat().st_mtime_ns) for path in chosen)
        return _loaded(stamps, facts.settings, facts.temperature)


def save_straightener(
    folder: Path, used: bool, settings: UprightSettings, temperature: float, folds: Mapping[str, int], errors: Errors
) -> None:
    """Write beside the networks in `folder` what they need. folds: image ID -> its fold, -1 in the holdout."""
    errors.save(folder / ERRORS)
    facts = {"used": used, "settings": settings.model_dump(exclude={"use"}), "temperature": temperature}
    write_json(folder / FACTS, facts | {"folds": dict(folds)})


def open_straightener(
    settings: UprightSettings, out_of_fold: bool = False, most: int | None = None
) -> FoldStraightener | None:
    """Return what the stage `upright` made, or None if pages aren't turned upright; see FoldStraightener.

    Raises FileNotFoundError where the stage hasn't run to its end.
    """
    if settings.use == "off":
        return None
    if not (paths.UPRIGHT / FACTS).is_file():
        raise FileNotFoundError(f"{paths.UPRIGHT / FACTS}: not found; `dvc repro` makes it")
    if not read_json(paths.UPRIGHT / FACTS)["used"]:
        return None
    return FoldStraightener(paths.UPRIGHT.resolve(), out_of_fold, most)


@dataclass(frozen=True)
class _Facts:
    settings: UprightSettings
    temperature: float
    folds: dict[str, int]


def _facts(folder: Path) -> _Facts:
    path = folder / FACTS
    return _read_facts(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=2)
def _read_facts(path: Path, modified: int) -> _Facts:
    """Return the file's content, read once in each process and version."""
    facts = read_json(path)
    return _Facts(UprightSettings(**facts["settings"]), facts["temperature"], facts["folds"])


def _errors(folder: Path) -> Errors:
    path = folder / ERRORS
    return _read_errors(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=2)
def _read_errors(path: Path, modified: int) -> Errors:
    return Errors.load(path)


def _weights(folder: Path) -> dict[int, Path]:
    return {int(path.stem): path for path in sorted(folder.glob("*.safetensors"), key=lambda path: int(path.stem))}


@cache
def _loaded(weights: tuple[tuple[Path, int], ...], settings: UprightSettings, temperature: float) -> "PageFinder":
    """Return the networks, loaded once in each process and version."""
    from competition.compute.device import keep_memory  # torch is loaded where pages are found
    from competition.upright.page_finder import PageFinder

    keep_memory()  # of a worker; commands have done so
    return PageFinder([path for path, _ in weights], settings, temperature)
