"""Cards and booklets: account (0), driving licence (5), national identity card (8), passport (9)."""

from competition.sample import fake_text
from competition.sample.canvas import Page, colour, part
from competition.sample.elements import barcode, paragraph, portrait, rows, seal, waves
from competition.sample.randomness import chance, pick

TINTS = ((226, 240, 232), (228, 236, 248), (248, 236, 226), (246, 230, 238), (240, 240, 226), (236, 234, 246))


def _card(rng, ratio: float):
    tint = pick(rng, TINTS)
    page = Page(rng, ratio, tint, (320, 520))
    waves(page, (0, 0, 1, 1), tuple(v - int(rng.integers(12, 40)) for v in tint), int(rng.integers(8, 22)))
    return page


def account(rng):
    """The first page of a bank book: bank, large account number, holder, seal, the fold of the booklet (class 0)."""
    page = Page(
        rng, rng.uniform(0.68, 0.85) if chance(rng, 0.5) else rng.uniform(1.25, 1.6), pick(rng, TINTS), (380, 600)
    )
    brand = colour(rng, 20, 170)
    upper, lower = rows((0.04, 0.03, 0.96, 0.97), [1, rng.uniform(0.8, 1.2)])
    page.frame(part(upper, 0, 0, 1, 0.2), brand, width=0)
    page.ellipse(part(upper, 0.03, 0.04, 0.1, 0.16), (250, 250, 250))
    page.write(
        part(upper, 0.14, 0.03, 0.7, 0.17), f"{fake_text.word(rng).upper()} BANK", bold=True, ink=(250, 250, 250)
    )
    page.write(part(upper, 0.03, 0.28, 0.4, 0.38), "Account number")
    account_number = fake_text.number(rng, pick(rng, ("###-##-######", "####-###-######", "######-##-######")))
    page.write(part(upper, 0.03, 0.4, 0.95, 0.58), account_number, bold=True)
    page.write(part(upper, 0.03, 0.64, 0.7, 0.78), f"Holder  {fake_text.name(rng)}", bold=True)
    page.write(part(upper, 0.03, 0.82, 0.7, 0.92), f"Opened  {fake_text.date(rng)}")
    seal(page, 0.85, upper[1] + 0.72 * (upper[3] - upper[1]), 0.06)
    page.rule(0, upper[3], 1, upper[3])
    if chance(rng, 0.6):
        paragraph(page, part(lower, 0.03, 0.08, 0.97, 0.6), int(rng.integers(4, 8)))
    page.frame(part(lower, 0, 0.72, 1, 0.86), (50, 40, 40) if chance(rng, 0.7) else brand, width=0)
    barcode(page, part(lower, 0.6, 0.89, 0.97, 1))
    return page.image


def driving_licence(rng):
    """A driving licence: large photograph at the left, licence number, small second photograph (class 5)."""
    page = _card(rng, rng.uniform(1.5, 1.66))
    page.frame((0, 0, 1, 0.17), pick(rng, ((60, 110, 70), (70, 90, 140), (150, 90, 60), (90, 140, 120))), width=0)
    page.write(
        (0.05, 0.02, 0.75, 0.15), pick(rng, ("DRIVER'S LICENSE", "DRIVING LICENSE")), bold=True, ink=(250, 250, 250)
    )
    portrait(page, (0.04, 0.23, 0.31, 0.8))
    page.write((0.35, 0.21, 0.95, 0.33), fake_text.number(rng, "##-##-######-##"), bold=True)
    lines = (
        fake_text.name(rng),
        fake_text.number(rng, "######-#######"),
        fake_text.address(rng),
        fake_text.address(rng)[:18],
    )
    for row, line in zip(rows((0.35, 0.36, 0.88, 0.68), [1.3, 1, 1, 1]), lines, strict=True):
        page.write(row, line)
    portrait(page, (0.82, 0.6, 0.95, 0.92))
    page.write((0.35, 0.7, 0.78, 0.78), f"{fake_text.date(rng)} ~ {fake_text.date(rng)}")
    page.write((0.06, 0.82, 0.3, 0.92), fake_text.number(rng, "@#@#@#"))
    page.write((0.35, 0.83, 0.72, 0.93), f"Police of {fake_text.word(rng).title()}", bold=True)
    seal(page, 0.76, 0.87, 0.03)
    return page.image


def identity_card(rng):
    """A national identity card: name and number in large type at the left, photograph at the right (class 8)."""
    page = _card(rng, rng.uniform(1.5, 1.66))
    page.write((0.06, 0.05, 0.58, 0.19), pick(rng, ("IDENTITY CARD", "RESIDENT CARD", "NATIONAL ID CARD")), bold=True)
    portrait(page, (0.65, 0.1, 0.94, 0.68))
    page.write((0.08, 0.26, 0.55, 0.4), fake_text.name(rng), bold=True)
    page.write((0.08, 0.42, 0.6, 0.54), fake_text.number(rng, "######-#######"), bold=True)
    page.write((0.08, 0.58, 0.6, 0.66), fake_text.address(rng))
    page.write((0.08, 0.67, 0.5, 0.75), fake_text.address(rng)[:16])
    page.write((0.3, 0.77, 0.7, 0.85), fake_text.date(rng), "m")
    page.write((0.15, 0.86, 0.8, 0.97), f"Mayor of {fake_text.word(rng).title()}", "m", bold=True)
    seal(page, 0.85, 0.85, 0.05)
    return page.image


def passport(rng):
    """A passport's data page: photograph at the left, columns of fields, two machine-readable lines (class 9)."""
    whole = chance(rng, 0.3)
    page = _card(rng, rng.uniform(0.7, 0.8) if whole else rng.uniform(1.36, 1.5))
    data = (0, 0.5, 1, 1) if whole else (0, 0, 1, 1)
    if whole:
        page.frame((0, 0, 1, 0.5), colour(rng, 170, 235))
        paragraph(page, (0.15, 0.1, 0.85, 0.4), 7)
    page.write(part(data, 0.05, 0.03, 0.3, 0.13), "PASSPORT", bold=True)
    page.write(part(data, 0.5, 0.04, 0.95, 0.12), f"REPUBLIC OF {fake_text.word(rng, 2, 2).upper()}", "r")
    portrait(page, part(data, 0.05, 0.17, 0.31, 0.69))
    values = [
        fake_text.number(rng, "@########"),
        *fake_text.name(rng).upper().split(),
        fake_text.date(rng),
        fake_text.date(rng),
        fake_text.date(rng),
    ]
    names = ["Passport no.", "Surname", "Given names", "Date of birth", "Date of issue", "Date of expiry"]
    for row, name, value in zip(rows(part(data, 0.36, 0.16, 0.95, 0.72), [1] * 6), names, values, strict=True):
        page.write(part(row, 0, 0, 0.6, 0.4), name)
        page.write(part(row, 0, 0.4, 0.7, 1), value, bold=True)
    page.frame(part(data, 0, 0.76, 1, 1), (248, 248, 246), width=0)
    zone = [
        f"P<{fake_text.word(rng).upper()}<<{fake_text.word(rng).upper()}",
        fake_text.number(rng, "@########<#@@@######<#####"),
    ]
    zone = [line.ljust(34, "<") for line in zone]
    for row, line in zip(rows(part(data, 0.04, 0.79, 0.96, 0.97), [1, 1]), zone, strict=True):
        page.write(row, line, "m", file="DejaVuSansMono-Bold.ttf")
    return page.image
