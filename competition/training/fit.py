"""Fine-tuning of one network on one fold.

`fit` runs epochs of `train_one_epoch` and `evaluate`, keeps the weights of the best epochs, and saves its state before
the first epoch and after each: whatever stops it, the next call with the same state file ends in the same weights. A
loss that is not a number takes it back to the last state, at half the learning rate. Several processes all call `fit`
with the same arguments and return the same.
"""

import copy
import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn

from competition.common.seeds import generator
from competition.compute.device import check_precision
from competition.compute.distributed import processes
from competition.inference.loader import batch_count, epoch_size
from competition.models.freezing import frozen_modules
from competition.models.networks import Normalisation
from competition.settings.finetuned import FinetunedSettings
from competition.training.criterion import make_criterion
from competition.training.epoch import NotANumber, train_one_epoch
from competition.training.evaluation import SCORES, evaluate, score_of
from competition.training.fold_data import FoldData
from competition.training.learning_rate import LearningRate
from competition.training.parameter_groups import make_optimizer
from competition.training.recovery import Batching, Rollbacks, stop_on_interrupt
from competition.training.run import Run, TrainingResult
from competition.training.sampling import class_factors, draws, shown_counts, times_shown
from competition.training.weight_averaging import MovingAverage, soup

Times = Callable[[int], np.ndarray | None]


def fit(
    network: nn.Module,
    normalise: Normalisation,
    data: FoldData,
    settings: FinetunedSettings,
    state_file: Path,
    report: Callable[[dict], None] = lambda row: None,
    targets: Sequence[str] = (),
) -> TrainingResult:
    """Train `network` in place, from `state_file` on if it exists; return the history and the best weights.

    targets: (C,) the classes' labels, which class weights and sampling name. `report` gets each epoch's row: epoch,
    loss, learning_rate, clean, test_like (scores), valid_loss, images_per_s, seconds; scores are NaN where the epoch
    isn't scored.

    Raises ValueError if the loss is still not a number at an eighth of the learning rate, where memory is too small for
    two images, for float16 without a GPU, and for fewer than 2 images of a step for each process; KeyboardInterrupt
    after Ctrl-C, which costs the epoch that was running.
    """
    shown = times_shown(data.shown_rows(settings.augmented))
    counts = shown_counts(data.train_labels, shown, network.num_classes)
    names = list(targets) or [str(label) for label in range(network.num_classes)]
    criterion = make_criterion(settings, counts, names, shown.sum() if data.several else None)
    times = _times(data, settings, counts, names)
    check_precision(settings.precision)
    run = _new_run(network.to(processes().device), data, settings, times)
    if not run.resume(state_file):
        run.save(state_file)
    with stop_on_interrupt() as interrupt:
        while run.goes_on(settings):
            epoch = len(run.result.history)
            try:
                row = train_one_epoch(run, normalise, criterion, data, settings, epoch, times, interrupt)
                row = {"epoch": epoch} | row | _evaluated(run, normalise, data, settings, epoch)
            except NotANumber as error:
                run.step_back(state_file, settings, epoch, error.loss)
                continue
            _after_epoch(run, row, data, settings, state_file)
            if processes().main:
                report(row)
    if not run.finished:
        _make_soup(run, normalise, data, settings)
        run.finish(state_file)
    network.load_state_dict(run.result.best_weights)
    return run.result


def _new_run(network: nn.Module, data: FoldData, settings: FinetunedSettings, times: Times) -> Run:
    frozen_modules(network, settings, 0)  # so that the optimizer is not given what never learns
    optimizer = make_optimizer(network, settings, everything=settings.tuning == "gradual")
    batching = Batching(settings.batch_size, settings.accumulate)
    copies = data.shown_rows(settings.augmented)
    sizes = [
        processes().trained_images(epoch_size(copies, epoch, times(epoch)), batching.effective)
        for epoch in range(settings.epochs)
    ]
    steps = [batch_count(size, batching.effective) for size in sizes]
    average = MovingAverage(network, settings.ema) if settings.ema else None
    scaler = torch.amp.GradScaler(processes().device.type, enabled=settings.precision == "float16")
    return Run(
        network,
        optimizer,
        LearningRate(optimizer, settings, steps),
        average,
        batching,
        Rollbacks(),
        TrainingResult([]),
        scaler,
    )


def _times(data: FoldData, settings: FinetunedSettings, counts: np.ndarray, targets: Sequence[str]) -> Times:
    """Return the function from an epoch to how often each image (N,) comes in it; to None where all come once."""
    factors = class_factors(counts, targets, settings.sampling)
    if (factors == 1).all():
        return lambda epoch: None
    return lambda epoch: draws(data.train_labels, factors, generator(settings.seed, "sampling", epoch))


def _evaluated(
    run: Run, normalise: Normalisation, data: FoldData, settings: FinetunedSettings, epoch: int
) -> dict[str, float]:
    """Return the scores of `epoch`. Raises NotANumber where its last step has spoilt the weights."""
    if not settings.is_scored(epoch):
        if not all(torch.isfinite(value).all() for value in run.network.state_dict().values()):
            raise NotANumber(math.nan)
        return dict.fromkeys(SCORES, math.nan)
    scored = run.network
    if run.average:
        scored = copy.deepcopy(run.network)
        scored.load_state_dict(run.scored())
    scores = evaluate(scored, normalise, data, settings)
    if not math.isfinite(scores["valid_loss"]):
        raise NotANumber(scores["valid_loss"])
    return scores


def _after_epoch(run: Run, row: dict, data: FoldData, settings: FinetunedSettings, state_file: Path) -> None:
    run.result.history.append(row)
    if settings.score_every is None and row["epoch"] == settings.epochs - 1:
        run.result.replace(row["epoch"], math.nan, run.scored())
    if settings.is_scored(row["epoch"]):
        score = score_of(row, data, settings)
        if settings.keep == "last":
            run.result.replace(row["epoch"], score, run.scored())
        else:
            run.result.add(row["epoch"], score, run.scored(), settings.soup)
        run.learning_rate.epoch_done(score)
    run.save(state_file)


def _make_soup(run: Run, normalise: Normalisation, data: FoldData, settings: FinetunedSettings) -> None:
    """Average the best epochs' weights, if that is asked for and scores better than the best alone."""
    result = run.result
    if not result.runners_up:
        return
    mean = soup([result.best_weights, *(other["weights"] for other in result.runners_up)])
    run.network.load_state_dict(mean)
    score = score_of(evaluate(run.network, normalise, data, settings), data, settings)
    processes().print(
        f"the mean of the {1 + len(result.runners_up)} best epochs' weights scores {score:.4f}, the best epoch "
        f"{result.best_score:.4f}: {'kept' if score > result.best_score else 'left out'}"
    )
    if score > result.best_score:
        result.best_score, result.best_weights, result.souped = score, mean, 1 + len(result.runners_up)
