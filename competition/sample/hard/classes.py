"""The hard sample's 28 classes, family by family, and how unequal they are."""

from itertools import accumulate

from competition.sample.hard import difficulty
from competition.sample.hard.applications import APPLICATIONS
from competition.sample.hard.cards import CARDS
from competition.sample.hard.certificates import CERTIFICATES
from competition.sample.hard.letters import LETTERS
from competition.sample.hard.slips import SLIPS
from competition.sample.hard.tickets import TICKETS
from competition.sample.hard.trade import TRADE

FAMILIES = (CERTIFICATES, TRADE, APPLICATIONS, LETTERS, SLIPS, CARDS, TICKETS)
RARE = ("death_certificate", "credit_note", "claim_application", "exchange_slip", "visitor_card")

KINDS = tuple(kind for family in FAMILIES for kind in family.kinds)
CLASS_NAMES = tuple(kind.name for kind in KINDS)
PAINTERS = tuple(painter for family in FAMILIES for painter in family.painters())
SHARES = tuple(round(100 * difficulty.RARE) if name in RARE else 100 for name in CLASS_NAMES)
_FIRST = tuple(accumulate((len(family.kinds) for family in FAMILIES), initial=0))
LOOK_ALIKES = tuple(
    tuple(range(first, first + len(family.kinds))) for first, family in zip(_FIRST, FAMILIES, strict=False)
)
