"""Rows of the competition before any image is made: IDs, labels, and the faults planted among them."""

from dataclasses import dataclass, replace

from competition.sample.classes import class_counts
from competition.sample.randomness import chance, pick
from competition.sample.variant import Variant
from competition.sample.variants import DEFAULT


@dataclass(frozen=True)
class Row:
    """One image to make.

    `index` numbers the page that is painted: two rows of one `index` show the same page. `fault` is "", "wrong label",
    "exact duplicate", "near duplicate" or "unreadable". `label` is what the CSV says, `target` what is painted.
    """

    id: str
    target: int
    label: int
    index: int
    fault: str = ""


def plan_train(n: int, seed: int, wrong_labels: float | None = None, variant: Variant = DEFAULT) -> list[Row]:
    """`n` training rows in the order of train.csv, faults planted.

    One row is unreadable; the share `wrong_labels` (None: the variant's), but at least 1 unless it is 0, have a wrong
    label, mostly a look-alike's; about 1 % but at least 2 show another row's page. The first two rows of every class
    are spared, so that each class keeps two good pages; where that leaves too few rows (`n` below about 40, or a large
    share), fewer labels and duplicates are planted; with no row left at all, the last row of class 0 is the unreadable
    one. ValueError if `n` is below the number of classes.
    """
    share = variant.wrong_labels if wrong_labels is None else wrong_labels
    rows = _plain(n, seed, "train", variant)
    rng = variant.generator(seed, "faults")
    first: dict[int, list[Row]] = {}
    spare: list[int] = []
    for i in rng.permutation(n).tolist():
        kept = first.setdefault(rows[i].target, [])
        spare.append(i) if len(kept) >= 2 else kept.append(rows[i])
    unreadable = spare.pop() if spare else max(i for i, row in enumerate(rows) if row.target == 0)
    rows[unreadable] = replace(rows[unreadable], fault="unreadable")
    for i in _take_wrong(spare, rows, max(int(share > 0), round(share * n)), rng, variant):
        rows[i] = replace(rows[i], label=_wrong_label(rows[i].target, rng, variant), fault="wrong label")
    for number, i in enumerate(spare[: max(2, round(0.01 * n))]):
        twin = pick(rng, first[rows[i].target])
        rows[i] = replace(rows[i], index=twin.index, fault="near duplicate" if number % 2 else "exact duplicate")
    return rows


def plan_test(n: int, seed: int, variant: Variant = DEFAULT) -> list[Row]:
    """`n` test rows in the order of sample_submission.csv. ValueError if `n` is below the number of classes."""
    return _plain(n, seed, "test", variant)


def usages(n: int, seed: int, variant: Variant = DEFAULT) -> list[str]:
    """Public or Private for each of `n` test rows, half and half (one more Private if `n` is odd)."""
    order = variant.generator(seed, "usage").permutation(n)
    return ["Public" if place < n // 2 else "Private" for place in order]


def _plain(n: int, seed: int, part: str, variant: Variant) -> list[Row]:
    targets = [target for target, count in enumerate(class_counts(n, variant.shares)) for _ in range(count)]
    rng = variant.generator(seed, f"{part} rows")
    ids: dict[str, None] = {}
    while len(ids) < n:
        # The first digit keeps the two parts' IDs apart: train 0 to 7, test 8 to f.
        digit = int(rng.integers(8)) + (0 if part == "train" else 8)
        ids[f"{digit:x}{int(rng.integers(16**11)):011x}.jpg"] = None
    order = rng.permutation(n).tolist()
    return [Row(id, targets[i], targets[i], place) for place, (id, i) in enumerate(zip(ids, order, strict=True))]


def _take_wrong(spare: list[int], rows: list[Row], count: int, rng, variant: Variant) -> list[int]:
    """Takes out of `spare` the rows to mislabel: of a look-alike class four times in five, if there are any."""
    taken = []
    for _ in range(min(count, len(spare))):
        alike = [i for i in spare if variant.family(rows[i].target)]
        taken.append(pick(rng, alike if alike and chance(rng, 0.8) else spare))
        spare.remove(taken[-1])
    return taken


def _wrong_label(target: int, rng, variant: Variant) -> int:
    family = variant.family(target) or range(len(variant.class_names))
    return pick(rng, [other for other in family if other != target])
