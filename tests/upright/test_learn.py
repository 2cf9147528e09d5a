"""The folds that the upright networks keep to."""

import numpy as np
import pandas as pd
import pytest

from competition.settings.upright import UprightSettings
from competition.upright.fit import own_folds


def a_split(groups: int, each: int) -> pd.DataFrame:
    """Return a split in three folds, in groups of `each` images; the last two groups are in none."""
    group = np.repeat(np.arange(groups), each)
    fold = np.where(group == groups - 1, -1, np.where(group == groups - 2, -2, group % 3))
    ids = [str(n) for n in range(len(group))]
    return pd.DataFrame({"ID": ids, "target": (group % 7).astype(str), "fold": fold, "group": group.astype(str)})


@pytest.mark.parametrize("folds", [2, 4])
def test_folds_of_their_own_divide_no_group_and_know_no_label(folds):
    table, settings = a_split(40, 3), UprightSettings(folds=folds)
    found = own_folds(table, settings)
    numbers = table["ID"].map(found)
    assert numbers.groupby(table["group"]).nunique().eq(1).all()
    seen = table["fold"] != -1
    assert (numbers[~seen] == -1).all()
    counts = numbers[seen].value_counts()
    assert set(counts.index) == set(range(folds)) and counts.max() - counts.min() <= 3
    others = table.assign(target="0", fold=np.where(seen, 0, table["fold"]))
    assert own_folds(others.iloc[::-1], settings) == found


def test_more_folds_than_groups_are_refused():
    with pytest.raises(ValueError, match=r"upright\.folds: 5 folds of 4 groups of images; take fewer"):
        own_folds(a_split(5, 2), UprightSettings(folds=5))
