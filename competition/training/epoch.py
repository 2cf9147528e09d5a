"""One epoch of training: batches of packed copies, flipped and turned, perhaps mixed, in as many parts as memory needs.

Each of several processes computes every count-th image of a step. What one of them meets (out of memory, a loss that is
not a number, Ctrl-C) is sent with the gradients, so that all do the same about it. Batch-norm sees a process's own
images alone in training; its running statistics are averaged over the processes after the epoch.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import perf_counter

import numpy as np
import torch
from torch import nn

from competition.common.seeds import derived_seed, generator
from competition.compute.device import autocast, free_memory, use_bfloat16
from competition.compute.distributed import processes
from competition.compute.memory import is_out_of_memory
from competition.data.orientations import ORIENTATIONS
from competition.inference.loader import batches, epoch_rows
from competition.models.auxiliary import training_loss
from competition.models.freezing import frozen_modules
from competition.models.layers.fusion import for_training
from competition.models.networks import Normalisation
from competition.settings.finetuned import FinetunedSettings
from competition.settings.progressive_resizing import size_at
from competition.training.criterion import Criterion
from competition.training.fold_data import FoldData
from competition.training.mixup import mix, one_hot
from competition.training.recovery import Interrupt
from competition.training.run import Run

Times = Callable[[int], np.ndarray | None]


class NotANumber(ArithmeticError):
    """Loss of a step that is infinite or not a number: `loss`."""

    def __init__(self, loss: float):
        super().__init__(f"the loss is {loss}")
        self.loss = loss


@dataclass(frozen=True)
class LocalBatch:
    """This process's part of a step: inputs (B, 3, H, W), soft targets (B, C); the whole step's `images` and `mass`."""

    inputs: torch.Tensor
    soft: torch.Tensor
    images: int
    mass: torch.Tensor


def train_one_epoch(
    run: Run,
    normalise: Normalisation,
    criterion: Criterion,
    data: FoldData,
    settings: FinetunedSettings,
    epoch: int,
    times: Times,
    interrupt: Interrupt,
) -> dict:
    """Train on the fold for one epoch; return mean loss, learning rate, images/s and seconds, of all processes.

    times: epoch -> (N,), how many times as often each training image comes, or None for once. Everything random is
    seeded from (seed, epoch). Raises NotANumber; KeyboardInterrupt, between two steps, when `interrupt` is asked.
    """
    frozen = frozen_modules(run.network, settings, epoch)
    began, total, seen, rate = perf_counter(), 0.0, 0, run.learning_rate.rate
    index = processes().index  # what one process drops is not what another drops
    size = size_at(epoch, settings.epochs, settings.first_size, settings.size)
    with for_training(run.network, frozen, size, use_bfloat16(settings.precision)), torch.random.fork_rng():
        torch.manual_seed(derived_seed(settings.seed, "dropout", epoch, *([index] if index else [])))
        for batch in _local_batches(run, normalise, criterion, data, settings, epoch, times(epoch)):
            loss, stop = _step(run, batch, criterion, settings, interrupt)
            total, seen = total + loss * batch.images, seen + batch.images
            if stop:
                raise KeyboardInterrupt
    run.average_statistics()
    seconds = perf_counter() - began
    return {"loss": total / seen, "learning_rate": rate, "images_per_s": seen / seconds, "seconds": seconds}


def _local_batches(
    run: Run,
    normalise: Normalisation,
    criterion: Criterion,
    data: FoldData,
    settings: FinetunedSettings,
    epoch: int,
    times: np.ndarray | None,
) -> Iterator[LocalBatch]:
    """Yield this process's part of each of the epoch's steps; the steps are the same with any number of processes."""
    group, effective, classes = processes(), run.batching.effective, run.network.num_classes
    copies = data.shown_rows(settings.augmented)
    order, rows = epoch_rows(copies, settings.seed, epoch, effective, times)
    orientations = _orientations(data, rows, settings, epoch)
    mixing = generator(settings.seed, "mixing", epoch)
    size = size_at(epoch, settings.epochs, settings.first_size, settings.size)
    positions = np.arange(group.trained_images(len(rows), effective))
    own = slice(group.index, None, group.count)
    mixed = bool(settings.mixup or settings.cutmix)  # a partner may be another process's, so all decode the whole step
    decoded = positions if mixed else positions[positions % effective % group.count == group.index]
    at_once = effective if mixed else len(range(effective)[own])
    for step, (pixels, taken) in enumerate(batches(data.store, rows[decoded], size, at_once, orientations[decoded])):
        inputs = normalise(pixels, group.device)
        soft = _targets(data, order, rows, decoded[taken], classes).to(group.device)
        inputs, soft = mix(inputs, soft, settings, mixing)
        whole = positions[step * effective : (step + 1) * effective]
        if mixed:
            yield LocalBatch(inputs[own], soft[own], len(whole), criterion.mass(soft))
        else:
            everyones = _targets(data, order, rows, whole, classes).to(group.device) if group.count > 1 else soft
            yield LocalBatch(inputs, soft, len(whole), criterion.mass(everyones))


def _targets(data: FoldData, order: np.ndarray, rows: np.ndarray, positions: np.ndarray, classes: int) -> torch.Tensor:
    """Return what is learnt, float32 (B, C), of the images at `positions` (B,) of the epoch's `order` and `rows`."""
    if data.taught is not None:
        return torch.from_numpy(data.taught[rows[positions]])
    return one_hot(data.train_labels[order[positions]], classes)


def _orientations(data: FoldData, rows: np.ndarray, settings: FinetunedSettings, epoch: int) -> np.ndarray:
    """Return the orientation (B,) that each of the images `rows` is shown in: drawn as likely as it is upright, of
    images that weren't turned upright any of the eight.
    """
    draws = generator(settings.seed, "dihedral", epoch)
    own = data.store.orientations(rows) if settings.augmented else None
    if own is None:
        return draws.integers(ORIENTATIONS if settings.augmented else 1, size=len(rows))
    return (draws.random((len(rows), 1)) > np.cumsum(own[:, :-1], axis=1)).sum(axis=1)


def _step(
    run: Run, batch: LocalBatch, criterion: Criterion, settings: FinetunedSettings, interrupt: Interrupt
) -> tuple[float, bool]:
    """Make one step of the optimizer; return its loss, and whether any process was asked to stop.

    Where memory runs out it is made in twice as many parts, and so are all later ones.
    """
    group = processes()
    while True:
        loss, full = _tried(run, batch, criterion, settings)
        loss, full, asked = group.add_gradients(run.network.parameters(), loss, full, interrupt.asked)
        if not full:
            break
        run.optimizer.zero_grad(set_to_none=True)
        run.batching = run.batching.halve()
        group.print(
            f"out of memory: {run.batching.batch_size} images at once from now on, {run.batching.effective} for a "
            "step as before"
        )
    if not math.isfinite(loss):
        raise NotANumber(loss)
    if settings.clip:
        run.scaler.unscale_(run.optimizer)
        _clip(run.network, settings.clip)
    run.scaler.step(run.optimizer)
    run.scaler.update()
    run.learning_rate.step()
    if run.average:
        run.average.update(run.network)
    return loss, bool(asked)


def _clip(network: nn.Module, most: float) -> None:
    """Scale the gradients down to a norm of `most`; those of a smaller norm are not touched."""
    gradients = [parameter.grad for parameter in network.parameters() if parameter.grad is not None]
    norm = nn.utils.get_total_norm(gradients)
    if norm > most:
        nn.utils.clip_grads_with_norm_(network.parameters(), most, norm)


def _tried(run: Run, batch: LocalBatch, criterion: Criterion, settings: FinetunedSettings) -> tuple[float, bool]:
    """Return `_gradients`' loss and False; where memory ran out, having freed what was computed, 0 and True."""
    try:
        return _gradients(run, batch, criterion, settings), False
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
    run.optimizer.zero_grad(set_to_none=True)
    free_memory()
    return 0.0, True


def _gradients(run: Run, batch: LocalBatch, criterion: Criterion, settings: FinetunedSettings) -> float:
    """Compute the batch's gradients and return its part of the step's loss, up to the first that isn't finite.

    A GPU is asked for the losses once, at the end: each question waits for it.
    """
    run.optimizer.zero_grad(set_to_none=True)
    losses, total = [], 0.0
    for part in run.batching.parts(len(batch.inputs)):
        weight = criterion.mass(batch.soft[part]) / batch.mass
        with autocast(settings.precision):
            output = run.network(batch.inputs[part])
        loss = training_loss(run.network, output, batch.soft[part], criterion) * weight
        if loss.is_cpu and not torch.isfinite(loss):
            return loss.item()
        processes().accelerator.backward(run.scaler.scale(loss))
        losses.append(loss.detach())
    for loss in torch.stack(losses).tolist():
        total += loss
    return total
