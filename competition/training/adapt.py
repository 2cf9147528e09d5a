"""Adaptation of a trained network to unlabelled images, beside its labelled ones.

Answers to the unlabelled images, made before and with all views, are what it learns of them: its own, or better the
vote of several networks. As probabilities, sure or not, from the images distorted, which are harder to read than those
that were answered (Noisy Student, Xie et al., CVPR 2020). The moving average of its weights is scored, kept and used.

The unlabelled images are the test images and the fold's own test-like ones, without their labels: so these are to the
network what test images are, and its score on them is what adapting gains on the test set. Resumed between epochs.
"""

import copy
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from competition.common.seeds import derived_seed, generator
from competition.compute.device import autocast, device, use_bfloat16
from competition.data.image_store import ImageStore
from competition.data.orientations import ORIENTATIONS
from competition.data.predictions import Predictions
from competition.inference.ahead import made_ahead
from competition.inference.loader import epoch_rows, stack
from competition.models.freezing import frozen_modules
from competition.models.layers.fusion import for_training
from competition.models.networks import Normalisation
from competition.settings.adapt import AdaptSettings
from competition.settings.finetuned import FinetunedSettings
from competition.training.checkpoints import load_state, save_state
from competition.training.distortion import distorted
from competition.training.evaluation import SCORES, evaluate, score_of
from competition.training.fold_data import FoldData
from competition.training.parameter_groups import make_optimizer
from competition.training.run import TrainingResult
from competition.training.weight_averaging import MovingAverage

WARMUP = 0.1  # share of the steps
FILL = 255  # grey level around a distorted image


@dataclass(frozen=True)
class Unlabelled:
    """Images without labels: rows (U,) of `store`, and what is learnt of them, probabilities (U, C)."""

    store: ImageStore
    rows: np.ndarray
    answers: np.ndarray

    @classmethod
    def of(cls, data: FoldData, answers: Mapping[str, Predictions]) -> "Unlabelled":
        """Return the test images, but for those that are barred, and the fold's own test-like images.

        answers: to the `test` and the `test_like` images.
        """
        store = ImageStore(data.store.path, data.test_store.path)
        allowed = np.flatnonzero(~np.isin(data.test_ids, list(data.barred)))
        rows = np.concatenate([data.valid_rows["test_like"], len(data.store) + allowed])
        own = answers["test_like"].select(data.valid_ids), answers["test"].select(np.array(data.test_ids)[allowed])
        return cls(store, rows, np.concatenate([part.probabilities for part in own]))


@dataclass(frozen=True)
class Batch:
    """Labelled images, uint8 (B, S, S, 3), and their labels (B,); other images, and what is learnt of them (B, C)."""

    images: torch.Tensor
    labels: torch.Tensor
    others: torch.Tensor
    answers: torch.Tensor


@dataclass
class _Run:
    """An adaptation between two epochs."""

    network: nn.Module
    optimizer: torch.optim.Optimizer
    schedule: torch.optim.lr_scheduler.LRScheduler
    average: MovingAverage
    result: TrainingResult

    def averaged(self) -> nn.Module:
        """Return a copy of the network with the average of its weights."""
        network = copy.deepcopy(self.network)
        network.load_state_dict(self.average.weights())
        return network.eval()

    def save(self, path: Path) -> None:
        parts = {name: getattr(self, name).state_dict() for name in ("network", "optimizer", "schedule", "average")}
        save_state(path, parts | {"result": vars(self.result)})

    def resume(self, path: Path) -> None:
        """Go on where `save` was called, if it was."""
        if saved := load_state(path):
            self.result = TrainingResult(**saved.pop("result"))
            for name, state in saved.items():
                getattr(self, name).load_state_dict(state)


def adapt(
    network: nn.Module,
    normalise: Normalisation,
    data: FoldData,
    answers: Mapping[str, Predictions],
    settings: FinetunedSettings,
    how: AdaptSettings,
    state_file: Path,
    report: Callable[[dict], None] = lambda row: None,
) -> TrainingResult:
    """Adapt the trained `network` in place, from `state_file` on if it exists; return the history and best weights.

    answers: predictions of the `test` and `test_like` images, which it learns. settings: the network's. `report` gets
    each epoch's row, as `fit.fit` reports it. Raises ValueError for a loss that isn't a number.
    """
    settings = settings.model_copy(update={"epochs": how.epochs, "learning_rate": how.learning_rate, "seed": how.seed})
    if settings.tuning == "gradual":  # it has been unfrozen
        settings = settings.model_copy(update={"tuning": "full"})
    unlabelled, steps = Unlabelled.of(data, answers), len(data.train_rows) // settings.batch_size or 1
    run = _new_run(network.to(device()), settings, how, steps)
    run.resume(state_file)
    while (epoch := len(run.result.history)) < how.epochs:
        began, rate = perf_counter(), run.schedule.get_last_lr()[0]
        loss = _train_one_epoch(run, normalise, data, unlabelled, settings, how, epoch, steps)
        seconds = perf_counter() - began
        row = {"epoch": epoch, "loss": loss, "learning_rate": rate}
        row |= {"images_per_s": steps * settings.batch_size / seconds, "seconds": seconds}
        row |= dict.fromkeys(SCORES, math.nan)
        if settings.is_scored(epoch):
            averaged = run.averaged()
            row |= evaluate(averaged, normalise, data, settings)
            run.result.add(epoch, score_of(row, data, settings), averaged.state_dict(), 1)
        elif settings.score_every is None and epoch == how.epochs - 1:
            run.result.replace(epoch, math.nan, run.averaged().state_dict())
        run.result.history.append(row)
        run.save(state_file)
        report(row)
    network.load_state_dict(run.result.best_weights)
    return run.result


def _new_run(network: nn.Module, settings: FinetunedSettings, how: AdaptSettings, steps: int) -> _Run:
    frozen_modules(network, settings, 0)  # so that the optimizer is not given what never learns
    optimizer = make_optimizer(network, settings)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, settings.learning_rate, total_steps=max(2, steps * settings.epochs), pct_start=WARMUP
    )
    return _Run(network, optimizer, schedule, MovingAverage(network, how.average), TrainingResult([]))


def _train_one_epoch(
    run: _Run,
    normalise: Normalisation,
    data: FoldData,
    unlabelled: Unlabelled,
    settings: FinetunedSettings,
    how: AdaptSettings,
    epoch: int,
    steps: int,
) -> float:
    """Train one epoch of `steps`; return its mean loss."""
    frozen = frozen_modules(run.network, settings, 0)
    total, bfloat16 = 0.0, use_bfloat16(settings.precision)
    with for_training(run.network, frozen, settings.size, bfloat16), torch.random.fork_rng():
        torch.manual_seed(derived_seed(how.seed, "adapt dropout", epoch))
        random = torch.Generator().manual_seed(derived_seed(how.seed, "distortion", epoch))
        for batch in _batches(data, unlabelled, settings, how, epoch, steps):
            run.optimizer.zero_grad(set_to_none=True)
            loss = _learn(run.network, normalise, batch, settings, how, random)
            if not math.isfinite(loss):
                raise ValueError(f"adapt: the loss is {loss} in epoch {epoch}; lower adapt.learning_rate")
            run.optimizer.step()
            run.schedule.step()
            run.average.update(run.network)
            total += loss
    return total / steps


def _learn(
    network: nn.Module,
    normalise: Normalisation,
    batch: Batch,
    settings: FinetunedSettings,
    how: AdaptSettings,
    random: torch.Generator,
) -> float:
    """Add the gradients of the batch's loss, and return it.

    In parts as large as the labelled one, since all at once would need the memory of several batches. Each has its
    share of both, so that batch-norm's statistics are those of the mixture.
    """
    count = min(len(batch.images), 1 + len(batch.others) // len(batch.images))
    whole = batch.images, batch.labels, distorted(batch.others, random, FILL), batch.answers
    total = 0.0
    for images, labels, others, answers in zip(*(part.tensor_split(count) for part in whole), strict=True):
        with autocast(settings.precision):
            inputs = normalise(torch.cat([images, others]), device()).contiguous(memory_format=torch.channels_last)
            own, theirs = network(inputs).float().split([len(images), len(others)])
        loss = cross_entropy(own, labels.to(device()), label_smoothing=settings.label_smoothing)
        other_loss = cross_entropy(theirs, answers.to(device()))
        loss = loss * (len(images) / len(batch.images)) + other_loss * (how.weight * len(others) / len(batch.others))
        loss.backward()
        total += loss.item()
    return total


def _batches(
    data: FoldData, unlabelled: Unlabelled, settings: FinetunedSettings, how: AdaptSettings, epoch: int, steps: int
) -> Iterator[Batch]:
    """Yield the epoch's batches, made ahead."""
    size = min(settings.batch_size, len(data.train_rows))
    beside = max(2, round(how.unlabelled * size))  # batch-norm needs two
    order, rows = epoch_rows(data.train_rows, how.seed, epoch, size)
    draws = generator(how.seed, "adapt", epoch)
    seen = _in_turn(len(unlabelled.rows), steps * beside, draws)
    shown = _orientations(data.store, rows, draws)
    others = _orientations(unlabelled.store, unlabelled.rows[seen], draws)

    def make(step: int) -> Batch:
        own, beside_it = slice(step * size, (step + 1) * size), slice(step * beside, (step + 1) * beside)
        these = seen[beside_it]
        return Batch(
            stack(data.store, rows[own], settings.size, shown[own]),
            torch.from_numpy(data.train_labels[order[own]]),
            stack(unlabelled.store, unlabelled.rows[these], settings.size, others[beside_it]),
            torch.from_numpy(unlabelled.answers[these]),
        )

    yield from made_ahead(make, range(steps))


def _in_turn(images: int, count: int, draws: np.random.Generator) -> np.ndarray:
    """Return `count` positions of `images`, each as often as any other, or once more."""
    turns = -(-count // images)
    return np.concatenate([draws.permutation(images) for _ in range(turns)])[:count]


def _orientations(store: ImageStore, rows: np.ndarray, draws: np.random.Generator) -> np.ndarray:
    """Return the orientation (B,) that each of the images `rows` is shown in, drawn as likely as it is upright."""
    own = store.orientations(rows)
    if own is None:
        return draws.integers(ORIENTATIONS, size=len(rows))
    return (draws.random((len(rows), 1)) > np.cumsum(own[:, :-1], axis=1)).sum(axis=1)
