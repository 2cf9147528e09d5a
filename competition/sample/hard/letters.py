"""Letters: reference, dismissal, reminder. All text; the sender's side and what stands between paragraphs differ."""

from typing import NamedTuple

from competition.sample import fake_text
from competition.sample.canvas import Page
from competition.sample.elements import cell, paragraph
from competition.sample.hard.difficulty import CUE_SIZE
from competition.sample.hard.family import Family, Kind
from competition.sample.hard.layout import SHADES, heading, sheet, table, tall
from competition.sample.randomness import chance, pick


class Cue(NamedTuple):
    """The side of the sender's address and of the signature, and what is set into the text."""

    sender: str  # "left", "right"
    signed: str  # "left", "right"
    inset: str = ""  # "table", "term"


def letter(rng, titles: tuple[str, ...], cue: Cue):
    """A letter whose subject line is its title."""
    page, shade = sheet(rng), pick(rng, SHADES)
    left = rng.uniform(0.08, 0.13)
    right, top = 1 - left, rng.uniform(0.04, 0.07)
    _address(page, cue.sender, left, top, right)
    top += rng.uniform(0.1, 0.13)
    _address(page, "left", left, top, right)
    top = heading(page, titles, left, top + rng.uniform(0.1, 0.12), right, "l") + 0.012
    parts = int(rng.integers(3, 6))
    inset_at = int(rng.integers(1, parts))
    for i in range(parts):
        if i == inset_at:
            top = _inset(page, cue.inset, left, top, right, shade)
        lines = int(rng.integers(2, 6))
        paragraph(page, (left, top, right, top + 0.017 * lines), lines)
        top += 0.017 * lines + 0.014
    top = min(top + rng.uniform(0.01, 0.03), 0.9)
    start = left if cue.signed == "left" else right - 0.3
    page.write((start, top, start + 0.2, top + 0.018), pick(rng, ("Yours sincerely", "Yours faithfully")))
    _signature(page, start, top + 0.02)
    page.write((start, top + 0.055, start + 0.25, top + 0.073), fake_text.name(rng))
    return page.image


def _address(page: Page, side: str, left: float, top: float, right: float):
    rng = page.rng
    lines = (fake_text.name(rng), fake_text.address(rng)[:22], fake_text.word(rng).title(), fake_text.date(rng))
    for i, line in enumerate(lines):
        y = top + i * 0.019
        page.write((left, y, right, y + tall(page, 0.016)), line, "l" if side == "left" else "r", bold=i == 0)


def _inset(page: Page, inset: str, left: float, top: float, right: float, shade) -> float:
    middle, half = (left + right) / 2, 0.2 * CUE_SIZE
    if inset == "table":
        return table(page, (middle - half, top, middle + half, 1), ("Due", "Paid", "Open"), (1, 1, 1), 3, shade) + 0.014
    if inset == "term":
        box = (middle - half, top, middle + half, top + 0.032 * CUE_SIZE)
        cell(page, box, f"{fake_text.date(page.rng)}  -  {fake_text.date(page.rng)}", "m", shade, bold=True)
        return box[3] + 0.014
    return top


def _signature(page: Page, left: float, top: float):
    rng = page.rng
    points = [(left, top + 0.02)]
    for _ in range(int(rng.integers(7, 12))):
        points.append((points[-1][0] + rng.uniform(-0.01, 0.04), top + rng.uniform(0, 0.03)))
    ink = (30, 40, 110) if chance(rng, 0.6) else (30, 30, 30)
    page.draw.line([(x * page.width, y * page.height) for x, y in points], fill=ink, width=2, joint="curve")


LETTERS = Family(
    letter,
    Cue("left", "right"),
    (
        Kind("reference_letter", ("Letter of reference", "Reference"), Cue("right", "left")),
        Kind("dismissal_letter", ("Letter of dismissal", "Dismissal"), Cue("left", "left", "term")),
        Kind("reminder_letter", ("Letter of reminder", "Reminder"), Cue("right", "right", "table")),
    ),
)
