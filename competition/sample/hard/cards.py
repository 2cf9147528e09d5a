"""Cards of institutions: student, staff, member, visitor. The places of the photograph and of the bars differ."""

from typing import NamedTuple

from competition.sample import fake_text
from competition.sample.canvas import Page, colour
from competition.sample.elements import barcode, portrait, waves
from competition.sample.hard.difficulty import CUE_SIZE
from competition.sample.hard.family import Family, Kind
from competition.sample.hard.layout import around, heading, tall
from competition.sample.randomness import chance, pick

TINTS = ((226, 240, 232), (228, 236, 248), (248, 236, 226), (246, 230, 238), (240, 240, 226), (244, 244, 244))


class Cue(NamedTuple):
    """The photograph's side ("left" or "right"), the centre of the bar code (None: no code), and a band's side."""

    photo: str
    code: tuple[float, float] | None = None
    band: str = ""  # "top", "bottom"


def card(rng, titles: tuple[str, ...], cue: Cue):
    """A card, wider than high, with a photograph."""
    tint, brand = pick(rng, TINTS), colour(rng, 30, 170)
    page = Page(rng, rng.uniform(1.5, 1.66), tint, (500, 660))
    waves(page, (0, 0, 1, 1), tuple(v - int(rng.integers(8, 30)) for v in tint), int(rng.integers(6, 18)))
    if cue.band:
        thick = rng.uniform(0.05, 0.08) * CUE_SIZE
        page.frame((0, 0, 1, thick) if cue.band == "top" else (0, 1 - thick, 1, 1), brand, width=0)
    (photo_left, photo_right), (top, bottom) = around(rng, 0.2 if cue.photo == "left" else 0.8, 0.24), (0.3, 0.78)
    left, right = (photo_right + 0.04, 0.95) if cue.photo == "left" else (0.05, photo_left - 0.04)
    page.write(
        (0.05, 0.1, 0.95, 0.1 + tall(page, 0.036)), fake_text.institution(rng, _house(rng)), ink=brand, bold=True
    )
    heading(page, titles, 0.05, 0.2, 0.7)
    portrait(page, (photo_left, top, photo_right, bottom))
    y = 0.32
    for name in ("Name", "No.", "Born", "Valid until", "Issued")[: int(rng.integers(3, 6))]:
        text = fake_text.name(rng) if name == "Name" else fake_text.date(rng)
        text = fake_text.number(rng, "##-######") if name == "No." else text
        page.write((left, y, left + 0.2, y + 0.05), name)
        page.write((left + 0.2, y - 0.005, right, y + 0.06), text, bold=chance(rng, 0.5))
        y += 0.085
    if cue.code:
        (left, right), (top, bottom) = around(rng, cue.code[0], 0.3), around(rng, cue.code[1], 0.1)
        barcode(page, (left, top, right, bottom))
    return page.image


def _house(rng) -> str:
    return pick(rng, ("Institute", "Academy", "Centre", "Foundation"))


CARDS = Family(
    card,
    Cue("left"),
    (
        Kind("student_card", ("STUDENT CARD", "STUDENT IDENTITY"), Cue("left", (0.75, 0.88))),
        Kind("staff_card", ("STAFF CARD", "STAFF IDENTITY"), Cue("right", (0.78, 0.88))),
        Kind("member_card", ("MEMBER CARD", "MEMBERSHIP"), Cue("left", band="bottom")),
        Kind("visitor_card", ("VISITOR CARD", "VISITOR PASS"), Cue("right", band="top")),
    ),
)
