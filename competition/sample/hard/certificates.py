"""Certificates of a registry: birth, death, marriage, residence, employment. The title and one small block differ."""

from competition.sample import fake_text
from competition.sample.canvas import Box, Page, part
from competition.sample.elements import cell, columns, paragraph, rows, seal
from competition.sample.hard.difficulty import CUE_SIZE, ROW_HEIGHT
from competition.sample.hard.family import Family, Kind
from competition.sample.hard.layout import SHADES, grid, heading, sheet, table, tall, value
from competition.sample.randomness import chance, pick

NAMES = ("Name", "Number", "Born", "Sex", "Address", "Nationality", "Father", "Mother", "Register", "Office")


def certificate(rng, titles: tuple[str, ...], block):
    """A certificate whose grid is followed by `block(page, box, shade)` and by remarks, in any order."""
    page, shade = sheet(rng), pick(rng, SHADES)
    left = rng.uniform(0.06, 0.12)
    right, top = 1 - left, rng.uniform(0.03, 0.06)
    page.write((left, top, 0.5, top + tall(page, 0.014)), f"No. {fake_text.number(rng, '2024-@-######')}")
    top = heading(page, titles, left, top + rng.uniform(0.02, 0.04), right) + rng.uniform(0.005, 0.02)
    first = int(rng.integers(0, 3))
    top = grid(page, (left, top, right, 1), NAMES[first : first + 2 * int(rng.integers(3, 5))], 2, shade) + 0.015
    blocks = [(block, 0.11 * CUE_SIZE)]
    blocks += [(_remarks, rng.uniform(0.05, 0.14)) for _ in range(rng.integers(2, 4))]
    for place in rng.permutation(len(blocks)).tolist():
        draw, height = blocks[place]
        draw(page, (left, top, right, top + height), shade)
        top += height + 0.012
    foot = max(top + 0.01, rng.uniform(0.78, 0.84))
    page.write((left, foot, right, foot + 0.018), "This is to certify that the above is entered in the register.", "m")
    page.write((0.3, foot + 0.03, 0.7, foot + 0.048), fake_text.date(rng), "m")
    page.write((left, foot + 0.06, 0.7, foot + 0.082), f"Registrar of {fake_text.word(rng).title()}", bold=True)
    seal(page, pick(rng, (0.2, 0.5, 0.8)) + rng.uniform(-0.05, 0.05), foot + 0.08, rng.uniform(0.035, 0.055))
    if chance(rng, 0.3):
        page.frame((0.03, 0.02, 0.97, 0.98))
    return page.image


def _remarks(page: Page, box: Box, shade):
    page.frame(box)
    paragraph(page, part(box, 0.02, 0.06, 0.98, 0.94), max(2, round((box[3] - box[1]) / 0.024)))


def _prints(page: Page, box: Box, shade):
    """Birth: two boxes with the print of a foot."""
    for place in columns(part(box, 0.2, 0, 0.8, 1), [1, 1]):
        page.frame(place)
        for toe in range(5):
            page.ellipse(part(place, 0.34 + 0.06 * toe, 0.14, 0.39 + 0.06 * toe, 0.24), (90, 90, 100))
        page.ellipse(part(place, 0.36, 0.28, 0.62, 0.9), (90, 90, 100))


def _last(page: Page, box: Box, shade):
    """Death: three cells under dark heads."""
    for place, name in zip(columns(box, [1, 1, 2]), ("Day", "Hour", "Cause"), strict=True):
        head, body = rows(place, [1, 3])
        cell(page, head, "", fill=(60, 60, 64))
        page.write(part(head, 0.05, 0.1, 0.95, 0.9), name, "m", ink=(240, 240, 240))
        page.frame(body)
        page.write(part(body, 0.08, 0.3, 0.92, 0.6), value(page.rng, "Date" if name == "Day" else ""), "m")


def _spouses(page: Page, box: Box, shade):
    """Marriage: two columns of rows, a gap between them."""
    for place, name in zip(columns(box, [1, 1]), ("Husband", "Wife"), strict=True):
        inner = part(place, 0.01, 0, 0.99, 1)
        head, *others = rows(inner, [1] * 5)
        cell(page, head, name, "m", shade)
        for row, label in zip(others, ("Name", "Born", "Number", "Address"), strict=True):
            cell(page, row, value(page.rng, label))


def _moves(page: Page, box: Box, shade):
    """Residence: a table of three columns."""
    table(page, box, ("From", "Until", "Address"), (1, 1, 3), int((box[3] - box[1]) / ROW_HEIGHT) - 1, shade)


def _posts(page: Page, box: Box, shade):
    """Employment: a table of two columns."""
    table(page, box, ("Post held", "Period"), (2.5, 1), int((box[3] - box[1]) / ROW_HEIGHT) - 1, shade)


CERTIFICATES = Family(
    certificate,
    _remarks,
    (
        Kind("birth_certificate", ("CERTIFICATE OF BIRTH", "BIRTH CERTIFICATE"), _prints),
        Kind("death_certificate", ("CERTIFICATE OF DEATH", "DEATH CERTIFICATE"), _last),
        Kind("marriage_certificate", ("CERTIFICATE OF MARRIAGE", "MARRIAGE CERTIFICATE"), _spouses),
        Kind("residence_certificate", ("CERTIFICATE OF RESIDENCE", "RESIDENCE CERTIFICATE"), _moves),
        Kind("employment_certificate", ("CERTIFICATE OF EMPLOYMENT", "EMPLOYMENT CERTIFICATE"), _posts),
    ),
)
