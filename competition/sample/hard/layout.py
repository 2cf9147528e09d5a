"""Pieces of the hard sample's forms, in small type: titles, grids, tables, boxes, made-up values."""

from competition.sample import fake_text
from competition.sample.canvas import Box, Page, part
from competition.sample.elements import cell, columns, rows
from competition.sample.hard.difficulty import CUE_SIZE, ROW_HEIGHT, TITLE_HEIGHT
from competition.sample.randomness import chance, pick

SHEET = (560, 720)  # pixels of a sheet's longer side, from and below
PAPERS = ((252, 252, 250), (248, 246, 238), (240, 244, 250), (238, 246, 240), (250, 240, 240), (235, 235, 232))
SHADES = (None, (225, 225, 225), (215, 225, 238), (222, 234, 220), (240, 224, 215))

ENTRIES = {  # what is written behind a label; behind any other, two words
    fake_text.name: ("Name", "Father", "Mother", "Contact"),
    fake_text.date: ("Born", "Date", "Since", "From", "Until", "Valid", "Period"),
    fake_text.address: ("Address",),
    lambda rng: str(rng.integers(1, 100)): ("Qty", "Unit"),
    fake_text.amount: ("Amount", "Price", "Sum", "Due", "Paid", "Open"),
    lambda rng: fake_text.number(rng, "######-###"): (
        "Number",
        "Phone",
        "Account",
        "Our ref.",
        "Your ref.",
        "Register",
    ),
}


def value(rng, name: str = "") -> str:
    """A made-up entry behind the label `name`."""
    made = next((make for make, names in ENTRIES.items() if name in names), None)
    return made(rng) if made else fake_text.sentence(rng, 2)


def sheet(rng) -> Page:
    """An upright sheet of paper."""
    return Page(rng, rng.uniform(0.69, 0.74), pick(rng, PAPERS), SHEET)


def tall(page: Page, share: float) -> float:
    """`share` of the page's longer side as a fraction of its height."""
    return share * max(page.width, page.height) / page.height


def around(rng, place: float, size: float) -> tuple[float, float]:
    """Both ends of a stretch of `size` times CUE_SIZE about `place`, moved a little."""
    half = size * CUE_SIZE / 2
    place = min(max(place + rng.uniform(-0.012, 0.012), half + 0.02), 0.98 - half)
    return place - half, place + half


def heading(page: Page, titles: tuple[str, ...], left: float, top: float, right: float, align: str = "") -> float:
    """One of the titles; return where the room below it begins."""
    rng, height = page.rng, tall(page, TITLE_HEIGHT * page.rng.uniform(0.9, 1.15))
    page.write((left, top, right, top + height), pick(rng, titles), align or pick(rng, "lmm"), bold=chance(rng, 0.8))
    return top + height + tall(page, 0.008)


def grid(page: Page, box: Box, names: tuple[str, ...], across: int, shade=None) -> float:
    """A grid of label and value cells from the top of `box` on, `across` pairs in a row; return its bottom."""
    count, height = -(-len(names) // across), tall(page, ROW_HEIGHT)
    left, top, right, _ = box
    for i, row in enumerate(rows((left, top, right, top + count * height), [1] * count)):
        for place, name in zip(columns(row, [1] * across), names[i * across :], strict=False):
            label, entry = columns(place, [1, 2])
            cell(page, label, name, "l", shade)
            cell(page, entry, value(page.rng, name))
    return top + count * height


def table(page: Page, box: Box, heads: tuple[str, ...], widths, count: int, shade=None) -> float:
    """A table of `heads` and `count` rows from the top of `box` on, the last ones empty at times; its bottom."""
    rng, height = page.rng, tall(page, ROW_HEIGHT)
    left, top, right, _ = box
    filled = int(rng.integers((count + 1) // 2, count + 1))
    for i, row in enumerate(rows((left, top, right, top + (count + 1) * height), [1] * (count + 1))):
        for place, head in zip(columns(row, widths), heads, strict=True):
            text = head if i == 0 else value(rng, head) if i <= filled else ""
            cell(page, place, text, "m" if i == 0 else pick(rng, "lr"), shade if i == 0 else None, bold=i == 0)
    return top + (count + 1) * height


def labelled(page: Page, box: Box, name: str, shade=None):
    """A box with its name on a strip at the top: to be signed or stamped."""
    page.frame(box)
    strip = min(0.5, tall(page, ROW_HEIGHT) / (box[3] - box[1]))
    cell(page, part(box, 0, 0, 1, strip), name, "m", shade)


def digit_boxes(page: Page, box: Box, count: int):
    """`count` square cells in a row with a digit in most of them."""
    rng = page.rng
    empty = int(rng.integers(0, count // 2))
    for i, place in enumerate(columns(box, [1] * count)):
        cell(page, place, fake_text.digits(rng, 1) if i >= empty else "", "m")


def check_boxes(page: Page, box: Box, across: int):
    """One row of `across` check boxes with a word each, some of them ticked."""
    for place in columns(box, [1] * across):
        side = (box[3] - box[1]) * 0.6 * page.height / page.width
        mark = (place[0], box[1] + 0.2 * (box[3] - box[1]), place[0] + side, box[1] + 0.8 * (box[3] - box[1]))
        page.frame(mark, fill=(40, 40, 40) if chance(page.rng, 0.3) else None, width=1)
        page.write((place[0] + 1.5 * side, box[1], place[2], box[3]), fake_text.word(page.rng))
