"""The specialist: which classes it is for, and that without a base there is none."""

import numpy as np
import pandas as pd
import pytest

from competition.data.predictions import Predictions
from competition.members.specialist import find_hard_classes
from competition.settings.specialize import SpecializeSettings
from pipelines import specialize

TARGETS = ("a", "b", "c")
IDS = [f"{n:02d}" for n in range(12)]
FOLDS = pd.DataFrame({"ID": IDS, "target": [TARGETS[n % 3] for n in range(12)], "fold": [n // 6 for n in range(12)]})


def base_that_answers(answers: str) -> list[dict[str, Predictions]]:
    """Each of two folds' test-like predictions, whose answers for the twelve images these are."""
    one_hot = np.eye(3, dtype=np.float32)[[TARGETS.index(target) for target in answers]]
    parts = [slice(0, 6), slice(6, 12)]
    return [{"test_like": Predictions(np.array(IDS[part]), one_hot[part], TARGETS)} for part in parts]


def test_auto_finds_the_classes_that_the_base_confuses():
    settings = SpecializeSettings(most=2)
    assert find_hard_classes(settings, base_that_answers("abc" * 3 + "acb"), FOLDS, TARGETS) == [1, 2]
    assert find_hard_classes(settings, base_that_answers("abc" * 3 + "cba"), FOLDS, TARGETS) == [0, 2]


@pytest.mark.parametrize(("fold", "found"), [(0, [0, 2]), (-1, [0, 2]), (-2, [1, 2]), (1, [1, 2])])
def test_auto_takes_a_class_that_is_learnt_without_the_fold_that_scores_it(fold, found):
    """b and c are confused most, then a and c; of b only fold 0 scores an image, and the others are there."""
    ids = [f"{n:02d}" for n in range(12)]
    targets = ["b", *"aaccc", *"aaaccc", *"bbb"]
    folds = pd.DataFrame({"ID": [*ids, "x", "y", "z"], "target": targets, "fold": [0] * 6 + [1] * 6 + [fold] * 3})
    parts = [(ids[:6], "caaccb"), (ids[6:], "aacccc")]
    base = []
    for part, answers in parts:
        one_hot = np.eye(3, dtype=np.float32)[[TARGETS.index(target) for target in answers]]
        base.append({"test_like": Predictions(np.array(part), one_hot, TARGETS)})
    assert find_hard_classes(SpecializeSettings(most=2), base, folds, TARGETS) == found


def test_named_classes_are_taken_in_the_classes_order():
    settings = SpecializeSettings(hard_classes=("c", "a", "c"))
    assert find_hard_classes(settings, [], FOLDS, TARGETS) == [0, 2]


@pytest.mark.parametrize("names", [("a", "d"), ("a", "a")])
def test_too_few_or_unknown_classes_are_refused(names):
    with pytest.raises(ValueError, match="specialize.hard_classes: expected at least two of"):
        find_hard_classes(SpecializeSettings(hard_classes=names), [], FOLDS, TARGETS)


def test_without_a_base_the_command_says_what_to_write(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text("specialize: {base: []}")
    with pytest.raises(ValueError, match=r"specialize\.base: \[\] in params\.yaml.*name a member"):
        specialize.main(0)
