"""Papers of trade: invoice, quotation, purchase order, delivery note, credit note. Columns and one box differ."""

from typing import NamedTuple

from competition.sample import fake_text
from competition.sample.canvas import Page, colour
from competition.sample.elements import cell, paragraph
from competition.sample.hard.difficulty import CUE_SIZE
from competition.sample.hard.family import Family, Kind
from competition.sample.hard.layout import SHADES, grid, heading, labelled, sheet, table, tall
from competition.sample.randomness import chance, pick

HEADS = ("Item", "Qty", "Unit", "Price", "Sum")


class Cue(NamedTuple):
    """How many columns the table has, and where the box of the sum and the boxes to sign are ("": nowhere)."""

    columns: int
    sum_at: str = ""  # "right" below the table, "top" beside the address, "row" across the page
    sign_at: str = ""  # "left" below the table, "top" beside the address


def trade(rng, titles: tuple[str, ...], cue: Cue):
    """A page with sender, address, a table of goods and what `cue` says."""
    page, shade = sheet(rng), pick(rng, SHADES)
    left = rng.uniform(0.05, 0.1)
    right, top = 1 - left, rng.uniform(0.03, 0.05)
    _letterhead(page, left, top, right)
    top = heading(page, titles, left, top + rng.uniform(0.05, 0.07), right) + 0.006
    paragraph(page, (left, top, left + 0.3, top + 0.075), 4)
    if cue.sum_at == "top":
        _sum(page, right - 0.3, top + 0.01, right, shade)
    if cue.sign_at == "top":
        _approvals(page, right, top, shade)
    names = ("Date", "Our ref.", "Your ref.", "Terms", "Contact", "Valid")[: 2 * int(rng.integers(1, 4))]
    top = grid(page, (left, top + 0.09, right, 1), names, 2, shade) + 0.012
    widths = (rng.uniform(2.6, 3.6), 1, 1, 1.4, 1.4)[: cue.columns]
    top = table(page, (left, top, right, 1), HEADS[: cue.columns], widths, int(rng.integers(10, 19)), shade) + 0.008
    if cue.sum_at == "right":
        _sum(page, right - 0.3, top, right, shade)
    if cue.sum_at == "row":
        cell(page, (left, top, right, top + 0.026 * CUE_SIZE), f"Total  {fake_text.amount(rng)}", "m", (215, 215, 215))
    if cue.sign_at == "left":
        labelled(page, (left, top, left + 0.26 * CUE_SIZE, top + 0.075 * CUE_SIZE), "Received", shade)
    top += 0.1 + rng.uniform(0, 0.04)
    paragraph(page, (left, top, right, top + 0.05), 3)
    page.rule(left, 0.95, right, 0.95)
    page.write((left, 0.955, right, 0.972), f"{fake_text.address(rng)}  {fake_text.digits(rng, 10)}", "m")
    return page.image


def _letterhead(page: Page, left: float, top: float, right: float):
    """The sender's mark and name, at either side."""
    rng, brand = page.rng, colour(page.rng, 30, 160)
    side = tall(page, 0.03)
    at_left = chance(rng, 0.6)
    x = left if at_left else right - 0.05
    draw = page.ellipse if chance(rng, 0.5) else page.frame
    draw((x, top, x + 0.045, top + side), brand)
    name = (left + 0.06, top, 0.6, top + side) if at_left else (0.4, top, right - 0.06, top + side)
    page.write(name, fake_text.institution(rng, "Ltd."), "l" if at_left else "r", bold=True, ink=brand)


def _sum(page: Page, left: float, top: float, right: float, shade):
    """A box of three amounts."""
    left = right - (right - left) * CUE_SIZE
    for i, name in enumerate(("Net", "Tax", "Total")):
        row = top + i * 0.02 * CUE_SIZE
        middle, below = (left + right) / 2, row + 0.02 * CUE_SIZE
        cell(page, (left, row, middle, below), name, "l", shade)
        cell(page, (middle, row, right, below), fake_text.amount(page.rng), "r", bold=i == 2)


def _approvals(page: Page, right: float, top: float, shade):
    """Three boxes to be signed in turn."""
    wide = 0.09 * CUE_SIZE
    for i, name in enumerate(("Clerk", "Head", "Chief")):
        x = right - (3 - i) * wide
        labelled(page, (x, top + 0.005, x + wide, top + 0.005 + 0.07 * CUE_SIZE), name, shade)


TRADE = Family(
    trade,
    Cue(4),
    (
        Kind("invoice", ("INVOICE", "TAX INVOICE"), Cue(5, sum_at="right")),
        Kind("quotation", ("QUOTATION", "PRICE QUOTATION"), Cue(5, sum_at="top")),
        Kind("purchase_order", ("PURCHASE ORDER", "ORDER"), Cue(4, sum_at="right", sign_at="top")),
        Kind("delivery_note", ("DELIVERY NOTE", "NOTE OF DELIVERY"), Cue(3, sign_at="left")),
        Kind("credit_note", ("CREDIT NOTE", "CREDIT MEMO"), Cue(5, sum_at="row")),
    ),
)
