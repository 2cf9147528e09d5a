"""A member made of its settings."""

from competition.members.kinds import KINDS
from competition.members.member import Member
from competition.settings.member import MemberSettings


def make_member(settings: MemberSettings, name: str = "member") -> Member:
    """Return the member of these settings; name: under which its files stand in folds/."""
    return KINDS[settings.kind](settings, name)
