"""Members by their settings, and by their name in params.yaml."""

from competition.ensembling.specialist_votes import SPECIALIST
from competition.members.kinds import KINDS
from competition.members.member import Member
from competition.settings.member import MemberSettings
from competition.settings.params import Settings


def make_member(settings: MemberSettings, name: str = "member") -> Member:
    """Return the member of these settings; name: under which its files stand in folds/."""
    return KINDS[settings.kind](settings, name)


def member_named(name: str, settings: Settings) -> Member:
    """Return the member `name` of params.yaml, or the specialist by its name."""
    return make_member(settings.specialize.network if name == SPECIALIST else settings.members[name], name)
