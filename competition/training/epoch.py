"""One epoch of training: batches of packed views, flipped and turned, perhaps mixed, in as many parts as memory asks
for.

Where several processes train together, each computes every count-th image of a step. What one of them meets (no memory,
a loss that is no number, Ctrl-C) goes round with the gradients, so that all do the same about it. Batch-norm sees a
process's own images alone in training; its running statistics are averaged over the processes after the epoch.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import perf_counter

import numpy as np
import torch
from torch import nn

from competition.common.seeds import derived_seed, generator
from competition.compute.device import autocast
from competition.compute.distributed import processes
from competition.inference.loader import batches, epoch_rows
from competition.models.freezing import frozen_modules
from competition.models.networks import Normalisation
from competition.models.outputs import training_loss
from competition.settings.finetuned import FinetunedSettings
from competition.training.fold_data import FoldData
from competition.training.losses import Loss
from competition.training.mixup import mix, one_hot
from competition.training.recovery import Interrupt, is_out_of_memory
from competition.training.run import Run
from competition.training.schedules import size_at

Times = Callable[[int], np.ndarray | None]


class NotANumber(ArithmeticError):
    """The loss of a step is infinite or not a number; `loss` is what it is."""

    def __init__(self, loss: float):
        super().__init__(f"the loss is {loss}")
        self.loss = loss


@dataclass(frozen=True)
class Share:
    """What this process computes of a step: inputs (B, 3, H, W), targets (B, C); of the whole step, its `images` and
    their `mass`.
    """

    inputs: torch.Tensor
    soft: torch.Tensor
    images: int
    mass: torch.Tensor


def train_one_epoch(
    run: Run,
    normalise: Normalisation,
    criterion: Loss,
    data: FoldData,
    settings: FinetunedSettings,
    epoch: int,
    times: Times,
    interrupt: Interrupt,
) -> dict:
    """Train on the epoch's views of the fold; return mean loss, learning rate, images/s, seconds: those of all
    processes together.

    times: epoch -> (N,), how many times as often each training image comes, or None for once. Everything random is
    seeded from (seed, epoch). Raises NotANumber; KeyboardInterrupt, between two steps, when `interrupt` is asked.
    """
    frozen = frozen_modules(run.network, settings, epoch)
    run.network.train()
    for module in frozen:
        module.eval()
    began, total, seen, rate = perf_counter(), 0.0, 0, run.schedule.rate
    index = processes().index  # what one process drops is not what another drops
    with torch.random.fork_rng():
        torch.manual_seed(derived_seed(settings.seed, "dropout", epoch, *([index] if index else [])))
        for share in _shares(run, normalise, criterion, data, settings, epoch, times(epoch)):
            loss, stop = _step(run, share, criterion, settings, interrupt)
            total, seen = total + loss * share.images, seen + share.images
            if stop:
                raise KeyboardInterrupt
    run.average_statistics()
    seconds = perf_counter() - began
    return {"loss": total / seen, "learning_rate": rate, "images_per_s": seen / seconds, "seconds": seconds}


def _shares(
    run: Run,
    normalise: Normalisation,
    criterion: Loss,
    data: FoldData,
    settings: FinetunedSettings,
    epoch: int,
    times: np.ndarray | None,
) -> Iterator[Share]:
    """Yield this process's share of each of the epoch's steps; the steps are the same with any number of processes."""
    crew, effective, classes = processes(), run.batching.effective, run.network.num_classes
    where = crew.device
    views = data.train_rows if settings.augmented else [rows[:1] for rows in data.train_rows]
    order, rows = epoch_rows(views, settings.seed, epoch, effective, times)
    elements = generator(settings.seed, "dihedral", epoch).integers(8 if settings.augmented else 1, size=len(rows))
    mixing = generator(settings.seed, "mixing", epoch)
    size = size_at(epoch, settings.epochs, settings.first_size, settings.size)
    dealt = np.arange(crew.images_dealt(len(rows), effective))
    own = slice(crew.index, None, crew.count)
    mixed = bool(settings.mixup or settings.cutmix)  # a partner may be another process's, so all decode the whole step
    decoded = dealt if mixed else dealt[dealt % effective % crew.count == crew.index]
    at_once = effective if mixed else len(range(effective)[own])
    for step, (pixels, taken) in enumerate(batches(data.store, rows[decoded], size, at_once, elements[decoded])):
        positions = decoded[taken]
        inputs = normalise(pixels).to(where)
        soft = one_hot(data.train_labels[order[positions]], classes).to(where)
        inputs, soft = mix(inputs, soft, settings, mixing)
        whole = dealt[step * effective : (step + 1) * effective]
        if mixed:
            yield Share(inputs[own], soft[own], len(whole), criterion.mass(soft))
        else:
            all_soft = soft if crew.count == 1 else one_hot(data.train_labels[order[whole]], classes).to(where)
            yield Share(inputs, soft, len(whole), criterion.mass(all_soft))


def _step(
    run: Run, share: Share, criterion: Loss, settings: FinetunedSettings, interrupt: Interrupt
) -> tuple[float, bool]:
    """Make one step of the optimizer; where memory runs out, in twice as many parts, and so from then on.

    Returns the step's loss, and whether anyone asked to stop.
    """
    crew = processes()
    while True:
        loss, full = _tried(run, share, criterion, settings)
        loss, full, asked = crew.add_gradients(run.network.parameters(), loss, full, interrupt.asked)
        if not full:
            break
        run.optimizer.zero_grad(set_to_none=True)
        run.batching = run.batching.halve()
        crew.say(
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
    run.schedule.step()
    if run.average:
        run.average.update(run.network)
    return loss, bool(asked)


def _clip(network: nn.Module, most: float) -> None:
    """Shrink the gradients so that their norm is `most` at the most; those of a smaller norm are not touched."""
    gradients = [parameter.grad for parameter in network.parameters() if parameter.grad is not None]
    norm = nn.utils.get_total_norm(gradients)
    if norm > most:
        nn.utils.clip_grads_with_norm_(network.parameters(), most, norm)


def _tried(run: Run, share: Share, criterion: Loss, settings: FinetunedSettings) -> tuple[float, bool]:
    """Return `_gradients`' loss and False; or, having let go of all that was computed, 0 and True where memory ran
    out.
    """
    try:
        return _gradients(run, share, criterion, settings), False
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
    run.optimizer.zero_grad(set_to_none=True)
    if share.inputs.is_cuda:
        torch.cuda.empty_cache()
    return 0.0, True


def _gradients(run: Run, share: Share, criterion: Loss, settings: FinetunedSettings) -> float:
    """Compute the share's gradients and return its part of the step's loss, up to the first that is no number."""
    run.optimizer.zero_grad(set_to_none=True)
    total = 0.0
    for part in run.batching.parts(len(share.inputs)):
        weight = criterion.mass(share.soft[part]) / share.mass
        with autocast(settings.precision):
            output = run.network(share.inputs[part])
        loss = training_loss(run.network, output, share.soft[part], criterion) * weight
        if not torch.isfinite(loss):
            return loss.item()
        processes().accelerator.backward(run.scaler.scale(loss))
        total += loss.item()
    return total
