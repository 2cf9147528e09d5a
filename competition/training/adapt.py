"""Adaptation of a trained network to unlabelled images, beside its labelled ones.

A moving average of the network's weights (Mean Teacher, Tarvainen and Valpola, NeurIPS 2017) answers each unlabelled
image as it is; where it is sure, the network learns the answer from the image distorted (FixMatch, Sohn et al., NeurIPS
2020). What counts as sure is less for classes that are answered less surely (FlexMatch, Zhang et al., NeurIPS 2021),
and answers are shifted so that classes come as often as in training (Berthelot et al., ReMixMatch, ICLR 2020). The
average is what is scored, kept and used.

The unlabelled images are the test images and the fold's own test-like ones, without their labels: so these are to the
network what test images are, and its score on them is what adapting gains on the test set. Resumed between epochs.
"""

import copy
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy, one_hot

from competition.common.seeds import derived_seed, generator
from competition.compute.device import autocast, device
from competition.data.image_store import ImageStore
from competition.data.orientations import ORIENTATIONS
from competition.inference.loader import epoch_rows, stack
from competition.models.freezing import frozen_modules
from competition.models.networks import Normalisation
from competition.settings.adapt import AdaptSettings
from competition.settings.finetuned import FinetunedSettings
from competition.training.checkpoints import load_state, save_state
from competition.training.distortion import distorted
from competition.training.evaluation import evaluate, score_of
from competition.training.fold_data import FoldData
from competition.training.parameter_groups import make_optimizer
from competition.training.run import TrainingResult
from competition.training.weight_averaging import MovingAverage

WARMUP = 0.1  # share of the steps
MEMORY = 0.99  # of the running shares and counts, per step
LEAST_SURE = 0.6  # share of the threshold that a class which is never answered surely has to reach
FILL = 255  # grey level around a distorted image


@dataclass(frozen=True)
class Unlabelled:
    """Images without labels: rows (U,) of `store`."""

    store: ImageStore
    rows: np.ndarray

    @classmethod
    def of(cls, data: FoldData) -> "Unlabelled":
        """Return the test images, but for those that are barred, and the fold's own test-like images."""
        store = ImageStore(data.store.path, data.test_store.path)
        allowed = np.flatnonzero(~np.isin(data.test_ids, list(data.barred)))
        return cls(store, np.concatenate([data.valid_rows["test_like"], len(data.store) + allowed]))


class Sureness:
    """Which answers are learnt: by class, from what was answered so far. shares: (C,) of the classes in training."""

    def __init__(self, shares: torch.Tensor, threshold: float):
        self.shares, self.threshold = shares, threshold
        self.answered, self.sure = shares.clone(), torch.zeros_like(shares)

    def __call__(self, probabilities: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return labels (B,) and 1 or 0 for whether they are learnt (B,), of `probabilities` (B, C)."""
        self.answered = MEMORY * self.answered + (1 - MEMORY) * probabilities.mean(dim=0)
        shifted = probabilities * (self.shares / self.answered)
        highest, labels = (shifted / shifted.sum(dim=1, keepdim=True)).max(dim=1)
        found = one_hot(labels[highest >= self.threshold], len(self.shares)).float().sum(dim=0)
        self.sure = MEMORY * self.sure + (1 - MEMORY) * found
        learnt = self.sure / self.shares
        learnt = learnt / learnt.max().clamp(min=1e-9)
        asked = self.threshold * (LEAST_SURE + (1 - LEAST_SURE) * learnt / (2 - learnt))
        return labels, (highest >= asked[labels]).float()

    def state_dict(self) -> dict:
        return {"answered": self.answered, "sure": self.sure}

    def load_state_dict(self, state: dict) -> None:
        self.answered, self.sure = state["answered"], state["sure"]


@dataclass(frozen=True)
class Batch:
    """Labelled images and labels, unlabelled images in two of their orientations: uint8 (B, S, S, 3)."""

    images: torch.Tensor
    labels: torch.Tensor
    plain: torch.Tensor
    other: torch.Tensor


def adapt(
    network: nn.Module,
    normalise: Normalisation,
    data: FoldData,
    settings: FinetunedSettings,
    how: AdaptSettings,
    state_file: Path,
    report: Callable[[dict], None] = lambda row: None,
) -> TrainingResult:
    """Adapt the trained `network` in place, from `state_file` on if it exists; return the history and best weights.

    settings: the network's. `report` gets each epoch's row, as `fit.fit` reports it, and `learnt`, the share of the
    unlabelled images whose answer was. Raises ValueError for a loss that isn't a number.
    """
    network.to(device())
    settings = settings.model_copy(update={"epochs": how.epochs, "learning_rate": how.learning_rate, "seed": how.seed})
    unlabelled, frozen = Unlabelled.of(data), frozen_modules(network, settings, 0)
    optimizer = make_optimizer(network, settings)
    steps = len(data.train_rows) // settings.batch_size or 1
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, how.learning_rate, total_steps=max(2, steps * how.epochs), pct_start=WARMUP
    )
    teacher = _Teacher(network, how.average)
    shares = np.bincount(data.train_labels, minlength=network.num_classes) / len(data.train_labels)
    sureness = Sureness(torch.tensor(shares, dtype=torch.float32, device=device()).clamp(min=1e-6), how.threshold)
    parts = {"network": network, "optimizer": optimizer, "schedule": schedule, "teacher": teacher, "sureness": sureness}
    result = TrainingResult([])
    if saved := load_state(state_file):
        result = TrainingResult(**saved.pop("result"))
        for name, part in parts.items():
            part.load_state_dict(saved[name])
    while (epoch := len(result.history)) < how.epochs:
        began, total, learnt, rate = perf_counter(), 0.0, 0.0, schedule.get_last_lr()[0]
        network.train()
        for module in frozen:
            module.eval()
        with torch.random.fork_rng():
            torch.manual_seed(derived_seed(how.seed, "adapt dropout", epoch))
            random = torch.Generator().manual_seed(derived_seed(how.seed, "distortion", epoch))
            for batch in _batches(data, unlabelled, settings, how, epoch, steps):
                loss, share = _step(network, teacher, normalise, batch, optimizer, sureness, settings, how, random)
                if not np.isfinite(loss):
                    raise ValueError(f"adapt: the loss is {loss} in epoch {epoch}; lower adapt.learning_rate")
                schedule.step()
                teacher.follow(network)
                total, learnt = total + loss, learnt + share
        seconds = perf_counter() - began
        images = steps * settings.batch_size
        row = {"epoch": epoch, "loss": total / steps, "learning_rate": rate}
        row |= {"images_per_s": images / seconds, "seconds": seconds, "learnt": learnt / steps}
        row |= evaluate(teacher.network, normalise, data, settings)
        result.history.append(row)
        result.add(epoch, score_of(row, data, settings), teacher.network.state_dict(), 1)
        save_state(state_file, {name: part.state_dict() for name, part in parts.items()} | {"result": vars(result)})
        report(row)
    network.load_state_dict(result.best_weights)
    return result


class _Teacher:
    """The moving average of a network, as a network that answers."""

    def __init__(self, network: nn.Module, decay: float):
        self._average = MovingAverage(network, decay)
        self.network = copy.deepcopy(network).eval()

    def follow(self, network: nn.Module) -> None:
        self._average.update(network)
        self.network.load_state_dict(self._average.weights())

    def state_dict(self) -> dict:
        return self._average.state_dict()

    def load_state_dict(self, state: dict) -> None:
        self._average.load_state_dict(state)
        self.network.load_state_dict(self._average.weights())


def _step(
    network: nn.Module,
    teacher: _Teacher,
    normalise: Normalisation,
    batch: Batch,
    optimizer: torch.optim.Optimizer,
    sureness: Sureness,
    settings: FinetunedSettings,
    how: AdaptSettings,
    random: torch.Generator,
) -> tuple[float, float]:
    """Make a step; return its loss, and the share of the unlabelled images that it learnt from."""
    with autocast(settings.precision):
        with torch.no_grad():
            answers = teacher.network(normalise(batch.plain).to(device())).float().softmax(dim=1)
        labels, learnt = sureness(answers)
        inputs = torch.cat([normalise(batch.images), normalise(distorted(batch.other, random, FILL))])
        logits = network(inputs.contiguous(memory_format=torch.channels_last).to(device())).float()
    labelled, unlabelled = logits.split([len(batch.images), len(batch.other)])
    smoothing = settings.label_smoothing
    loss = cross_entropy(labelled, batch.labels.to(device()), label_smoothing=smoothing)
    others = cross_entropy(unlabelled, labels, label_smoothing=smoothing, reduction="none")
    loss = loss + how.weight * (learnt * others).mean()
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    return loss.item(), learnt.mean().item()


def _batches(
    data: FoldData, unlabelled: Unlabelled, settings: FinetunedSettings, how: AdaptSettings, epoch: int, steps: int
) -> Iterator[Batch]:
    """Yield the epoch's batches, made one ahead."""
    size = min(settings.batch_size, len(data.train_rows))
    beside = max(1, round(how.unlabelled * size))
    order, rows = epoch_rows(data.train_rows, how.seed, epoch, size)
    draws = generator(how.seed, "adapt", epoch)
    seen = _in_turn(len(unlabelled.rows), steps * beside, draws)
    shown = _orientations(data.store, rows, draws)
    plain, other = (_orientations(unlabelled.store, unlabelled.rows[seen], draws) for _ in range(2))

    def make(step: int) -> Batch:
        own, beside_it = slice(step * size, (step + 1) * size), slice(step * beside, (step + 1) * beside)
        images, pictures = rows[own], unlabelled.rows[seen[beside_it]]
        return Batch(
            stack(data.store, images, settings.size, shown[own]),
            torch.from_numpy(data.train_labels[order[own]]),
            stack(unlabelled.store, pictures, settings.size, plain[beside_it]),
            stack(unlabelled.store, pictures, settings.size, other[beside_it]),
        )

    with ThreadPoolExecutor(1) as pool:
        ahead = pool.submit(make, 0)
        for step in range(steps):
            batch = ahead.result()
            if step + 1 < steps:
                ahead = pool.submit(make, step + 1)
            yield batch


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
