"""What a site does with a submission: its form checked, its score computed. Nothing of the project is used.

Numbers are computed the plain way, pair by pair or row by row, since the sets are tiny.
"""

import csv
import itertools
import math
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

SURE = 1e-15  # probabilities are clipped this far from 0 and 1


def read(path: Path) -> tuple[list[str], list[list[str]]]:
    """Return a CSV file's header and rows."""
    with open(path, newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    return header, rows


# the form: problems of one row's cells, given the classes


def probability(cells: list[str], classes: Sequence[str]) -> str:
    """One number in 0..1."""
    return "" if len(cells) == 1 and _in_unit(cells) else f"not a probability: {cells}"


def probabilities(cells: list[str], classes: Sequence[str]) -> str:
    """A number in 0..1 for each column."""
    return "" if _in_unit(cells) else f"not probabilities: {cells}"


def distribution(cells: list[str], classes: Sequence[str]) -> str:
    """A number in 0..1 for each column, their sum 1 within 1e-5."""
    if not _in_unit(cells):
        return f"not probabilities: {cells}"
    total = sum(map(float, cells))
    return "" if abs(total - 1) <= 1e-5 else f"a row sums to {total!r}"


def label(cells: list[str], classes: Sequence[str]) -> str:
    """One of the classes."""
    return "" if len(cells) == 1 and cells[0] in classes else f"no class: {cells}"


def label_set(cells: list[str], classes: Sequence[str]) -> str:
    """Different classes with blanks between them; none at all is allowed."""
    found = cells[0].split()
    fine = len(cells) == 1 and set(found) <= set(classes) and len(set(found)) == len(found)
    return "" if fine else f"not a set of classes: {cells}"


def five_best(cells: list[str], classes: Sequence[str]) -> str:
    """One to five different classes with blanks between them."""
    return label_set(cells, classes) or ("" if 1 <= len(cells[0].split()) <= 5 else f"not one to five: {cells}")


def _in_unit(cells: list[str]) -> bool:
    try:
        return all(0 <= float(cell) <= 1 for cell in cells)
    except ValueError:
        return False


CHECKS = {rule.__name__: rule for rule in (probability, probabilities, distribution, label, label_set, five_best)}


def problems(path: Path, header: Sequence[str], ids: Sequence[str], rule: str, classes: Sequence[str]) -> list[str]:
    """Return what a site would refuse in the submission at `path`, [] for a valid one."""
    found_header, rows = read(path)
    if found_header != list(header):
        return [f"columns {found_header}, expected {list(header)}"]
    found = []
    for id, times in Counter(row[0] for row in rows).items():
        if times > 1 or id not in ids:
            found.append(f"ID {id} stands {times} times, or is unknown")
    found += [f"ID {id} is missing" for id in set(ids) - {row[0] for row in rows}]
    for row in rows:
        if len(row) != len(header):
            found.append(f"{row}: {len(row)} cells")
        elif rule not in ("label_set",) and "" in row[1:]:
            found.append(f"{row}: an empty cell")
        elif problem := CHECKS[rule](row[1:], classes):
            found.append(f"{row[0]}: {problem}")
    return found


# the score: of answers against the truth, both lists with an entry for each ID


def auc(truth: list[int], answers: list[list[str]]) -> float:
    """Area under the ROC curve: of all pairs of a positive and a negative, the share in the right order; ties half."""
    return _auc(truth, [float(cells[0]) for cells in answers])


def mean_column_auc(truth: list[list[int]], answers: list[list[str]]) -> float:
    """Mean over the columns of their AUC."""
    columns = range(len(truth[0]))
    return float(np.mean([_auc([row[c] for row in truth], [float(row[c]) for row in answers]) for c in columns]))


def _auc(truth: list[int], values: list[float]) -> float:
    positive = [value for right, value in zip(truth, values, strict=True) if right]
    negative = [value for right, value in zip(truth, values, strict=True) if not right]
    pairs = list(itertools.product(positive, negative))
    return sum((one > other) + 0.5 * (one == other) for one, other in pairs) / len(pairs)


def binary_log_loss(truth: list[int], answers: list[list[str]]) -> float:
    """Mean of -log of the probability given to what is right."""
    values = [min(max(float(cells[0]), SURE), 1 - SURE) for cells in answers]
    return -float(np.mean([math.log(p if right else 1 - p) for right, p in zip(truth, values, strict=True)]))


def log_loss(truth: list[int], answers: list[list[str]]) -> float:
    """Mean of -log of the probability given to the right column; truth: the columns' numbers."""
    return -float(
        np.mean([math.log(max(float(cells[right]), SURE)) for right, cells in zip(truth, answers, strict=True)])
    )


def accuracy(truth: list[str], answers: list[list[str]]) -> float:
    """Share of the right answers; also micro F1 of one label a row."""
    return sum(cells[0] == right for right, cells in zip(truth, answers, strict=True)) / len(truth)


def macro_f1(truth: list[str], answers: list[list[str]]) -> float:
    """Mean of the F1 of every class that occurs."""
    given = [cells[0] for cells in answers]
    scores = []
    for name in sorted({*truth, *given}):
        hits = sum(right == one == name for right, one in zip(truth, given, strict=True))
        scores.append(2 * hits / (truth.count(name) + given.count(name)))
    return float(np.mean(scores))


def quadratic_weighted_kappa(truth: list[str], answers: list[list[str]]) -> float:
    """1 - sum of squared distances / the sum that is expected of the same grades in any order."""
    pairs = [(int(right), int(cells[0])) for right, cells in zip(truth, answers, strict=True)]
    seen = sum((one - other) ** 2 for one, other in pairs)
    expected = sum((one - other) ** 2 for one, _ in pairs for _, other in pairs) / len(pairs)
    return 1 - seen / expected if expected else 0.0


def mean_f(truth: list[set[str]], answers: list[list[str]], beta: float = 1) -> float:
    """Mean over the rows of each one's F-beta; nothing against nothing is 1."""
    scores = []
    for right, cells in zip(truth, answers, strict=True):
        found = set(cells[0].split())
        below = beta**2 * len(right) + len(found)
        scores.append((1 + beta**2) * len(right & found) / below if below else 1.0)
    return float(np.mean(scores))


def mean_f2(truth: list[set[str]], answers: list[list[str]]) -> float:
    """Mean over the rows of each one's F2."""
    return mean_f(truth, answers, 2)


def micro_f1(truth: list[set[str]], answers: list[list[str]]) -> float:
    """F1 over all pairs of a row and a label."""
    found = [set(cells[0].split()) for cells in answers]
    hits = sum(len(right & one) for right, one in zip(truth, found, strict=True))
    return 2 * hits / max(1, sum(map(len, truth)) + sum(map(len, found)))


def map_at_5(truth: list[str], answers: list[list[str]]) -> float:
    """Mean of 1/rank of the right one among the first five, else 0."""
    scores = []
    for right, cells in zip(truth, answers, strict=True):
        five = cells[0].split()[:5]
        scores.append(1 / (five.index(right) + 1) if right in five else 0.0)
    return float(np.mean(scores))


SCORES: dict[str, Callable] = {
    score.__name__: score
    for score in (
        auc, mean_column_auc, binary_log_loss, log_loss, accuracy, macro_f1, quadratic_weighted_kappa, mean_f, mean_f2,
        micro_f1, map_at_5,
    )
}  # fmt: skip
LOWER_IS_BETTER = ("binary_log_loss", "log_loss")


def score(name: str, path: Path, solution: dict[str, object]) -> float:
    """Return the score `name` of the valid submission at `path` against ID -> right answer."""
    answers = {row[0]: row[1:] for row in read(path)[1]}
    return SCORES[name](list(solution.values()), [answers[id] for id in solution])


def best_constant(name: str, solution: dict[str, object], classes: Sequence[str]) -> float:
    """Return the best score that one answer for all rows can have, chosen with the right answers at hand."""
    truth = list(solution.values())
    if name in ("auc", "mean_column_auc"):
        return 0.5
    if name == "binary_log_loss":
        constants = [[repr(float(np.mean(truth)))]]
    elif name == "log_loss":
        constants = [[repr(truth.count(column) / len(truth)) for column in range(len(classes))]]
    elif name in ("mean_f", "mean_f2", "micro_f1"):
        sizes = range(len(classes) + 1)
        constants = [[" ".join(some)] for size in sizes for some in itertools.combinations(classes, size)]
    elif name == "map_at_5":
        constants = [[" ".join(name for name, _ in Counter(truth).most_common(5))]]
    else:
        constants = [[one] for one in classes]
    scores = [SCORES[name](truth, [constant] * len(truth)) for constant in constants]
    return min(scores) if name in LOWER_IS_BETTER else max(scores)


def margin(name: str, path: Path, solution: dict[str, object], classes: Sequence[str]) -> float:
    """Return which share of the way from the best constant answer to a perfect one the submission goes, at most 1."""
    perfect = 0.0 if name in LOWER_IS_BETTER else 1.0
    constant = best_constant(name, solution, classes)
    return (score(name, path, solution) - constant) / (perfect - constant)
