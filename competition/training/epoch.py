"""One epoch of training: batches of packed views, flipped and turned, perhaps mixed, in as many parts as memory asks for."""

from collections.abc import Callable
from time import perf_counter

import numpy as np
import torch
from torch import nn

from competition.batches import batches, epoch_rows, turned
from competition.models.networks import Normalisation
from competition.models.outputs import training_loss
from competition.models.processor import device, use_bfloat16
from competition.models.tuning import frozen_modules
from competition.seeds import derived_seed, generator
from competition.settings import FinetunedSettings
from competition.training.folds import FoldData
from competition.training.guards import Interrupt, is_out_of_memory
from competition.training.losses import Loss
from competition.training.mixing import mix, one_hot
from competition.training.run import Run
from competition.training.schedules import size_at


class NotANumber(ArithmeticError):
    """The loss of a step is infinite or not a number; `loss` is what it is."""

    def __init__(self, loss: float):
        super().__init__(f"the loss is {loss}")
        self.loss = loss


def train_one_epoch(run: Run, normalise: Normalisation, criterion: Loss, data: FoldData, settings: FinetunedSettings, epoch: int,
                    times: Callable[[int], np.ndarray | None], interrupt: Interrupt) -> dict:
    """Train on the epoch's views of the fold; return mean loss, learning rate, images/s, seconds.

    times: epoch -> (N,), how many times as often each training image comes, or None for once. Everything random is seeded from (seed,
    epoch). Raises NotANumber; KeyboardInterrupt, between two steps, when `interrupt` is asked.
    """
    frozen = frozen_modules(run.network, settings, epoch)
    run.network.train()
    for module in frozen:
        module.eval()
    began, total, seen = perf_counter(), 0.0, 0
    rate, effective = run.schedule.rate, run.batching.effective
    views = data.train_rows if settings.augmented else [rows[:1] for rows in data.train_rows]
    order, rows = epoch_rows(views, settings.seed, epoch, effective, times(epoch))
    elements = generator(settings.seed, "dihedral", epoch).integers(8 if settings.augmented else 1, size=len(rows))
    mixing = generator(settings.seed, "mixing", epoch)
    size = size_at(epoch, settings.epochs, settings.first_size, settings.size)
    with torch.random.fork_rng():
        torch.manual_seed(derived_seed(settings.seed, "dropout", epoch))
        for pixels, positions in batches(data.store, rows, size, effective):
            inputs = normalise(turned(pixels, elements[positions])).to(device())
            soft = one_hot(data.train_labels[order[positions]], run.network.num_classes).to(device())
            loss = _step(run, *mix(inputs, soft, settings, mixing), criterion, settings)
            total, seen = total + loss * len(positions), seen + len(positions)
            if interrupt.asked:
                raise KeyboardInterrupt
    seconds = perf_counter() - began
    return {"loss": total / seen, "learning_rate": rate, "images_per_s": seen / seconds, "seconds": seconds}


def _step(run: Run, inputs: torch.Tensor, soft: torch.Tensor, criterion: Loss, settings: FinetunedSettings) -> float:
    """Make one step of the optimizer; where memory runs out, in twice as many parts, and so from then on."""
    while True:
        try:
            loss = _gradients(run, inputs, soft, criterion, settings)
            break
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
        run.optimizer.zero_grad(set_to_none=True)
        run.batching = run.batching.halve()
        if inputs.is_cuda:
            torch.cuda.empty_cache()
        print(f"out of memory: {run.batching.batch_size} images at once from now on, {run.batching.effective} for a step as before",
              flush=True)
    if settings.clip:
        nn.utils.clip_grad_norm_(run.network.parameters(), settings.clip)
    run.optimizer.step()
    run.schedule.step()
    if run.average:
        run.average.update(run.network)
    return loss


def _gradients(run: Run, inputs: torch.Tensor, soft: torch.Tensor, criterion: Loss, settings: FinetunedSettings) -> float:
    run.optimizer.zero_grad(set_to_none=True)
    total, mass = 0.0, criterion.mass(soft)
    for part in run.batching.parts(len(inputs)):
        share = criterion.mass(soft[part]) / mass
        with torch.autocast(inputs.device.type, torch.bfloat16, enabled=use_bfloat16(settings.precision)):
            output = run.network(inputs[part])
        loss = training_loss(run.network, output, soft[part], criterion) * share
        if not torch.isfinite(loss):
            raise NotANumber(loss.item())
        loss.backward()
        total += loss.item()
    return total
