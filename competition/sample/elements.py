"""Elements of documents: tables, paragraphs, seals, portraits, bar codes."""

import numpy as np

from competition.sample import fake_text
from competition.sample.canvas import Box, Page, colour, part
from competition.sample.randomness import chance, pick


def columns(box: Box, widths) -> list[Box]:
    """`box` cut into columns of the given relative widths."""
    edges = np.concatenate([[0], np.cumsum(widths)]) / np.sum(widths)
    return [part(box, float(a), 0, float(b), 1) for a, b in zip(edges, edges[1:], strict=False)]


def rows(box: Box, heights) -> list[Box]:
    """`box` cut into rows of the given relative heights."""
    edges = np.concatenate([[0], np.cumsum(heights)]) / np.sum(heights)
    return [part(box, 0, float(a), 1, float(b)) for a, b in zip(edges, edges[1:], strict=False)]


def cell(page: Page, box: Box, text: str, align: str = "l", fill=None, bold: bool = False):
    """A framed cell with one line of text."""
    page.frame(box, fill)
    if text:
        page.write(part(box, 0.05, 0.16, 0.95, 0.84), text, align, bold)


def table(page: Page, box: Box, texts: list[list[str]], widths, shade=None, align: str = "m"):
    """A ruled table of the given texts, all rows equally high; `shade` fills the first row."""
    for i, (row, line) in enumerate(zip(rows(box, [1] * len(texts)), texts, strict=True)):
        for place, text in zip(columns(row, widths), line, strict=True):
            cell(page, place, text, align, shade if i == 0 else None, bold=i == 0)


def fields(page: Page, box: Box, names, values, across: int, shade=None, label_share: float = 0.36):
    """A grid of label and value cells, `across` pairs in a row; what does not fill a row is left out."""
    count = len(names) // across
    for i, row in enumerate(rows(box, [1] * count)):
        for j, place in enumerate(columns(row, [1] * across)):
            label, value = columns(place, [label_share, 1 - label_share])
            cell(page, label, names[i * across + j], "m", shade)
            cell(page, value, values[i * across + j])


def paragraph(page: Page, box: Box, lines: int, ink=None, last_short: bool = True):
    """`lines` lines of made-up text that fill the box."""
    height = (box[3] - box[1]) / lines
    # A character is about 0.55 as wide as it is high; this many of them fill a line of this box.
    room = (box[2] - box[0]) * page.width / (0.5 * height * page.height * 0.8)
    for i in range(lines):
        text = fake_text.sentence(page.rng, max(1, int(room / 6) + 1))
        share = page.rng.uniform(0.3, 0.8) if last_short and i == lines - 1 else page.rng.uniform(0.9, 1.0)
        line = text[: max(3, int(room * share))]
        page.write(part(box, 0, (i + 0.1) / lines, 1, (i + 0.9) / lines), line, ink=ink)


def seal(page: Page, x: float, y: float, radius: float):
    """A red seal, round or square, centred on (x, y); `radius` is a fraction of the page's width."""
    tall = radius * page.width / page.height
    box = (x - radius, y - tall, x + radius, y + tall)
    red = (int(page.rng.integers(170, 230)), 40, 50)
    if chance(page.rng, 0.5):
        page.ellipse(box, line=red, width=2)
    else:
        page.frame(box, line=red, width=2)
    for row in rows(part(box, 0.2, 0.2, 0.8, 0.8), [1, 1]):
        page.write(row, fake_text.word(page.rng, 1, 1).upper(), "m", True, red)


def portrait(page: Page, box: Box):
    """A passport photograph of nobody: background, shoulders, head, hair."""
    light = page.rng.uniform(0.55, 1.0)
    skin = tuple(int(v * light) for v in (240, 200, 170))
    hair = pick(page.rng, ((25, 20, 20), (60, 40, 25), (110, 80, 40), (130, 130, 130)))
    page.frame(box, colour(page.rng, 170, 245), line=(150, 150, 150))
    page.ellipse(part(box, 0.08, 0.66, 0.92, 1.0), colour(page.rng, 30, 160))
    page.frame(part(box, 0.08, 0.84, 0.92, 1.0), colour(page.rng, 30, 160), width=0)
    page.frame(part(box, 0.42, 0.55, 0.58, 0.75), skin, width=0)
    page.ellipse(part(box, 0.24, 0.1, 0.76, 0.62 if chance(page.rng, 0.6) else 0.75), hair)
    page.ellipse(part(box, 0.29, 0.2, 0.71, 0.64), skin)
    for x in (0.4, 0.56):
        page.ellipse(part(box, x, 0.38, x + 0.05, 0.42), (20, 20, 20))
    page.rule(*part(box, 0.43, 0.54, 0.57, 0.54), ink=(150, 70, 70))


def barcode(page: Page, box: Box):
    """Upright bars of random widths."""
    x = 0.0
    while x < 0.97:
        wide = pick(page.rng, (0.01, 0.02, 0.03))
        page.frame(part(box, x, 0, min(1, x + wide), 1), (15, 15, 15), width=0)
        x += wide + pick(page.rng, (0.01, 0.02, 0.03))


def waves(page: Page, box: Box, ink, count: int = 14):
    """Fine interlaced waves, as on the paper of cards and certificates."""
    left, top, right, bottom = page.pixels(box)
    xs = np.linspace(left, right, 60)
    phase, pitch = page.rng.uniform(0, 6), page.rng.uniform(15, 45)
    for i in range(count):
        ys = top + (bottom - top) * (i + 0.5) / count + (bottom - top) / count * np.sin(xs / pitch + phase + i * 0.7)
        page.draw.line([(float(x), float(y)) for x, y in zip(xs, np.clip(ys, top, bottom), strict=True)], fill=ink)
