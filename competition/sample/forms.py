"""Forms that fill a sheet: application (1), prescription (12), resume (13), vehicle registration certificate (15)."""

from competition.sample import fake_text
from competition.sample.canvas import Page, colour, part
from competition.sample.elements import barcode, cell, columns, fields, paragraph, portrait, rows, seal, table, waves
from competition.sample.medical import PAPERS, SHADES
from competition.sample.randomness import chance, pick


def application(rng):
    """An application form: merged side headings, check boxes, dense rows, a receipt strip below (class 1)."""
    page = Page(rng, rng.uniform(0.68, 0.74), pick(rng, PAPERS), (480, 640))
    shade = pick(rng, SHADES[1:])
    for row, line in zip(rows((0.06, 0.035, 0.94, 0.125), [1, 1]), _application_title(rng), strict=True):
        page.write(row, line, "m", bold=True)
    top = 0.14
    for name in ("Applicant", "Pregnancy", "Payment", "Account"):
        bottom = top + rng.uniform(0.11, 0.15)
        head, body = columns((0.06, top, 0.94, bottom), [1, 5])
        cell(page, head, name, "m", shade, bold=True)
        _boxes_or_fields(page, body, shade)
        top = bottom
    paragraph(page, (0.08, top + 0.01, 0.92, top + 0.07), 3)
    page.write((0.4, top + 0.08, 0.9, top + 0.105), f"Applicant {fake_text.name(rng)} (sign)", "r")
    for x in range(24):
        page.rule(0.04 + x * 0.04, 0.885, 0.06 + x * 0.04, 0.885)
    table(
        page,
        (0.06, 0.9, 0.94, 0.97),
        [["Receipt", "No.", "Date"], ["", fake_text.digits(rng, 6), fake_text.date(rng)]],
        [2, 1, 1],
    )
    return page.image


def _application_title(rng):
    endings = ("MEDICAL EXPENSES", "EXPENSES (NEW / CHANGE)", "MEDICAL COSTS")
    return "APPLICATION FOR PAYMENT OF", f"PREGNANCY {pick(rng, endings)}"


def _boxes_or_fields(page: Page, body, shade):
    rng = page.rng
    upper, lower = rows(body, [2, 1])
    values = [
        fake_text.name(rng),
        fake_text.number(rng, "######-#######"),
        fake_text.date(rng),
        fake_text.number(rng, "010-####-####"),
    ]
    fields(page, upper, ["Name", "ID no.", "Date", "Phone"], values, 2, shade)
    page.frame(lower)
    for place in columns(part(lower, 0.03, 0.2, 1, 0.8), [1, 1, 1, 1]):
        page.frame(part(place, 0, 0.15, 0.12, 0.85), fill=(40, 40, 40) if chance(rng, 0.3) else None)
        page.write(part(place, 0.18, 0, 0.95, 1), fake_text.word(rng))


def prescription(rng):
    """A prescription: split head, a tall drug table with dose columns, a dispensing box below (class 12)."""
    page = Page(rng, rng.uniform(0.69, 0.8), pick(rng, PAPERS), (460, 620))
    shade = pick(rng, SHADES)
    if chance(rng, 0.6):
        page.write((0.06, 0.03, 0.2, 0.1), "Rx", bold=True, file="DejaVuSerif-Bold.ttf")
    page.write((0.22, 0.03, 0.78, 0.1), "PRESCRIPTION", "m", bold=True)
    patient, clinic = columns((0.05, 0.12, 0.95, 0.27), [1, 1])
    names = ["Issued", "Name", "ID no.", "Disease"]
    values = [
        fake_text.date(rng),
        fake_text.name(rng),
        fake_text.number(rng, "######-#######"),
        fake_text.number(rng, "@## @##"),
    ]
    fields(page, patient, names, values, 1, shade)
    names, values = (
        ["Clinic", "Phone", "Fax"],
        [fake_text.institution(rng, "Clinic"), fake_text.digits(rng, 9), fake_text.digits(rng, 9)],
    )
    fields(page, clinic, names, values, 1, shade)
    seal(page, 0.88, 0.2, 0.05)
    count, filled = int(rng.integers(11, 15)), int(rng.integers(3, 9))
    lines = [["Drug", "Dose", "x day", "Days", "Use"]]
    for i in range(count):
        dose = [str(rng.integers(1, 4)), str(rng.integers(1, 4)), str(rng.integers(3, 60)), fake_text.word(rng, 1, 1)]
        lines.append([f"{fake_text.word(rng)} {rng.integers(1, 50) * 10}mg", *dose] if i < filled else [""] * 5)
    table(page, (0.05, 0.285, 0.95, 0.76), lines, [5, 1, 1, 1, 2], shade)
    left, right = columns((0.05, 0.775, 0.95, 0.96), [1, rng.uniform(0.8, 1.5)])
    page.frame(left)
    paragraph(page, part(left, 0.05, 0.08, 0.95, 0.92), 6)
    fields(
        page,
        right,
        ["Pharmacy", "Chemist", "Prepared"],
        [fake_text.word(rng), fake_text.name(rng), fake_text.date(rng)],
        1,
        shade,
    )
    return page.image


def resume(rng):
    """A resume: photograph in a corner, personal rows beside it, tables of years (class 13)."""
    page = Page(rng, rng.uniform(0.69, 0.73), pick(rng, PAPERS[:3]), (480, 640))
    shade = pick(rng, SHADES)
    page.write((0.25, 0.03, 0.75, 0.095), pick(rng, ("RESUME", "R E S U M E", "CURRICULUM VITAE")), "m", bold=True)
    photo, person = columns((0.06, 0.12, 0.94, 0.29), [2.2, 6.5])
    if chance(rng, 0.35):
        person, photo = columns((0.06, 0.12, 0.94, 0.29), [6.5, 2.2])
    page.frame(photo)
    portrait(page, part(photo, 0.08, 0.04, 0.92, 0.96))
    values = [
        fake_text.name(rng),
        fake_text.date(rng),
        fake_text.number(rng, "010-####-####"),
        f"{fake_text.word(rng)}@{fake_text.word(rng)}.ex",
    ]
    values += [fake_text.address(rng)]
    fields(page, part(person, 0.03, 0, 0.97, 1), ["Name", "Born", "Phone", "Mail", "Address"], values, 1, shade, 0.22)
    top = 0.31
    for name in ("Education", "Experience", "Licences"):
        count = int(rng.integers(3, 6))
        bottom = top + 0.034 * (count + 1)
        lines = [["Period", name, "Note"]]
        for _ in range(count):
            years = f"{rng.integers(1990, 2010)}-{rng.integers(2010, 2025)}"
            lines.append(
                [years, fake_text.institution(rng, pick(rng, ("School", "Works", "Office"))), fake_text.word(rng)]
            )
        table(page, (0.06, top, 0.94, bottom), lines, [2.2, 5, 1.5], shade)
        top = bottom + 0.015
    if top < 0.88:
        paragraph(page, (0.08, top, 0.92, min(top + 0.1, 0.9)), 4)
    page.write((0.4, 0.93, 0.9, 0.955), f"{fake_text.date(rng)}   {fake_text.name(rng)}", "r")
    return page.image


def vehicle_certificate(rng):
    """A vehicle registration certificate: numbered cells on wavy tinted paper, in two halves (class 15)."""
    landscape = chance(rng, 0.35)
    tint = pick(rng, ((236, 243, 236), (244, 240, 226), (230, 240, 246), (246, 236, 240), (248, 248, 246)))
    page = Page(rng, rng.uniform(1.3, 1.45) if landscape else rng.uniform(0.69, 0.76), tint, (460, 640))
    waves(page, (0, 0, 1, 1), tuple(max(0, v - 22) for v in tint), int(rng.integers(18, 34)))
    page.frame((0.025, 0.02, 0.975, 0.98), line=colour(rng, 60, 150), width=3)
    page.write(
        (0.1, 0.04, 0.9, 0.11),
        pick(rng, ("VEHICLE REGISTRATION CERTIFICATE", "REGISTRATION OF VEHICLE")),
        "m",
        bold=True,
    )
    page.write((0.06, 0.115, 0.5, 0.14), f"No. {fake_text.number(rng, '####-######')}")
    halves = columns((0.05, 0.15, 0.95, 0.84), [1, 1]) if landscape else rows((0.05, 0.15, 0.95, 0.84), [5, 6])
    for half, first in zip(halves, (1, 11), strict=True):
        _numbered(page, part(half, 0.01, 0.01, 0.99, 0.97), first)
    page.write((0.1, 0.87, 0.7, 0.9), fake_text.date(rng), "m")
    page.write((0.1, 0.91, 0.7, 0.95), fake_text.institution(rng, "Province"), "m", bold=True)
    seal(page, 0.76, 0.915, 0.045)
    if chance(rng, 0.6):
        barcode(page, (0.83, 0.88, 0.95, 0.95))
    return page.image


def _numbered(page: Page, box, first: int):
    rng = page.rng
    names = [
        "Plate",
        "Type",
        "Use",
        "Model",
        "Chassis",
        "Engine",
        "Owner",
        "ID no.",
        "Length",
        "Mass",
        "Height",
        "Seats",
    ]
    names = [f"({first + i}) {name}" for i, name in enumerate(names)]
    values = [fake_text.number(rng, pick(rng, ("##@ ####", "@@###", "#,###", "@@@#@##@"))) for _ in names]
    fields(page, box, names, values, 2, label_share=0.45)
