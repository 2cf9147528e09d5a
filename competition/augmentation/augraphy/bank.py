"""Bank of layers of document noise: made once by Augraphy's own code, then drawn from at random, on many pages.

Training copies and test-like ones draw from layers of their own, of their own seeds: what is scored shows no layer that
was trained on. One file per purpose and effect, an Arrow stream of raw pixels, which is memory-mapped: no layer is ever
decoded or copied whole.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path

import cv2
import numpy as np
from filelock import FileLock

from competition.augmentation.augraphy import adapter, layers
from competition.augmentation.augraphy.adapter import mixed
from competition.augmentation.augraphy.recipe import Recipe
from competition.augmentation.effects import EFFECTS
from competition.common.files import digest
from competition.common.paths import NOISE_BANK
from competition.common.seeds import derived_seed
from competition.data.image_store import ImageStore
from competition.data.packing import PackedSet, build_all
from competition.settings.augment import AugmentSettings, Purpose
from competition.settings.machine import MachineSettings

LEAST_SHARE = 0.8  # of a layer's side that a page takes, where the layer is scaled to the page
OVERSAMPLING = 1.4  # damage is done at this multiple of the final size, so that its edges are as soft as a camera's


@dataclass(frozen=True)
class Bank:
    """Bank: the layers' files by purpose and effect; small to pickle, each mapped once per process when needed."""

    paths: Mapping[Purpose, Mapping[str, Path]]

    def apply(
        self, name: str, image: np.ndarray, generator: np.random.Generator, amount: float, purpose: Purpose
    ) -> np.ndarray:
        """Return `image` (uint8, (H, W, 3) RGB) under a layer of Augraphy effect `name` at opacity `amount`.

        The layer, one of those for `purpose`, the piece of it, and its turn and flip are drawn from `generator`. An
        effect without layers is done by our own fast version, or by Augraphy. Raises ValueError if the bank wasn't
        opened for `name`.
        """
        recipe = EFFECTS[name].recipe
        if not recipe.layered:
            return (recipe.fast or EFFECTS[name].apply)(image, generator, amount)
        paths = self.paths.get(purpose, {})
        if name not in paths:
            raise ValueError(f"{name!r} is not in this bank, which was opened for {sorted(paths)} of {purpose} copies")
        stored = _layers(paths[name])
        piece = _piece(stored[int(generator.integers(len(stored)))], image.shape[:2], generator, recipe.fits_page)
        return mixed(image, take(recipe, image, piece), amount)


def take(recipe: Recipe, image: np.ndarray, planes: Sequence[np.ndarray]) -> np.ndarray:
    """Return `image` under the planes (uint8, (H, W) or (H, W, 3), of the image's size) of a layer of `recipe`."""
    method = recipe.take
    if method not in layers.KEEPS_ONE_CHANNEL:
        planes = [plane if plane.ndim == 3 else cv2.cvtColor(plane, cv2.COLOR_GRAY2RGB) for plane in planes]
    return layers.APPLY[method](image, planes).reshape(image.shape)


def _piece(
    planes: np.ndarray, shape: tuple[int, int], generator: np.random.Generator, scaled: bool
) -> list[np.ndarray]:
    """Return a random piece of each plane, turned and flipped, as large as the page of `shape` (height, width)."""
    turned, flip = int(generator.integers(2)), int(generator.integers(4))
    share = generator.uniform(LEAST_SHARE, 1)
    top, left = generator.random(2)
    height, width = shape[::-1] if turned else shape
    side = planes.shape[1]
    scale = share * side / max(shape) if scaled else 1.0
    rows, columns = max(1, round(height * scale)), max(1, round(width * scale))
    if max(rows, columns) > side:
        planes = [_tiled(plane, max(rows, columns) - side) for plane in planes]
        side = max(rows, columns)
    top, left = int(top * (side - rows + 1)), int(left * (side - columns + 1))
    cut = [plane[top : top + rows, left : left + columns] for plane in planes]
    if scaled:
        cut = [cv2.resize(plane, (width, height), interpolation=cv2.INTER_LINEAR) for plane in cut]
    return [_turned(plane[..., 0] if plane.ndim == 3 and plane.shape[2] == 1 else plane, turned, flip) for plane in cut]


def _tiled(plane: np.ndarray, missing: int) -> np.ndarray:
    """Return `plane` with `missing` more rows and columns, mirrored on, for a page larger than a layer."""
    return cv2.copyMakeBorder(plane, 0, missing, 0, missing, cv2.BORDER_REFLECT)


def _turned(plane: np.ndarray, transpose: int, flip: int) -> np.ndarray:
    plane = cv2.transpose(plane) if transpose else plane
    return cv2.flip(plane, flip - 2) if flip < 3 else plane  # -2 + 0, 1, 2: OpenCV's -1 both, 0 rows, 1 columns


@cache
def _layers(path: Path) -> list[np.ndarray]:
    store = ImageStore(path)
    shapes = ([int(part) for part in text.split("x")] for text in store.column("view"))
    return [
        store.encoded(row).reshape(count, height, width, channels)
        for row, ((count, channels), height, width) in enumerate(
            zip(shapes, store.column("height"), store.column("width"), strict=True)
        )
    ]


def layered() -> tuple[str, ...]:
    """Return names of the effects whose layers are banked."""
    return tuple(name for name, effect in EFFECTS.items() if effect.recipe and effect.recipe.layered)


def open_bank(
    names: Mapping[Purpose, Iterable[str]],
    settings: AugmentSettings,
    machine: MachineSettings,
    folder: Path = NOISE_BANK,
) -> Bank:
    """Return the bank of effects `names` for each purpose (those without layers are ignored).

    What is missing of it is made first; a stopped run goes on where it was. A layer is a pure function of
    (settings.seed, purpose, effect, number) and the side.
    """
    banked = layered()
    paths: dict[Purpose, dict[str, Path]] = {
        purpose: {name: _path(name, purpose, settings, folder) for name in sorted({*wanted}.intersection(banked))}
        for purpose, wanted in names.items()
    }
    missing = {path: (name, purpose) for purpose, of in paths.items() for name, path in of.items() if not path.exists()}
    if missing:
        _make(missing, settings, machine)
    return Bank(paths)


def _path(name: str, purpose: Purpose, settings: AugmentSettings, folder: Path) -> Path:
    """Return the file of the layers of effect `name` for copies of `purpose`."""
    return folder / f"{name}-{purpose}-{_digest(name, purpose, settings, _side(settings))}.arrow"


def _side(settings: AugmentSettings) -> int:
    return max(256, round(layers.MARGIN * OVERSAMPLING * settings.size))


def _make(missing: Mapping[Path, tuple[str, Purpose]], settings: AugmentSettings, machine: MachineSettings) -> None:
    """Make the files `missing`, file -> effect and purpose, dealt together: some effects take long, most don't."""
    files, side = sorted(missing), _side(settings)
    with ExitStack() as stack:
        sets = []
        for path in files:
            name, purpose = missing[path]
            path.parent.mkdir(parents=True, exist_ok=True)
            stack.enter_context(FileLock(path.with_suffix(".lock")))  # of several who need it one makes it
            if not path.exists():
                make = partial(_make_rows, name, _seed_parts(settings.seed, purpose), side)
                sets.append(PackedSet(path, range(settings.layers_for(purpose)), make, path.with_suffix(".parts"), 2))
        build_all(sets, machine, "noise bank", "layer")
    for path in files:
        path.with_suffix(".lock").unlink(missing_ok=True)  # whoever waited for it finds the file made


def _seed_parts(seed: int, purpose: Purpose) -> tuple[object, ...]:
    return (seed, "bank") if purpose == "train" else (seed, "bank", purpose)


def _make_rows(
    name: str, seed_parts: tuple[object, ...], side: int, numbers: Sequence[int]
) -> tuple[list[dict], list[dict]]:
    rows = []
    for number in numbers:
        planes = layers.make_planes(EFFECTS[name].recipe, derived_seed(*seed_parts, name, number), side)
        rows.append(
            {
                "id": f"{name}/{number}",
                "view": f"{planes.shape[0]}x{planes.shape[3]}",
                "height": side,
                "width": side,
                "image": planes.tobytes(),
            }
        )
    return rows, []


def _digest(name: str, purpose: Purpose, settings: AugmentSettings, side: int) -> str:
    """Return 12 hex digits that change with anything the layers of effect `name` for `purpose` depend on."""
    sources = [Path(file) for file in (__file__, adapter.__file__, layers.__file__)]
    facts = (
        name,
        EFFECTS[name].recipe,
        version("augraphy"),
        settings.layers_for(purpose),
        _seed_parts(settings.seed, purpose),
        side,
    )
    return digest(repr(facts), *sources)[:12]
