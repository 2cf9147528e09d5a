"""Adapted member: a fine-tuned one that went on learning from its fold's answers to test images, beside what it was.

All members that are adapted answer, each by its network of the fold, and each learns the mean of what they say.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter

from competition.common import paths
from competition.data.predictions import Predictions, load_predictions
from competition.ensembling.voting import soft_vote
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
    """Return the member `name`, adapted from its base's trained weights and the predictions of all `adapt.members`.

    fold: of all of these. inputs: the files that it learns from. Raises FileNotFoundError where one isn't trained.
    """
    base = member_named(settings.adapted[name], settings)
    weights = orientation_weights(settings.tta.passes, settings.tta.seed)
    how = settings.adapt.model_dump(exclude={"members"})
    known = fold, targets, data.metric.source, how, sorted(data.barred)
    made = [paths.weights(base.name, fold), *(paths.predictions(one, fold) for one in settings.adapt.members)]
    state = state_file(f"adapt-{base.name}-{fold}", base, *inputs, *made, *known)
    began = perf_counter()
    network, normalise = base.trained_network(fold, len(targets))
    answers = _answers(settings.adapt.members, fold)
    result = adapt(network, normalise, data, answers, base.settings, settings.adapt, state, report)
    fitted = FittedNetwork(network, normalise, base.settings)
    fitted.history, fitted.best_epoch = result.history, result.best_epoch
    return predicted(fitted, perf_counter() - began, data, targets, weights)


def _answers(members: Sequence[str], fold: int) -> dict[str, Predictions]:
    """Return what the fold's networks of `members` say of the test and the test-like images, on average."""
    each = [load_predictions(paths.predictions(name, fold)) for name in members]
    return {part: soft_vote([one[part] for one in each]) for part in ("test", "test_like")}
