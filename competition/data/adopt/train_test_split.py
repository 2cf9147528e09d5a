"""Train-test split of class folders, and the public and private half of the test part."""

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np

from competition.common.seeds import generator


def choose_test_images(labels: Sequence[str], groups: Sequence[str], share: float, seed: int) -> np.ndarray:
    """Return (N,) bool: which images make the test part.

    About `share` (0..1) of every class, at least one image of a class with two groups or more; a group stays whole, and
    no class loses all its training images. labels, groups: (N,) names. The groups are drawn at random and taken where
    they bring the classes nearer to their shares. What is chosen follows from the names, not from the rows' order.
    """
    members: dict[str, Counter] = defaultdict(Counter)  # group -> images of each class
    for label, group in zip(labels, groups, strict=True):
        members[group][label] += 1
    totals = Counter(labels)
    wanted = {label: max(1, int(total * share + 0.5)) for label, total in totals.items()}
    taken: Counter = Counter()
    chosen: set[str] = set()

    def further(group: str) -> int:
        """Return by how many images, over all classes, taking the group leads away from the shares."""
        gaps = ((wanted[label] - taken[label], count) for label, count in members[group].items())
        return sum(abs(gap - count) - abs(gap) for gap, count in gaps)

    def leaves_training(group: str) -> bool:
        return all(taken[label] + count < totals[label] for label, count in members[group].items())

    def take(group: str) -> None:
        chosen.add(group)
        taken.update(members[group])

    order = generator(seed, "test part").permutation(np.array(sorted(members), dtype=object)).tolist()
    for group in order:
        if further(group) < 0 and leaves_training(group):
            take(group)
    for label in sorted(totals):
        if not taken[label]:  # each of its groups is far larger than its share
            able = [group for group in order if label in members[group] and leaves_training(group)]
            if able:
                take(min(able, key=further))
    return np.array([group in chosen for group in groups])


def public_private(labels: Sequence[str], is_test: Sequence[bool], seed: int) -> list[str]:
    """Return (N,) "Public" or "Private" for test images, half and half overall and in every class; "" elsewhere."""
    rows: dict[str, list[int]] = defaultdict(list)
    for row, (label, in_test) in enumerate(zip(labels, is_test, strict=True)):
        if in_test:
            rows[label].append(row)
    draws = generator(seed, "usage")
    usage = [""] * len(labels)
    for place, row in enumerate(row for label in sorted(rows) for row in draws.permutation(rows[label])):
        usage[row] = ("Public", "Private")[place % 2]
    return usage
