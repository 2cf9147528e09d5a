"""Fine-tuning one network on one fold.

`fit` runs epochs of `train_one_epoch` and `evaluate`, keeps the weights of the best test-like macro F1, and writes all
it needs to go on after each epoch: whatever stops it, the next call with the same state file ends in the same weights.
Everything random in an epoch is seeded from (seed, epoch).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from competition.batches import batch_count, batches, epoch_rows, epoch_size, turned
from competition.inference import predict_proba
from competition.metrics import macro_f1
from competition.models.fusion import for_inference
from competition.models.networks import Normalisation, freeze_first_stages
from competition.models.processor import device, use_bfloat16
from competition.seeds import derived_seed, generator
from competition.settings import FinetunedSettings
from competition.training.checkpoints import load_state, save_state
from competition.training.folds import FoldData
from competition.training.schedules import size_at, warmup_cosine


@dataclass
class Progress:
    """What is known after an epoch: `history` has a row per epoch; `best_weights` are those of `best_epoch`."""

    history: list[dict]
    best_epoch: int = -1
    best_score: float = -1.0
    best_weights: dict[str, torch.Tensor] | None = None

    def stale(self, patience: int) -> bool:
        return len(self.history) - 1 - self.best_epoch >= patience


def fit(network: nn.Module, normalise: Normalisation, data: FoldData, settings: FinetunedSettings, state_file: Path,
        report: Callable[[dict], None] = lambda row: None) -> Progress:
    """Train `network` in place, from `state_file` on if it exists; return the history and the best epoch's weights.

    `report` gets each epoch's row: epoch, loss, learning_rate, clean, test_like (macro F1), images_per_s, seconds.
    Raises ValueError if the loss is not a number.
    """
    network.to(device())
    frozen = freeze_first_stages(network, settings.frozen_stages)
    optimizer = _optimizer(network, settings)
    views = _views(data, settings)
    steps = sum(batch_count(epoch_size(views, epoch), settings.batch_size) for epoch in range(settings.epochs))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: warmup_cosine(step, steps, settings.warmup))
    progress, finished = _resume(state_file, network, optimizer, schedule)
    for epoch in range(len(progress.history), 0 if finished else settings.epochs):
        if progress.stale(settings.patience):
            break
        row = {"epoch": epoch} | train_one_epoch(network, frozen, normalise, optimizer, schedule, data, settings, epoch)
        row |= evaluate(network, normalise, data, settings)
        progress.history.append(row)
        if row["test_like"] > progress.best_score or not len(data.valid_labels):  # nobody to ask: the last epoch
            progress.best_epoch, progress.best_score = epoch, row["test_like"]
            progress.best_weights = {key: value.clone() for key, value in network.state_dict().items()}
        save_state(state_file, {"network": network.state_dict(), "optimizer": optimizer.state_dict(),
                                "schedule": schedule.state_dict(), **vars(progress)})
        report(row)
    network.load_state_dict(progress.best_weights)
    if not finished:
        save_state(state_file, vars(progress))  # the optimizer has done its work; other predictions may be wanted yet
    return progress


def _optimizer(network: nn.Module, settings: FinetunedSettings) -> torch.optim.Optimizer:
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    groups = [{"params": [p for p in trained if p.ndim > 1], "weight_decay": settings.weight_decay},
              {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=settings.learning_rate)


def _resume(state_file: Path, network: nn.Module, optimizer: torch.optim.Optimizer,
            schedule: torch.optim.lr_scheduler.LRScheduler) -> tuple[Progress, bool]:
    """Return what `state_file` holds, and whether it was finished; an unfinished network and its optimizer are set back."""
    state = load_state(state_file)
    if state is None:
        return Progress([]), False
    finished = "optimizer" not in state
    if not finished:
        network.load_state_dict(state.pop("network"))
        optimizer.load_state_dict(state.pop("optimizer"))
        schedule.load_state_dict(state.pop("schedule"))
    return Progress(**state), finished


def train_one_epoch(network: nn.Module, frozen: list[nn.Module], normalise: Normalisation, optimizer: torch.optim.Optimizer,
                    schedule: torch.optim.lr_scheduler.LRScheduler, data: FoldData, settings: FinetunedSettings,
                    epoch: int) -> dict:
    """Train on the epoch's views of the fold, randomly flipped and turned; return mean loss, learning rate, images/s."""
    network.train()
    for module in frozen:
        module.eval()
    began, total, seen = perf_counter(), 0.0, 0
    rate = schedule.get_last_lr()[0]
    order, rows = epoch_rows(_views(data, settings), settings.seed, epoch, settings.batch_size)
    elements = generator(settings.seed, "dihedral", epoch).integers(8 if settings.augmented else 1, size=len(rows))
    where, bfloat16 = device(), use_bfloat16(settings.precision)
    size = size_at(epoch, settings.epochs, settings.first_size, settings.size)
    with torch.random.fork_rng():
        torch.manual_seed(derived_seed(settings.seed, "dropout", epoch))
        for pixels, positions in batches(data.store, rows, size, settings.batch_size):
            inputs = normalise(turned(pixels, elements[positions])).to(where)
            labels = torch.from_numpy(data.train_labels[order[positions]]).to(where)
            with torch.autocast(where.type, torch.bfloat16, enabled=bfloat16):
                loss = functional.cross_entropy(network(inputs).float(), labels, label_smoothing=settings.label_smoothing)
            if not torch.isfinite(loss):
                raise ValueError(f"epoch {epoch}: the loss is {loss.item()}; try a lower learning_rate than {settings.learning_rate}")
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            optimizer.step()
            schedule.step()
            total, seen = total + loss.item() * len(labels), seen + len(labels)
    seconds = perf_counter() - began
    return {"loss": total / seen, "learning_rate": rate, "images_per_s": seen / seconds, "seconds": seconds}


def _views(data: FoldData, settings: FinetunedSettings) -> Sequence[np.ndarray]:
    return data.train_rows if settings.augmented else [rows[:1] for rows in data.train_rows]


def evaluate(network: nn.Module, normalise: Normalisation, data: FoldData, settings: FinetunedSettings) -> dict[str, float]:
    """Return macro F1 of the validation images, one view each: "clean" and "test_like"; 0 where there are none."""
    scores = {}
    fast = for_inference(network, settings.size, use_bfloat16(settings.precision))
    for view, rows in data.valid_rows.items():
        probabilities = predict_proba(fast, normalise, data.store, rows, settings.size, settings.precision, np.eye(8)[0])
        scores[view] = macro_f1(data.valid_labels, probabilities.argmax(axis=1), network.num_classes) if len(rows) else 0.0
    return scores
