"""Adapted member: a fine-tuned one that went on learning from its own answers to test images, as a member beside it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter

from competition.common import paths
from competition.data.predictions import load_predictions
from competition.inference.tta import orientation_weights
from competition.members.fitting.finetuning import FittedNetwork
from competition.members.named import member_named
from competition.members.resume_key import state_file
from competition.members.training import TrainedMember, predicted
from competition.settings.params import Settings
from competition.training.adapt import adapt
from competition.training.fold_data import FoldData


def train_adapted(
    settings: Settings,
    name: str,
    fold: int,
    data: FoldData,
    targets: tuple[str, ...],
    inputs: Sequence[Path],
    report: Callable[[dict], None],
) -> TrainedMember:
    """Return the member `name`, adapted from the trained weights and the predictions of its base's `fold`.

    inputs: the files that it learns from. Raises FileNotFoundError where the base isn't trained.
    """
    base = member_named(settings.adapted[name], settings)
    weights = orientation_weights(settings.tta.passes, settings.tta.seed)
    how = settings.adapt.model_dump(exclude={"members"})
    known = fold, targets, data.metric.source, how, sorted(data.barred)
    made = paths.weights(base.name, fold), paths.predictions(base.name, fold)
    state = state_file(f"adapt-{base.name}-{fold}", base, *inputs, *made, *known)
    began = perf_counter()
    network, normalise = base.trained_network(fold, len(targets))
    answers = load_predictions(paths.predictions(base.name, fold))
    result = adapt(network, normalise, data, answers, base.settings, settings.adapt, state, report)
    fitted = FittedNetwork(network, normalise, base.settings)
    fitted.history, fitted.best_epoch = result.history, result.best_epoch
    return predicted(fitted, perf_counter() - began, data, targets, weights)
