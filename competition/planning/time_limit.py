"""Fewer epochs for a run that may take a limited time: of every member the same share, the largest that fits."""

from competition.planning.cost_model import Pair, forecast
from competition.planning.subset import Size
from competition.planning.survey import VoteUsage
from competition.planning.table import duration
from competition.settings.params import Settings

LEAST = 25  # percent of the epochs; with fewer, another preset is the better way
FORECAST = 0.95  # of the limit that the forecast may take: the report isn't in it, and it is some percent off


def fitted(pair: Pair, votes: list[VoteUsage], settings: Settings, size: Size, seconds: float) -> Settings:
    """Return `settings` with as many of the members' epochs as fit into `seconds`, all of them if they do.

    Raises ValueError if LEAST percent of them don't.
    """
    for percent in range(100, LEAST - 1, -1):
        members = {name: member.with_share_of_epochs(percent / 100) for name, member in settings.members.items()}
        found = settings.model_copy(update={"members": members})
        taken = sum(stage.seconds for stage in forecast(pair, votes, found, size))
        if taken <= FORECAST * seconds:
            return found
    raise ValueError(
        f"{duration(seconds)} are too short: with {LEAST}% of its members' epochs a run takes {duration(taken)}; take "
        "another preset (`python -m pipelines.configure` lists them), smaller pictures or fewer copies, or more minutes"
    )


def changed_epochs(before: Settings, after: Settings) -> dict[tuple[str, ...], int]:
    """Return keys in params.yaml -> epochs of the members trained that have others in `after`."""
    pairs = {name: (before.members[name], after.members[name]) for name in before.train.members}
    return {("members", name, "epochs"): new.epochs for name, (old, new) in pairs.items() if new != old}
