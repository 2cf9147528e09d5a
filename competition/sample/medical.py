"""Four certificates of one medical form family: only the title and one block of the body tell them apart."""

from competition.sample import fake_text
from competition.sample.canvas import Box, Page, part
from competition.sample.elements import cell, columns, fields, paragraph, rows, seal, table
from competition.sample.randomness import chance, pick

TITLES = {
    3: ("ADMISSION AND DISCHARGE|CONFIRMATION", "CONFIRMATION OF|ADMISSION / DISCHARGE", "ADMISSION - DISCHARGE"),
    4: ("DIAGNOSIS", "MEDICAL DIAGNOSIS", "CERTIFICATE OF|DIAGNOSIS"),
    7: ("OUTPATIENT CERTIFICATE", "MEDICAL OUTPATIENT|CERTIFICATE", "CERTIFICATE OF|OUTPATIENT VISITS"),
    14: ("STATEMENT OF OPINION", "MEDICAL OPINION", "PHYSICIAN'S STATEMENT|OF OPINION"),
}
PAPERS = ((252, 252, 250), (248, 246, 238), (240, 244, 250), (238, 246, 240), (250, 240, 240), (235, 235, 232))
SHADES = (None, (225, 225, 225), (215, 225, 238), (222, 234, 220), (240, 224, 215))


def certificate(rng, target: int):
    """A certificate of class 3, 4, 7 or 14 as a PIL image, A4 upright."""
    page = Page(rng, rng.uniform(0.69, 0.76), pick(rng, PAPERS), (460, 640))
    shade = pick(rng, SHADES)
    left = rng.uniform(0.05, 0.1)
    top = _header(page, left, target)
    top = _patient(page, (left, top, 1 - left, 0), shade)
    bottom = rng.uniform(0.8, 0.85)
    own, others = BLOCKS[target], [pick(rng, SHARED) for _ in range(rng.integers(1, 3))]
    place = int(rng.integers(len(others) + 1))
    blocks = [*others[:place], own, *others[place:]]
    heights = [rng.uniform(2.6, 3.4) if block is own else 1 for block in blocks]
    for block, box in zip(blocks, rows((left, top, 1 - left, bottom), heights), strict=True):
        block(page, part(box, 0, 0.04, 1, 0.96), shade)
    _footer(page, left, bottom)
    if chance(rng, 0.25):
        page.frame((left - 0.02, 0.015, 1.02 - left, 0.985))
    return page.image


def _header(page: Page, left: float, target: int) -> float:
    rng, top = page.rng, page.rng.uniform(0.025, 0.045)
    if chance(rng, 0.6):
        fields(page, (left, top, left + 0.38, top + 0.04), ["No.", "Reg."], [fake_text.digits(rng, 6)] * 2, 2)
    if chance(rng, 0.5):
        page.write((0.55, top, 1 - left, top + 0.025), fake_text.institution(rng, "Hospital"), "r")
    top += rng.uniform(0.045, 0.06)
    lines = pick(rng, TITLES[target]).split("|")
    height = 0.062 if len(lines) == 1 else 0.1
    title = (rng.uniform(0.05, 0.1), top, rng.uniform(0.9, 0.95), top + height)
    for row, line in zip(rows(title, [1] * len(lines)), lines, strict=True):
        page.write(row, line, "m", bold=True)
    if chance(rng, 0.4):
        page.rule(title[0], title[3] + 0.004, title[2], title[3] + 0.004)
    return title[3] + rng.uniform(0.012, 0.03)


def _patient(page: Page, box: Box, shade) -> float:
    rng, count = page.rng, int(page.rng.integers(2, 5)) * 2
    names = ["Name", "Sex / age", "Born", "Phone", "Address", "Insured", "Ward", "Chart"]
    values = [
        fake_text.name(rng),
        f"F / {rng.integers(20, 80)}",
        fake_text.date(rng),
        fake_text.number(rng, "010-####-####"),
    ]
    values += [
        fake_text.address(rng),
        fake_text.number(rng, "##-########"),
        fake_text.word(rng),
        fake_text.digits(rng, 8),
    ]
    height = count / 2 * rng.uniform(0.025, 0.034)
    fields(page, (box[0], box[1], box[2], box[1] + height), names[:count], values[:count], 2, shade, 0.3)
    return box[1] + height + rng.uniform(0.005, 0.015)


def _footer(page: Page, left: float, top: float):
    rng = page.rng
    page.write((left, top + 0.01, 1 - left, top + 0.032), "The above is hereby certified as true.", "m")
    page.write((0.3, top + 0.04, 0.7, top + 0.06), fake_text.date(rng), "m")
    page.write((left, top + 0.065, 0.75, top + 0.085), fake_text.address(rng))
    page.write((left, top + 0.09, 0.75, top + 0.125), fake_text.institution(rng, "Hospital"), bold=True)
    page.write((left, top + 0.126, 0.7, top + 0.146), f"Physician  {fake_text.name(rng)}")
    seal(page, rng.uniform(0.76, 0.88), top + rng.uniform(0.07, 0.11), rng.uniform(0.04, 0.06))


def _titled(page: Page, box: Box, name: str, shade) -> Box:
    """A framed block with its name at the side or on top; the room that is left."""
    page.frame(box)
    if chance(page.rng, 0.5):
        cell(page, part(box, 0, 0, 0.2, 1), "", fill=shade)
        page.write(part(box, 0.01, 0.4, 0.19, 0.6), name, "m")
        return part(box, 0.22, 0.04, 0.98, 0.96)
    thick = 0.026 / (box[3] - box[1])
    cell(page, part(box, 0, 0, 1, thick), name, "m", shade)
    return part(box, 0.03, thick + 0.03, 0.97, 0.97)


def _stay(page: Page, box: Box, shade):
    """Admission and discharge: two large dates side by side, or one above the other."""
    rng = page.rng
    cut = columns if chance(rng, 0.5) else rows
    for place, name in zip(cut(box, [1, 1]), ("ADMITTED", "DISCHARGED"), strict=True):
        head, body = (columns if cut is rows else rows)(place, [3, 7])
        cell(page, head, name, "m", shade or (230, 230, 230), bold=True)
        page.frame(body)
        page.write(part(body, 0.06, 0.25, 0.94, 0.75), fake_text.date(rng), "m", bold=True)


def _codes(page: Page, box: Box, shade):
    """Diagnosis: a list of diseases, each with its code written into single boxes."""
    rng, count = page.rng, int(page.rng.integers(5, 8))
    for i, row in enumerate(rows(box, [1] * count)):
        name, code = columns(row, [5, 5]) if page.line_width == 1 else columns(row, [5, 5])[::-1]
        cell(page, name, f"{i + 1}. {fake_text.word(rng, 2, 4)} {fake_text.word(rng)}")
        for place, letter in zip(columns(code, [1] * 6), fake_text.number(rng, "@##.##"), strict=True):
            cell(page, place, letter, "m", shade, bold=True)


def _visits(page: Page, box: Box, shade):
    """Outpatient: many visits, a narrow table of dates in three or four columns."""
    rng, across, down = page.rng, int(page.rng.integers(3, 5)), int(page.rng.integers(8, 12))
    filled = int(rng.integers(across * down // 2, across * down))
    texts = [["Visit"] * across]
    texts += [[fake_text.date(rng) if i * across + j < filled else "" for j in range(across)] for i in range(down)]
    table(page, box, texts, [1] * across, shade or (228, 228, 228))


def _opinion(page: Page, box: Box, shade):
    """Opinion: one large paragraph of free text."""
    room = _titled(page, box, "Opinion", shade)
    paragraph(page, room, int(page.rng.integers(8, 12)))


def _remark(page: Page, box: Box, shade):
    room = _titled(page, box, pick(page.rng, ("Remarks", "Notes", "Findings")), shade)
    paragraph(page, room, 3)


def _disease(page: Page, box: Box, shade):
    rng = page.rng
    names, values = ["Disease", "Code"], [fake_text.sentence(rng, 2), fake_text.number(rng, "@##.#")]
    fields(page, part(box, 0, 0.3, 1, 0.75), names, values, 2, shade)


def _dates(page: Page, box: Box, shade):
    rng = page.rng
    names = ["Onset", "Issued", "Seen", "Valid to"]
    fields(page, part(box, 0, 0.1, 1, 0.9), names, [fake_text.date(rng) for _ in names], 2, shade)


def _purpose(page: Page, box: Box, shade):
    cell(page, part(box, 0, 0.2, 0.25, 0.8), "Purpose", "m", shade)
    page.frame(part(box, 0.25, 0.2, 1, 0.8))
    for place in columns(part(box, 0.28, 0.35, 1, 0.65), [1, 1, 1]):
        page.write(part(place, 0, 0, 0.9, 1), "[ ] " + fake_text.word(page.rng))


SHARED = (_remark, _disease, _dates, _purpose)
BLOCKS = {3: _stay, 4: _codes, 7: _visits, 14: _opinion}
