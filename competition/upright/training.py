"""Training of the upright networks on one fold's photographs, without labels.

Each epoch shows every page once, as one of its copies, in one of the eight orientations. The corner network sees the
picture as it is. The orientation network sees the page straightened by its true corners with errors added, as the
corner network makes them; so neither has to wait for the other. It is shown clean pages at first, and damaged ones in
their place more and more often: what tells a page's orientation is small, and is found sooner where nothing covers it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import cross_entropy, smooth_l1_loss

from competition.common.seeds import generator
from competition.compute.device import autocast, device, use_bfloat16
from competition.data.image_store import ImageStore
from competition.data.letterbox import resize
from competition.data.orientations import ORIENTATIONS, oriented_image
from competition.inference.ahead import made_ahead
from competition.models.freezing import frozen_modules
from competition.models.layers.fusion import for_training
from competition.models.networks import Normalisation
from competition.settings.finetuned import FinetunedSettings
from competition.settings.progressive_resizing import size_at
from competition.settings.upright import UprightSettings
from competition.training.checkpoints import load_state, save_state
from competition.upright.geometry import homography, moved, oriented_corners, placed, quad_of, sides_of, straightened
from competition.upright.networks import MARGIN, PageNetwork, corner_targets

WARMUP = 0.15  # share of the steps
WEIGHT_DECAY = 0.02
CORNER_SCALE, OFFSET_SCALE, ANGLE_SCALE = 0.03, 0.02, 0.1  # errors beyond which a loss grows linearly
ANGLE_WEIGHT, OFFSET_WEIGHT = 0.1, 20.0  # beside the corners' loss; beside the orientation's
CLEAN = 0  # which of a page's pictures is the clean one
FARTHEST = 0.3  # offset of a corner, share of the square's side, that is learnt


@dataclass(frozen=True)
class Photographs:
    """Photographs in a store: IDs of N pages, rows (N, M) of each page's M pictures, of which the first is clean, all
    rows' corners (R, 4, 2) in shares of the side. fill: grey level around a picture.
    """

    store: ImageStore
    ids: tuple[str, ...]
    rows: np.ndarray
    corners: np.ndarray
    fill: int = 255

    def picture(self, row: int) -> np.ndarray:
        return self.store.image(row)


@dataclass(frozen=True)
class Example:
    """An image, uint8 (S, S, 3), its target, and which of the target's numbers count."""

    image: np.ndarray
    target: np.ndarray
    counts: np.ndarray


@dataclass(frozen=True)
class Lesson:
    """What a network is taught: examples by `show` at `size` pixels, in the first epoch at `first_size` (`size_at`),
    for `epochs`, and the loss of its outputs by their targets and what counts of them. clean_first: see this module.
    """

    show: Callable[[Photographs, int, int, np.random.Generator, int], Example]
    loss: Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]
    size: int
    first_size: int | None
    epochs: int
    clean_first: bool

    def clean_share(self, done: np.ndarray) -> np.ndarray:
        """Return how many examples are of the clean page for that alone, when a share `done` of all was shown."""
        return (1 - done) * self.clean_first


def corner_example(
    photographs: Photographs, row: int, orientation: int, draws: np.random.Generator, size: int
) -> Example:
    """Return the picture `row` in `orientation` at `size` pixels, with its corners."""
    image = oriented_image(resize(photographs.picture(row), size, size), orientation)
    return Example(image, *corner_targets(oriented_corners(photographs.corners[row], orientation, 1.0)))


def orientation_example(
    photographs: Photographs, row: int, orientation: int, draws: np.random.Generator, size: int
) -> Example:
    """Return the page of picture `row`, straightened by corners that are a little off, in `orientation`.

    The target: the orientation, and by how much the corners are off, in shares of the side, as the image has them.
    """
    picture = photographs.picture(row)
    corners = photographs.corners[row] * picture.shape[0]
    wrong = _with_errors(corners, draws)
    target = placed(wrong, size, MARGIN)
    image = oriented_image(straightened(picture, wrong, size, photographs.fill, MARGIN), orientation)
    seen, meant = (
        oriented_corners(points, orientation, size) for points in (target, moved(corners, homography(wrong, target)))
    )
    quad = quad_of(seen)
    order = [int(np.argmin(np.abs(seen - corner).sum(axis=1))) for corner in quad]
    offsets = np.clip((meant[order] - quad) / size, -FARTHEST, FARTHEST)
    values = np.concatenate([[orientation], offsets.ravel()])
    return Example(image, values, np.ones(len(values), bool))


def _with_errors(corners: np.ndarray, draws: np.random.Generator) -> np.ndarray:
    """Return `corners` turned, scaled, moved and bent by a little, seldom by much."""
    middle, side = corners.mean(axis=0), float(np.sqrt(np.prod(sides_of(corners))))
    angle = np.radians(2 * draws.standard_t(3))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    scale, shift = np.exp(draws.normal(0, 0.035, 2)), draws.normal(0, 0.02, 2) * side
    return (corners - middle) @ turn.T * scale + middle + shift + draws.normal(0, 0.015, (4, 2)) * side


def corner_loss(outputs: torch.Tensor, target: torch.Tensor, counts: torch.Tensor) -> torch.Tensor:
    """Return the loss of the corner network's outputs; target, counts: (B, 18), see `corner_targets`."""
    total = outputs.new_zeros(())
    for part in (slice(0, 8), slice(8, 16)):
        each = smooth_l1_loss(outputs[:, part], target[:, part], beta=CORNER_SCALE, reduction="none")
        total = total + (each * counts[:, part]).sum() / counts[:, part].sum().clamp(min=1)
    angle = smooth_l1_loss(outputs[:, 16:], target[:, 16:], beta=ANGLE_SCALE)
    return total + ANGLE_WEIGHT * angle


def orientation_loss(outputs: torch.Tensor, target: torch.Tensor, counts: torch.Tensor) -> torch.Tensor:
    """Return the loss of the orientation network's outputs; target: (B, 9), orientation and offsets."""
    classes = cross_entropy(outputs[:, :ORIENTATIONS], target[:, 0].long())
    offsets = smooth_l1_loss(outputs[:, ORIENTATIONS:], target[:, 1:], beta=OFFSET_SCALE)
    return classes + OFFSET_WEIGHT * offsets


def corners_lesson(settings: UprightSettings) -> Lesson:
    """Return what the corner network is taught."""
    return Lesson(corner_example, corner_loss, settings.corners_size, None, settings.corners_epochs, False)


def orientation_lesson(settings: UprightSettings) -> Lesson:
    """Return what the orientation network is taught."""
    sizes = settings.orientation_size, settings.orientation_first_size
    return Lesson(orientation_example, orientation_loss, *sizes, settings.orientation_epochs, True)


def train_network(
    network: PageNetwork,
    normalise: Normalisation,
    photographs: Photographs,
    lesson: Lesson,
    settings: UprightSettings,
    state_file: Path,
    report: Callable[[dict], None] = lambda row: None,
) -> None:
    """Train `network` in place on `photographs` as `lesson` says; go on from `state_file`.

    `report` gets each epoch's row: epoch, loss. Raises ValueError for a loss that isn't a number.
    """
    network.to(device())
    frozen = frozen_modules(network.trunk, FinetunedSettings(frozen_stages=settings.frozen_stages), 0)
    learning = [parameter for parameter in network.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(learning, settings.learning_rate, weight_decay=WEIGHT_DECAY, fused=True)
    steps = len(_starts(len(photographs.rows), settings.batch_size))
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, settings.learning_rate, total_steps=max(2, steps * lesson.epochs), pct_start=WARMUP
    )
    first, parts = 0, {"network": network, "optimizer": optimizer, "schedule": schedule}
    if saved := load_state(state_file):
        first = saved["epoch"]
        for name, part in parts.items():
            part.load_state_dict(saved[name])
    for epoch in range(first, lesson.epochs):
        pixels = size_at(epoch, lesson.epochs, lesson.first_size, lesson.size)
        batches = _batches(photographs, lesson, pixels, settings, epoch)
        with for_training(network, frozen, pixels, use_bfloat16("auto")):
            total = _train_one_epoch(network, normalise, batches, lesson.loss, optimizer, schedule, epoch)
        save_state(state_file, {"epoch": epoch + 1} | {name: part.state_dict() for name, part in parts.items()})
        report({"epoch": epoch, "loss": total / steps})


def _train_one_epoch(
    network: PageNetwork,
    normalise: Normalisation,
    batches: Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor]],
    loss_of: Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor],
    optimizer: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
    epoch: int,
) -> float:
    """Return the sum of the steps' losses."""
    total = 0.0
    for images, target, counts in batches:
        with autocast("auto"):
            outputs = network(normalise(images, device()))
        loss = loss_of(outputs.float(), target.to(device()), counts.to(device()))
        if not torch.isfinite(loss):
            raise ValueError(f"upright: the loss is {loss.item()} in epoch {epoch}; lower upright.learning_rate")
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        schedule.step()
        total += loss.item()
    return total


def _starts(images: int, batch_size: int) -> range:
    """Return where batches start: what is left over at the end of an epoch is left out, unless it is all there is."""
    return range(0, max(1, images // batch_size) * batch_size, batch_size)


def _batches(
    photographs: Photographs, lesson: Lesson, size: int, settings: UprightSettings, epoch: int
) -> Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
    """Yield an epoch's batches, made ahead: images uint8 (B, S, S, 3), targets and what counts of them (B, T)."""
    name = lesson.show.__name__
    draws = generator(settings.seed, "upright", name, epoch)
    pages = draws.permutation(len(photographs.rows))
    copies = draws.integers(photographs.rows.shape[1], size=len(pages))
    orientations = draws.integers(ORIENTATIONS, size=len(pages))
    done = (epoch + np.arange(len(pages)) / len(pages)) / lesson.epochs
    copies = np.where(draws.random(len(pages)) < lesson.clean_share(done), CLEAN, copies)

    def example(place: int) -> Example:
        page, orientation = pages[place], int(orientations[place])
        own = generator(settings.seed, "upright", name, epoch, photographs.ids[page])
        return lesson.show(photographs, int(photographs.rows[page, copies[place]]), orientation, own, size)

    def make(start: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        examples = [example(place) for place in range(start, min(start + settings.batch_size, len(pages)))]
        arrays = [[getattr(one, name) for one in examples] for name in ("image", "target", "counts")]
        images, target, counts = map(np.stack, arrays)
        return torch.from_numpy(images), torch.from_numpy(target).float(), torch.from_numpy(counts).float()

    starts = _starts(len(pages), settings.batch_size)
    yield from made_ahead(make, starts)
