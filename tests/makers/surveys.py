"""Settings, and surveys of stages that grow in straight lines with known slopes."""

from competition.planning.process_usage import Usage
from competition.planning.subset import EPOCHS, Size
from competition.planning.survey import Survey, TrainingUsage, VoteUsage
from competition.settings.finetuned import FinetunedSettings
from competition.settings.params import Settings

NETWORK = FinetunedSettings(size=64, epochs=10)


def made_settings(**changes):
    values = {
        "augment": {"size": 64, "copies": 10},
        "split": {"folds": [0, 1, 2]},
        "train": {"members": ["lite0", "grey"]},
        "members": {"lite0": NETWORK.model_dump(), "grey": {"kind": "grey"}},
        "specialize": {"network": NETWORK.model_dump()},
        "machine": {"workers": 1},  # whatever cores there are
    }
    return Settings.model_validate(values | changes)


def survey_of(train, test, settings):
    """What stages would take that grow in straight lines with known slopes."""

    def taken(start, each, memory=0.0):
        return Usage(start + each * (train + test), round(1e9 + memory * train))

    epoch, predicted = 0.5 + 0.02 * train, 0.001 * (train + test)
    taken_in_all = 5 + 0.004 * (train + test) + EPOCHS * epoch + predicted
    lite0 = TrainingUsage(Usage(taken_in_all, 1_500_000_000), epoch, EPOCHS, predicted)
    grey, again = TrainingUsage(taken(4, 0.01), 0, 1, 0), TrainingUsage(taken(3, 0.002), 0, 1, 0)
    stages = {name: taken(2, 0.003) for name in ("prepare", "augment")}
    stages |= {name: Usage(1 + 0.001 * train, 500_000_000 + 1_000_000 * train) for name in ("split", "review")}
    return Survey(
        Size(train, test),
        stages,
        {"lite0": lite0, "grey": grey, "specialist": lite0},
        {"grey": again},
        {"augment": 5000 * (train + test)},
    )


def votes_of(train, test):
    size = Size(train, test)
    return VoteUsage(
        size, {name: Usage(3 + 0.001 * size.all, 200_000_000 + 1000 * size.all) for name in ("vote", "ensemble")}
    )
