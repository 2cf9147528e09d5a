"""Names: what is taken and refused, when two spell the same, and what systems leave behind."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from makers.names import LITTER, REFUSED, SPELLINGS, USABLE, nfd

from competition.common.names import closest, is_litter, is_writable, match_names, name_key

ROOT = Path(__file__).resolve().parents[2]
NAMES = st.one_of(st.sampled_from([*USABLE, *(name for pair in SPELLINGS for name in pair)]), st.text(max_size=12))


@pytest.mark.parametrize("name", USABLE)
def test_usable_names(name):
    assert is_writable(name)


@pytest.mark.parametrize("name", REFUSED, ids=ascii)
def test_control_characters_and_undecodable_bytes_are_refused(name):
    assert not is_writable(name)


@pytest.mark.parametrize("pair", SPELLINGS, ids=ascii)
def test_spellings_that_look_the_same_have_one_key(pair):
    one, other = pair
    assert one != other and name_key(one) == name_key(other)
    assert match_names([one], [other, "else"]) == {one: other} and match_names([other], [one]) == {other: one}


def test_names_that_look_different_have_different_keys():
    names = [
        "a",
        "A",
        "a b",
        "ab",
        "a  b",
        "ä",
        "0",
        "00",
        "영",
        "여",
        "a.jpg",
        "a.png",
        "ss",
        "ß",
        "½",
        "1/2",
        "ﬁ",
        "fi",
    ]
    assert len({name_key(name) for name in names}) == len(names)


@given(st.lists(NAMES, unique=True), st.lists(NAMES, unique=True))
def test_matching_against_every_pair_compared(names, known):
    for name, found in match_names(names, known).items():
        alike = [one for one in known if name_key(one) == name_key(name)]
        if name in known or not alike:
            assert found == name
        elif len(alike) == 1:
            assert found == alike[0]
        else:
            assert found == name or found in alike


@given(NAMES)
def test_the_key_is_its_own(name):
    assert name_key(name_key(name)) == name_key(name) == name_key(nfd(name))


def test_equal_before_composed_before_alike():
    spaced, composed, apart = "été\u00a07", "été 7", nfd("été 7")
    assert closest(apart, [spaced, composed, apart]) == [apart]
    assert closest(apart, [spaced, composed]) == [composed]
    assert closest(apart, [spaced]) == [spaced]
    assert match_names(["x 7"], ["x\u00a07", "x\u20077"]) == {"x 7": "x 7"}  # neither is nearer


@pytest.mark.parametrize("path", LITTER)
def test_litter(path):
    parts = path.split("/")
    assert any(map(is_litter, parts)) and any(map(is_litter, path.upper().split("/")))


def test_what_people_make_is_no_litter():
    assert not any(map(is_litter, [*USABLE, ".hidden.jpg", "thumbs", "Thumbs.db.jpg", "desktop", "_MACOSX", "~a.jpg"]))


@pytest.mark.parametrize("path", LITTER)
def test_dvc_leaves_litter_out(path):
    from dvc.ignore import DvcIgnorePatterns  # what decides whether a stage runs again
    from dvc.pathspec_math import PatternInfo

    lines = (ROOT / ".dvcignore").read_text(encoding="utf-8").splitlines()
    rules = DvcIgnorePatterns([PatternInfo(line, "") for line in lines], "/project", "/")
    parts = ["data", "raw", "train", *path.split("/")]
    places = ["/project/" + "/".join(parts[:depth]) for depth in range(1, len(parts) + 1)]
    left_out = [rules.matches(*place.rsplit("/", 1), is_dir=place != places[-1]) for place in places]
    assert any(left_out) and not rules.matches("/project/data/raw/train", "page.jpg", is_dir=False)
