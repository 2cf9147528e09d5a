"""Slips of a bank: deposit, withdrawal, transfer, exchange. The place of the amount and the rows above it differ."""

from typing import NamedTuple

from competition.sample import fake_text
from competition.sample.canvas import Page, colour
from competition.sample.elements import columns, seal
from competition.sample.hard.family import Family, Kind
from competition.sample.hard.layout import PAPERS, SHADES, around, check_boxes, digit_boxes, heading, labelled, tall
from competition.sample.randomness import chance, pick


class Cue(NamedTuple):
    """The centre of the amount's boxes, the number of account rows, and the centre of the box to sign."""

    amount: tuple[float, float]
    accounts: int
    sign: tuple[float, float]


def slip(rng, titles: tuple[str, ...], cue: Cue):
    """A slip, wider than high, filled with rows of boxes for digits."""
    page, shade = Page(rng, rng.uniform(1.55, 1.8), pick(rng, PAPERS), (520, 660)), pick(rng, SHADES)
    brand = colour(rng, 30, 170)
    page.frame((0.02, 0.03, 0.98, 0.97), line=brand)
    page.frame((0.02, 0.03, 0.98, 0.03 + tall(page, 0.008)), brand, width=0)
    at_left = chance(rng, 0.5)
    bank = (0.05, 0.08, 0.35, 0.15) if at_left else (0.65, 0.08, 0.95, 0.15)
    page.write(bank, f"{fake_text.word(rng).upper()} BANK", "l" if at_left else "r", bold=True, ink=brand)
    heading(page, titles, 0.37 if at_left else 0.05, 0.085, 0.95 if at_left else 0.63)
    for i, name in enumerate(("Account", "In favour of")[: cue.accounts]):
        _row(page, name, 0.21 + 0.1 * i + rng.uniform(0, 0.015), shade)
    (left, right), (top, bottom) = around(rng, cue.amount[0], 0.42), around(rng, cue.amount[1], 0.085)
    page.frame((left - 0.01, top - 0.02, right + 0.01, bottom + 0.02), shade, line=brand)
    digit_boxes(page, (left, top, right, bottom), 10)
    (left, right), (top, bottom) = around(rng, cue.sign[0], 0.24), around(rng, cue.sign[1], 0.2)
    labelled(page, (left, top, right, bottom), "Signature", shade)
    check_boxes(page, (0.06, 0.9, 0.94, 0.945), 5)
    for y in (0.45, 0.6, 0.72):
        if chance(rng, 0.5) and abs(y - cue.amount[1]) > 0.1 and abs(y - cue.sign[1]) > 0.15:
            page.write((0.06, y, 0.5, y + 0.045), f"{fake_text.word(rng).title()}: {fake_text.name(rng)}")
    if chance(rng, 0.5):
        seal(page, rng.uniform(0.1, 0.9), rng.uniform(0.4, 0.8), rng.uniform(0.025, 0.04))
    return page.image


def _row(page: Page, name: str, top: float, shade):
    label, boxes = columns((0.06, top, 0.94, top + 0.07), [1, 4])
    page.frame(label, shade)
    page.write((label[0] + 0.01, label[1] + 0.01, label[2] - 0.01, label[3] - 0.01), name)
    digit_boxes(page, boxes, 14)


SLIPS = Family(
    slip,
    Cue((0.5, 0.55), 1, (0.5, 0.77)),
    (
        Kind("deposit_slip", ("DEPOSIT SLIP", "CASH DEPOSIT"), Cue((0.73, 0.76), 1, (0.2, 0.74))),
        Kind("withdrawal_slip", ("WITHDRAWAL SLIP", "CASH WITHDRAWAL"), Cue((0.29, 0.45), 1, (0.82, 0.74))),
        Kind("transfer_slip", ("TRANSFER SLIP", "CREDIT TRANSFER"), Cue((0.73, 0.52), 2, (0.82, 0.76))),
        Kind("exchange_slip", ("EXCHANGE SLIP", "CASH EXCHANGE"), Cue((0.29, 0.78), 2, (0.8, 0.55))),
    ),
)
