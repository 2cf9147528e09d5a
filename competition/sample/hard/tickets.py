"""Tickets: train, bus, theatre. The side of the stub and the place of the bar code differ."""

from typing import NamedTuple

from competition.sample import fake_text
from competition.sample.canvas import Page, colour
from competition.sample.elements import barcode, columns, rows
from competition.sample.hard.family import Family, Kind
from competition.sample.hard.layout import PAPERS, around, heading, tall
from competition.sample.randomness import chance, pick


class Cue(NamedTuple):
    """The sides of the stubs ("left", "right", "both" or "") and the centre of the bar code."""

    stub: str
    code: tuple[float, float]


def ticket(rng, titles: tuple[str, ...], cue: Cue):
    """A ticket, twice as wide as high: two places, date, seat, price."""
    page, brand = Page(rng, rng.uniform(1.9, 2.3), pick(rng, PAPERS), (520, 680)), colour(rng, 30, 170)
    left, right = 0.04, 0.96
    if cue.stub in ("left", "both"):
        left = _stub(page, "left") + 0.03
    if cue.stub in ("right", "both"):
        right = _stub(page, "right") - 0.03
    page.frame((left, 0.05, right, 0.05 + tall(page, 0.01)), brand, width=0)
    top = heading(page, titles, left, 0.11, right) + 0.03
    for place, name in zip(columns((left, top, right, top + 0.22), [1, 1]), ("From", "To"), strict=True):
        label, text = rows(place, [1, 2])
        page.write(label, name)
        page.write((text[0], text[1], text[2] - 0.02, text[3]), fake_text.word(rng).title(), bold=True, ink=brand)
    for place in columns((left, top + 0.27, right, top + 0.43), [1, 1, 1]):
        label, text = rows(place, [1, 1.4])
        page.write(
            (label[0], label[1], label[2] - 0.02, label[3]), pick(rng, ("Date", "Row", "Seat", "Class", "Price"))
        )
        entry = fake_text.date(rng) if chance(rng, 0.5) else fake_text.number(rng, "#@-##")
        page.write((text[0], text[1], text[2] - 0.02, text[3]), entry, bold=True)
    (start, end), (top, bottom) = around(rng, cue.code[0], 0.26), around(rng, cue.code[1], 0.13)
    barcode(page, (start, top, end, bottom))
    page.write((left, 0.92, right, 0.92 + tall(page, 0.018)), fake_text.sentence(rng, 8))
    return page.image


def _stub(page: Page, side: str) -> float:
    """What is torn off: dates and places behind a broken line; return where that is."""
    wide = page.rng.uniform(0.16, 0.21)
    cut = wide if side == "left" else 1 - wide
    for i in range(20):
        page.rule(cut, i / 20, cut, (i + 0.5) / 20)
    left, right = (0.03, cut - 0.02) if side == "left" else (cut + 0.02, 0.97)
    for row in rows((left, 0.15, right, 0.8), [1] * 5):
        text = fake_text.date(page.rng) if chance(page.rng, 0.4) else fake_text.word(page.rng).title()
        page.write((row[0], row[1] + 0.02, row[2], row[3] - 0.03), text)
    return cut


TICKETS = Family(
    ticket,
    Cue("", (0.5, 0.82)),
    (
        Kind("train_ticket", ("TRAIN TICKET", "RAIL TICKET"), Cue("left", (0.75, 0.82))),
        Kind("bus_ticket", ("BUS TICKET", "COACH TICKET"), Cue("both", (0.5, 0.82))),
        Kind("theatre_ticket", ("STAGE TICKET", "THEATRE TICKET"), Cue("right", (0.6, 0.82))),
    ),
)
