"""Spellings of one class: alike to a person, or not."""

import unicodedata

import pytest

from competition.data.class_spellings import alike_text, classes_alike

ALIKE = {
    "a point and a zero": ("1", "1.0"),
    "a point": ("3", "3."),
    "many zeros": ("12", "12.000"),
    "a comma": ("1,0", "1.0"),
    "leading zeros": ("7", "007"),
    "leading zeros in a word": ("class_01", "class_1"),
    "a plus": ("5", "+5"),
    "capitals": ("Healthy", "healthy"),
    "all capitals": ("BET", "bet"),
    "a sharp s": ("Stra\u00dfe", "STRASSE"),
    "a blank before": (" cat", "cat"),
    "a blank behind": ("cat ", "cat"),
    "two blanks inside": ("black  cat", "black cat"),
    "a tab": ("black\tcat", "black cat"),
    "a no-break space": ("black\u00a0cat", "black cat"),
    "an ideographic space": ("black\u3000cat", "black cat"),
    "an unseen space": ("ca\u200bt", "cat"),
    "a direction mark": ("cat\u200e", "cat"),
    "a soft hyphen": ("ca\u00adt", "cat"),
    "letters composed otherwise": (
        unicodedata.normalize("NFC", "caf\u00e9"),
        unicodedata.normalize("NFD", "caf\u00e9"),
    ),
    "Hangul composed otherwise": tuple(unicodedata.normalize(form, "\uace0\uc591\uc774") for form in ("NFC", "NFD")),
    "full-width digits": ("12", "\uff11\uff12"),
    "full-width letters": ("cat", "\uff43\uff41\uff54"),
    "half-width kana": ("\u30cd\u30b3", "\uff88\uff7a"),
    "a ligature": ("fish", "\ufb01sh"),
    "a non-breaking hyphen": ("x-ray", "x\u2011ray"),
    "a dash": ("x-ray", "x\u2013ray"),
    "a minus": ("-1", "\u22121"),
    "an underscore": ("black_cat", "black cat"),
    "underscores": ("Tomato___blight", "Tomato blight"),
    "a hyphen for a blank": ("black-cat", "black cat"),
    "blanks around a slash": ("cat / dog", "cat/dog"),
    "blanks around a bracket": ("cat (big)", "cat(big)"),
    "a full stop": ("cat.", "cat"),
    "quotes": ('"cat"', "cat"),
    "an apostrophe": ("bird\u2019s nest", "bird's nest"),
    "a Cyrillic a": ("cat", "c\u0430t"),
    "a Greek O": ("OK", "\u039fK"),
    "a word of look-alikes": ("cop", "\u0441\u043e\u0440"),
    "a dotless i": ("fish", "f\u0131sh"),
    "a zero for an o": ("dog", "d0g"),
    "a one for an l": ("cell", "ce1l"),
    "an o for a zero": ("A10", "A1O"),
    "a capital I for an l": ("cell", "celI"),
    "several at once": ("Black_Cat ", "black\u00a0cat."),
}
APART = [
    ("1", "-1"),
    ("1", "10"),
    ("1.5", "1.05"),
    ("1", "1.1"),
    ("1", "1,000"),
    ("1.2.3", "1.2.30"),
    ("A", "A+"),
    ("A", "A-"),
    ("C", "C++"),
    ("cat", "cats"),
    ("tail", "tall"),
    ("black cat", "blackcat"),
    ("grade 1", "grade 2"),
    ("grade 1", "grade 10"),
    ("class1", "classl2"),
    ("\u0432\u0435\u0442", "bet"),
    (".", "-"),
    ("caf\u00e9", "cafe"),
    ("no", "none"),
    ("\uac00", "\ub098"),
    ("+", "-"),
    ("0", "O"),
]


@pytest.mark.parametrize("pair", ALIKE.values(), ids=ALIKE)
def test_alike(pair):
    assert len({*pair}) == 2
    assert classes_alike({pair[0]: 10, "other": 4, pair[1]: 2}) == [pair]
    assert classes_alike({pair[0]: 1, pair[1]: 2}) == [(pair[1], pair[0])]  # the most frequent one first
    text = alike_text({pair[0]: 10, pair[1]: 2})
    assert f"{pair[0]!r} (10 images" in text and f"{pair[1]!r} (2 images" in text and "--join-classes" in text
    assert all(ascii(name) in text for name in pair)


@pytest.mark.parametrize("pair", APART)
def test_apart(pair):
    assert classes_alike(dict.fromkeys(pair, 1)) == [] and alike_text(dict.fromkeys(pair, 1)) == ""


def test_groups_of_more_than_two_and_readable_names():
    images = {"1": 3, "1.0": 1, "01": 2, "2": 9, "dog": 1}
    assert classes_alike(images) == [("1", "01", "1.0")]
    assert classes_alike({"0": 5, "1": 4, "2": 1}, {"0": "Cat", "1": "dog", "2": "cat "}) == [("0", "2")]
    assert "'0' = 'Cat' (5 images), '2' = 'cat ' (1 image)" in alike_text({"0": 5, "2": 1}, {"0": "Cat", "2": "cat "})
    assert classes_alike({"1": 1, "2": 1}, {"1": "2", "2": "b"}) == []  # a target is no other class's name


def test_many_classes_take_no_time():
    assert classes_alike({f"species {n} of a genus": n for n in range(5000)}) == []
