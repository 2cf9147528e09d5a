"""Applications: loan, leave, permit, insurance claim. The place of a box and the columns of check boxes differ."""

from typing import NamedTuple

from competition.sample import fake_text
from competition.sample.canvas import Page
from competition.sample.elements import cell, columns, paragraph, portrait, rows, seal
from competition.sample.hard.difficulty import CUE_SIZE, ROW_HEIGHT
from competition.sample.hard.family import Family, Kind
from competition.sample.hard.layout import SHADES, check_boxes, grid, heading, labelled, sheet, tall
from competition.sample.randomness import chance, pick

SECTIONS = ("Person", "Request", "Income", "Reason", "Period", "Enclosed")
NAMES = ("Name", "Number", "Address", "Phone", "Mail", "Since", "Amount", "Account", "Office", "Until")


class Cue(NamedTuple):
    """What stands beside the title, how many check boxes a row has, and what stands at the foot."""

    corner: str = ""  # "photo", "stamp", "approvals"
    across: int = 3
    foot: str = ""  # "office", "receipt"


def application(rng, titles: tuple[str, ...], cue: Cue):
    """A form of framed sections with their names at the side."""
    page, shade = sheet(rng), pick(rng, SHADES)
    left = rng.uniform(0.05, 0.09)
    right, top = 1 - left, rng.uniform(0.03, 0.05)
    page.write((left, top, 0.4, top + tall(page, 0.014)), f"Form {fake_text.number(rng, '@-##')}")
    heading(page, titles, left, top + rng.uniform(0.03, 0.05), 0.68)
    _corner(page, cue.corner, right, top, shade)
    top += 0.125 + rng.uniform(0, 0.01)
    for name in [SECTIONS[i] for i in sorted(rng.permutation(6)[: int(rng.integers(3, 6))].tolist())]:
        top = _section(page, name, (left, top, right, 1), cue.across, shade)
    paragraph(page, (left, top + 0.012, right, top + 0.065), 3)
    foot = max(top + 0.08, rng.uniform(0.8, 0.83))
    page.write((left, foot, right, foot + 0.018), f"{fake_text.date(rng)}    {fake_text.name(rng)} (sign)", "r")
    if cue.foot == "office":
        labelled(page, (left, foot + 0.03, right, foot + 0.03 + 0.08 * CUE_SIZE), "For office use only", shade)
    elif cue.foot == "receipt":
        for place in columns((left, foot + 0.04, right, foot + 0.04), [1] * 30):
            page.rule(place[0], place[1], (place[0] + place[2]) / 2, place[1])
        grid(page, (left, foot + 0.055, right, 1), ("Receipt", "Date"), 2, shade)
    if chance(rng, 0.4):
        seal(page, rng.uniform(0.3, 0.9), foot + 0.01, rng.uniform(0.03, 0.045))
    return page.image


def _corner(page: Page, corner: str, right: float, top: float, shade):
    wide, high = 0.15 * CUE_SIZE, 0.1 * CUE_SIZE
    if corner == "photo":
        portrait(page, (right - wide * 0.8, top, right, top + high))
    elif corner == "stamp":
        labelled(page, (right - wide, top, right, top + high), "Stamp", shade)
    elif corner == "approvals":
        for i, place in enumerate(columns((right - 1.6 * wide, top, right, top + 0.7 * high), [1, 1, 1])):
            labelled(page, place, ("Clerk", "Head", "Chief")[i], shade)


def _section(page: Page, name: str, box, across: int, shade) -> float:
    rng, line = page.rng, tall(page, ROW_HEIGHT)
    left, top, right, _ = box
    first, count, checks = int(rng.integers(0, 5)), int(rng.integers(1, 4)) * 2, int(rng.integers(1, 3))
    side = left + 0.13
    bottom = grid(page, (side, top, right, 1), NAMES[first : first + count], 2, shade)
    for row in rows((side, bottom, right, bottom + checks * line), [1] * checks):
        check_boxes(page, (row[0] + 0.015, row[1], row[2], row[3]), across)
    bottom += checks * line
    page.frame((side, top, right, bottom))
    cell(page, (left, top, side, bottom), "", fill=shade)
    page.write((left + 0.008, (top + bottom) / 2 - 0.01, side - 0.008, (top + bottom) / 2 + 0.01), name, "m", True)
    return bottom


APPLICATIONS = Family(
    application,
    Cue(),
    (
        Kind("loan_application", ("APPLICATION FOR LOAN", "LOAN APPLICATION"), Cue("stamp", 4, "office")),
        Kind("leave_application", ("APPLICATION FOR LEAVE", "LEAVE APPLICATION"), Cue("approvals", 4)),
        Kind("permit_application", ("APPLICATION FOR PERMIT", "PERMIT APPLICATION"), Cue("photo", 2, "receipt")),
        Kind("claim_application", ("APPLICATION FOR CLAIM", "CLAIM APPLICATION"), Cue("stamp", 2, "receipt")),
    ),
)
