"""Labels in file names: a pattern that can be read in two ways is asked about, and decided in the pattern."""

import re

import pytest

from competition.common.errors import ContractError
from competition.data.adopt.file_labels import labels_in_names

PETS = ["american_bulldog_0.jpg", "american_pit_bull_0.jpg", "British_Shorthair_0.jpg", "Abyssinian_0.jpg"]
PARTED = ["cat_train_001.jpg", "dog_train_002.jpg"]


def labels(files: list[str], pattern: str, place: int = 1) -> list[str]:
    return [found[place] for found in labels_in_names(files, pattern).values()]


def test_a_pattern_that_cuts_names_in_two_ways_is_asked_about():
    said = (
        "--label-from {label}_{id}.jpg: 3 images fit in two ways: british_short_0.jpg (british or british_short), "
        "cat_a_1.jpg (cat or cat_a), dog_b_1.jpg (dog or dog_b); write {label:short} for the first reading, "
        "{label:long} for the second"
    )
    with pytest.raises(ContractError) as caught:
        labels(["owl_1.jpg", "british_short_0.jpg", "cat_a_1.jpg", "dog_b_1.jpg"], "{label}_{id}.jpg")
    assert str(caught.value) == said


def test_the_longest_and_the_shortest_label_can_be_asked_for():
    assert labels(PETS, "{label:long}_{id}.jpg") == [file.removesuffix("_0.jpg") for file in PETS]
    assert labels(PETS, "{label:short}_{id}.jpg") == ["american", "american", "British", "Abyssinian"]
    assert labels(PARTED, "{label:short}_{id}.jpg") == ["cat", "dog"]
    assert labels(["1_a_b.png"], "*_{label:long}.png") == ["a_b"] and labels(["1_a_b.png"], "*_{label:short}.*") == [
        "b"
    ]


@pytest.mark.parametrize("pattern", ["*_{label}.jpg", "{label}*", "{label}_{group}_{id}.jpg", "{label}.{id}.*"])
def test_whatever_else_stands_in_the_pattern(pattern):
    with pytest.raises(ContractError, match="1 image fits in two ways: .*; write {label:short}"):
        labels(["a_b_c_d.1.2.jpg"], pattern)


def test_a_group_that_is_cut_in_two_ways_is_asked_about_too():
    files = ["cat/p_1_0.png", "dog/p_2_1.png"]
    with pytest.raises(
        ContractError, match=re.escape("cat/p_1_0.png (p or p_1), dog/p_2_1.png (p or p_2); write {gro")
    ):
        labels(files, "{label}/{group}_{id}.png")
    assert labels(files, "{label}/{group:long}_{id}.png", 2) == ["p_1", "p_2"]


def test_patterns_of_one_reading_need_no_more():
    assert labels(["cat_1.png", "dog_2.png"], "{label}_{id}.png") == ["cat", "dog"]
    assert labels(["cat.1.png", "dog.2.png"], "{label}.{id}.*") == ["cat", "dog"]
    assert labels(["cat/x/a_1.png", "dog/y/z/b.png"], "{label}/*/{id}.*") == ["cat", "dog"]


def test_a_length_that_is_unknown():
    with pytest.raises(ContractError, match="{label:first} is unknown; there are {label}, {id}, {group} and *"):
        labels(["a_1.png"], "{label:first}_{id}.png")
