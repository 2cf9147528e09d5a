"""Pages to look at: every fold and class is met, and nothing is drawn otherwise where the first ones meet them."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from competition.upright.stratified_sample import stratified_sample


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.sets(st.sampled_from("aaaabcd"), max_size=2)), max_size=60),
    st.integers(12, 40),
)
def test_every_fold_is_met_and_every_label_twice_in_two_folds_if_it_can_be(images, most):
    folds, labels = np.array([fold for fold, _ in images]), [sorted(own) for _, own in images]
    found = stratified_sample(folds, labels, most)
    assert len(found) == min(most, len(images)) and (np.diff(found) > 0).all()
    assert set(folds[found]) == set(folds)
    for label in {one for own in labels for one in own}:
        everywhere, drawn = ([n for n in places if label in labels[n]] for places in (range(len(images)), found))
        assert len(drawn) >= min(2, len(everywhere))
        assert len(set(folds[drawn])) >= min(2, len(set(folds[everywhere])))


def test_where_no_class_is_rare_it_is_the_first_images():
    random = np.random.default_rng(0)
    for _ in range(20):
        folds, labels = random.integers(5, size=2000), [(str(label),) for label in random.integers(17, size=2000)]
        assert stratified_sample(folds, labels, 300).tolist() == list(range(300))


def test_of_more_classes_than_there_is_room_for_some_are_met_twice():
    folds, labels = np.arange(4000) % 5, [(str(n % 400),) for n in range(4000)]
    found = stratified_sample(folds, labels, 300)
    counts = np.unique([labels[place][0] for place in found], return_counts=True)[1]
    assert len(found) == 300 and (counts == 2).sum() > 140
