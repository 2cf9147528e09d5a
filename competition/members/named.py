"""Members of params.yaml by their names."""

from competition.ensembling.specialist_votes import SPECIALIST
from competition.members.make import make_member
from competition.members.member import Member
from competition.settings.params import Settings


def member_named(name: str, settings: Settings) -> Member:
    """Return the member `name` of params.yaml, trained or adapted, or the specialist by its name."""
    return make_member(settings.specialize.network if name == SPECIALIST else settings.described(name), name)
