"""Receipts: medical bill (6), payment confirmation (10), pharmacy receipt (11)."""

from competition.sample import fake_text
from competition.sample.canvas import Page, part
from competition.sample.elements import barcode, cell, columns, fields, paragraph, rows, seal, table
from competition.sample.medical import PAPERS, SHADES
from competition.sample.randomness import chance, pick


def medical_bill(rng):
    """A hospital bill: a wide table of items and shares at the left, a panel of totals at the right (class 6)."""
    page = Page(rng, rng.uniform(0.7, 1.15), pick(rng, PAPERS), (460, 640))
    shade = pick(rng, SHADES)
    page.write(
        (0.08, 0.025, 0.92, 0.085), pick(rng, ("MEDICAL BILL - RECEIPT", "MEDICAL EXPENSES RECEIPT")), "m", bold=True
    )
    values = [fake_text.digits(rng, 8), fake_text.name(rng), fake_text.date(rng), fake_text.word(rng)]
    table(page, (0.04, 0.1, 0.96, 0.17), [["Patient no.", "Name", "Period", "Ward"], values], [1, 1, 1, 1], shade)
    items, totals = columns((0.04, 0.18, 0.96, 0.82), [rng.uniform(2.2, 2.8), 1])
    lines = [["Item", "Insured", "Own", "Not ins."]]
    for _ in range(rng.integers(15, 22)):
        lines.append(
            [fake_text.word(rng), fake_text.amount(rng), fake_text.amount(rng) if chance(rng, 0.6) else "", ""]
        )
    table(page, items, lines, [1.6, 1, 1, 1], shade)
    for i, row in enumerate(rows(part(totals, 0.04, 0, 1, 1), [1] * 6)):
        head, body = rows(row, [1, 1.3])
        cell(page, head, ("Total", "Insurer", "Own share", "Paid before", "To pay", "Paid")[i], "m", shade)
        cell(page, body, fake_text.amount(rng), "r", bold=True)
    paragraph(page, (0.05, 0.835, 0.6, 0.9), 3)
    page.write((0.05, 0.915, 0.7, 0.955), fake_text.institution(rng, "Hospital"), bold=True)
    seal(page, rng.uniform(0.78, 0.9), rng.uniform(0.89, 0.93), 0.05)
    return page.image


def payment_confirmation(rng):
    """A yearly confirmation: a head of fields, twelve months of payments, one sum, a certifying line (class 10)."""
    page = Page(rng, rng.uniform(0.69, 0.76), pick(rng, PAPERS), (460, 640))
    shade = pick(rng, SHADES)
    title = pick(rng, ("PAYMENT CONFIRMATION", "CONFIRMATION OF|PAYMENT", "MEDICAL PAYMENT|CONFIRMATION")).split("|")
    for row, line in zip(rows((0.12, 0.04, 0.88, 0.1 + 0.03 * (len(title) - 1)), [1] * len(title)), title, strict=True):
        page.write(row, line, "m", bold=True)
    values = [
        fake_text.name(rng),
        fake_text.number(rng, "######-#######"),
        fake_text.address(rng),
        fake_text.digits(rng, 8),
    ]
    fields(page, (0.06, 0.15, 0.94, 0.215), ["Name", "ID no.", "Address", "Chart"], values, 2, shade)
    first = int(rng.integers(1, 5))
    months = [[f"2024.{first + i:02}", *(fake_text.amount(rng) for _ in range(3))] for i in range(rng.integers(6, 9))]
    bottom = rng.uniform(0.52, 0.6)
    table(page, (0.06, 0.235, 0.94, bottom), [["Month", "Total", "Insurer", "Paid"], *months], [1, 1, 1, 1], shade)
    cell(
        page,
        (0.06, bottom, 0.94, bottom + 0.07),
        f"SUM  {fake_text.amount(rng)}",
        "m",
        shade or (230, 230, 230),
        bold=True,
    )
    page.write((0.1, 0.71, 0.9, 0.74), "We confirm the above payments.", "m")
    page.write((0.3, 0.76, 0.7, 0.79), fake_text.date(rng), "m")
    page.write((0.15, 0.84, 0.75, 0.895), fake_text.institution(rng, "Hospital"), "m", bold=True)
    seal(page, 0.8, 0.87, rng.uniform(0.05, 0.08))
    return page.image


def pharmacy_receipt(rng):
    """A pharmacy's medicine bag: a block of amounts beside or above big pictured medicines (class 11)."""
    wide = chance(rng, 0.5)
    page = Page(rng, rng.uniform(1.1, 1.5) if wide else rng.uniform(0.48, 0.72), pick(rng, PAPERS), (420, 620))
    halves = columns((0.04, 0.17, 0.96, 0.96), [1, 1.2]) if wide else rows((0.05, 0.12, 0.95, 0.97), [1, 1.2])
    page.write(
        (0.06, 0.03, 0.94, 0.12 if wide else 0.1), pick(rng, ("PHARMACY RECEIPT", "MEDICINE RECEIPT")), "m", bold=True
    )
    bill, drugs = halves if chance(rng, 0.6) else halves[::-1]
    _amounts(page, part(bill, 0.02, 0.02, 0.98, 0.96))
    _medicines(page, part(drugs, 0.02, 0.02, 0.98, 0.98))
    return page.image


def _amounts(page: Page, box):
    rng, shade = page.rng, pick(page.rng, SHADES)
    upper, lower = rows(box, [3, 1])
    names = ["Name", "Date", "Drug cost", "Service", "Insurer", "Own share", "Paid"]
    values = [fake_text.name(rng), fake_text.date(rng)] + [fake_text.amount(rng) for _ in names[2:]]
    fields(page, upper, names, values, 1, shade, 0.45)
    page.write(part(lower, 0, 0.15, 0.7, 0.5), fake_text.institution(rng, "Pharmacy"), bold=True)
    barcode(page, part(lower, 0, 0.6, 0.6, 0.95))
    seal(page, lower[2] - 0.1, (lower[1] + lower[3]) / 2, 0.04)


def _medicines(page: Page, box):
    rng = page.rng
    for row in rows(box, [1] * int(rng.integers(3, 6))):
        page.frame(part(row, 0, 0.03, 1, 0.97))
        tint = pick(rng, ((240, 200, 120), (240, 150, 150), (160, 200, 240), (250, 250, 250), (190, 225, 170)))
        page.frame(part(row, 0.03, 0.15, 0.3, 0.85), (110, 115, 125), width=0)
        page.ellipse(part(row, 0.07, 0.3, 0.26, 0.7), tint)
        page.write(part(row, 0.34, 0.1, 0.95, 0.38), f"{fake_text.word(rng)} {rng.integers(1, 50) * 10}mg", bold=True)
        paragraph(page, part(row, 0.34, 0.42, 0.97, 0.92), 3)
