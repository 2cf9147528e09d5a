"""The 17 document classes, how unequal they are, and how many pages each gets."""

CLASS_NAMES = (
    "account_number",
    "application_for_payment_of_pregnancy_medical_expenses",
    "car_dashboard",
    "confirmation_of_admission_and_discharge",
    "diagnosis",
    "driver_lisence",
    "medical_bill_receipts",
    "medical_outpatient_certificate",
    "national_id_card",
    "passport",
    "payment_confirmation",
    "pharmaceutical_receipt",
    "prescription",
    "resume",
    "statement_of_opinion",
    "vehicle_registration_certificate",
    "vehicle_registration_plate",
)

LOOK_ALIKES = (3, 4, 7, 14)

# Class 1 is half as frequent as most, 13 and 14 are rarer too: the shape of the original competition's 1,570 pages.
SHARES = tuple({1: 46, 13: 74, 14: 50}.get(target, 100) for target in range(len(CLASS_NAMES)))


def class_counts(n: int, shares: tuple[int, ...] = SHARES) -> list[int]:
    """Pages per class, as many integers as `shares` that sum to `n`, in proportion to `shares`.

    Every class gets at least 2 pages if there are 2 for each, else at least 1. Remainders go to the largest fractions,
    ties to the lower target. ValueError if `n` is below the number of classes.
    """
    if n < len(shares):
        raise ValueError(f"{n} pages asked for, but {len(shares)} classes need at least {len(shares)}: ask for more")
    least = 2 if n >= 2 * len(shares) else 1
    exact = [n * share / sum(shares) for share in shares]
    counts = [max(least, int(value)) for value in exact]
    while sum(counts) != n:
        step = 1 if sum(counts) < n else -1
        movable = [t for t, count in enumerate(counts) if count + step >= least]
        neediest = max(movable, key=lambda t: (step * (exact[t] - counts[t]), -t))
        counts[neediest] += step
    return counts
