"""Cost model: what each stage's work grows with, and the lines through the usage of two surveys."""

from dataclasses import replace

from competition.augmentation.offline import BESIDE
from competition.ensembling.specialist_votes import SPECIALIST
from competition.members.make import make_member
from competition.members.parallel import share_of_network
from competition.planning.forecast import Forecast, Line, line, memory_line
from competition.planning.subset import Size
from competition.planning.survey import Survey, TrainingUsage, VoteUsage, stages_before_training
from competition.settings.params import Settings

Pair = tuple[Survey, Survey]  # of a smaller and a larger part


def forecast(pair: Pair, votes: list[VoteUsage], settings: Settings, size: Size) -> list[Forecast]:
    """Return the forecast of every stage for `size` images, in their order, of trainings that last all their epochs.

    votes: of as many images, or of two smaller numbers.
    """
    stages = [_stage(name, pair, size) for name in stages_before_training(settings)]
    stages += [_member(name, pair, settings, size) for name in settings.train.members]
    epochs = {SPECIALIST: settings.specialize.network.planned_epochs} if settings.specialize.base else {}
    epochs |= dict.fromkeys(settings.adapted, settings.adapt.epochs)
    for name, count in epochs.items():
        stage = "specialize" if name == SPECIALIST else f"adapt {settings.adapted[name]}"
        stages.append(_by_epochs(stage, count, [part.trained[name] for part in pair], pair, settings, size))
    stages += [_refit(name, pair, settings, size) for name in settings.refit.members]
    stages += [_stage("review", pair, size) for _ in settings.review.conditions]
    return [*stages, *(_vote(name, votes, size) for name in ("vote", "ensemble"))]


def _work(name: str, size: Size) -> int:
    return size.train if name in ("split", "upright", "review") else size.all


def _stage(name: str, pair: Pair, size: Size) -> Forecast:
    works = [_work(name, part.size) for part in pair]
    seconds, memory = (
        [(work, getattr(part.stages[name], what)) for work, part in zip(works, pair, strict=True)]
        for what in ("seconds", "memory")
    )
    disk = [(work, part.disk.get(name, 0)) for work, part in zip(works, pair, strict=True)]
    work = _work(name, size)
    return Forecast(
        name,
        1,
        line(*seconds).at(work),
        memory_line(*memory).at(work),
        line(*disk).at(work),
        {"augment": f"images x (copies + {BESIDE})"}.get(name, "images"),
    )


def _vote(name: str, votes: list[VoteUsage], size: Size) -> Forecast:
    if len(votes) == 1:
        return Forecast(name, 1, votes[0].stages[name].seconds, votes[0].stages[name].memory)
    seconds, memory = (
        [(one.size.all, getattr(one.stages[name], what)) for one in votes] for what in ("seconds", "memory")
    )
    return Forecast(name, 1, line(*seconds).at(size.all), memory_line(*memory).at(size.all))


def _member(name: str, pair: Pair, settings: Settings, size: Size) -> Forecast:
    member, found = settings.members[name], [part.trained[name] for part in pair]
    if not member.shares_features:
        alone = _by_epochs(f"train {name}", member.planned_epochs, found, pair, settings, size)
        if not make_member(member).together:
            return alone
        share = share_of_network(settings)
        return replace(alone, seconds=alone.seconds / share.speed, memory=alone.memory * share.at_once)
    works = [part.size.all for part in pair]
    first, later = (
        [(work, one.usage.seconds) for work, one in zip(works, of, strict=True)]
        for of in (found, [part.again[name] for part in pair])
    )
    folds = len(settings.split.folds)
    seconds = line(*first).at(size.all) + (folds - 1) * line(*later).at(size.all)
    return Forecast(f"train {name}", folds, seconds, _memory(found, works).at(size.all), grows_with="images x copies")


def _by_epochs(
    stage: str, epochs: float, found: list[TrainingUsage], pair: Pair, settings: Settings, size: Size
) -> Forecast:
    """Return a training's cost: epochs grow with training images, predictions with orientations, the rest with all."""
    folds, sizes = len(settings.split.folds), [part.size.all for part in pair]
    other, predict = (
        line(*zip(sizes, taken, strict=True)).at(size.all)
        for taken in ([one.other_seconds for one in found], [one.predict_seconds for one in found])
    )
    epoch = line(*((part.size.train, one.epoch_seconds) for part, one in zip(pair, found, strict=True)))
    seconds = epochs * epoch.at(size.train) + predict + other
    return Forecast(
        stage,
        folds,
        folds * seconds,
        _memory(found, sizes).at(size.all),
        grows_with="images x epochs, images x orientations",
    )


def _refit(name: str, pair: Pair, settings: Settings, size: Size) -> Forecast:
    """Return what a member costs on all images: with K folds K / (K - 1) as many as each of them is trained on."""
    found, k = [part.trained[name] for part in pair], settings.split.k
    epochs = settings.members[name].planned_epochs * k / (k - 1)
    of_folds = _by_epochs(f"refit {name}", epochs, found, pair, settings, size)
    runs = len(settings.refit.seeds)
    return replace(of_folds, runs=runs, seconds=of_folds.seconds / of_folds.runs * runs)


def _memory(found: list[TrainingUsage], works: list[int]) -> Line:
    return memory_line(*zip(works, [one.usage.memory for one in found], strict=True))
