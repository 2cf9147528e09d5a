"""Classes written several ways: `1` and `1.0`, `Cat` and `cat `; found, and said with their counts."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping

from competition.common.errors import counted, examples

DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63"
QUOTES = {"\u2018\u2019\u201a\u201b\u2032\u00b4`": "'", "\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb": '"'}
LATIN = {  # letter -> those of Cyrillic, Greek and other scripts that look like it
    **{"A": "\u0410\u0391", "B": "\u0412\u0392", "C": "\u0421\u03f9", "E": "\u0415\u0395", "H": "\u041d\u0397"},
    **{"I": "\u0406\u0399\u04c0", "J": "\u0408", "K": "\u041a\u039a", "M": "\u041c\u039c", "N": "\u039d"},
    **{"O": "\u041e\u039f", "P": "\u0420\u03a1", "S": "\u0405", "T": "\u0422\u03a4", "X": "\u0425\u03a7"},
    **{"Y": "\u0423\u03a5", "Z": "\u0396", "a": "\u0430\u03b1\u0251", "c": "\u0441\u03f2", "d": "\u0501"},
    **{"e": "\u0435", "g": "\u0261", "h": "\u04bb", "i": "\u0456\u0131\u03b9", "j": "\u0458", "k": "\u043a\u03ba"},
    **{"o": "\u043e\u03bf", "p": "\u0440\u03c1", "q": "\u051b", "s": "\u0455", "v": "\u03bd", "w": "\u051d"},
    **{"x": "\u0445\u03c7", "y": "\u0443"},
}
MOST = 10  # groups that a warning shows
_MARKS = str.maketrans(
    {dash: "-" for dash in DASHES} | {quote: plain for quotes, plain in QUOTES.items() for quote in quotes}
)
_LATIN = str.maketrans({letter: latin for latin, letters in LATIN.items() for letter in letters})
_NUMBER = re.compile(r"([+-]?)(\d+)(?:\.(\d*)|,(\d{1,2}|\d{4,}))?")  # 1,000 may be a thousand
_LETTER = r"[^\W\d_]"


def classes_alike(images: Mapping[str, int], names: Mapping[str, str] | None = None) -> list[tuple[str, ...]]:
    """Return the groups of classes that look alike to a person, each with its most frequent class first.

    images: class -> its number of images; names: class -> readable name, compared too. Alike are classes that differ
    only in capitals, blanks, `_`, kinds of hyphens and quotes, marks around them, in how their letters are composed, in
    the width of digits, in leading zeros and zeros behind the point, or in letters of other scripts that look the same.
    """
    owner = {label: label for label in images}

    def root(label: str) -> str:
        while owner[label] != label:
            label = owner[label]
        return label

    first: dict[tuple[bool, str], str] = {}
    for label in images:
        name = (names or {}).get(label, label)
        for key in {(False, one) for one in _keys(label)} | {(True, one) for one in _keys(name)}:
            owner[root(label)] = root(first.setdefault(key, label))
    groups: dict[str, list[str]] = defaultdict(list)
    for label in images:
        groups[root(label)].append(label)
    return [
        tuple(sorted(group, key=lambda label: (-images[label], label))) for group in groups.values() if len(group) > 1
    ]


def alike_text(images: Mapping[str, int], names: Mapping[str, str] | None = None) -> str:
    """Return what to warn of where classes look alike, each group with its counts; "" where none do."""
    groups = classes_alike(images, names)
    if not groups:
        return ""
    shown = "; ".join(spelled_alike(group, images, names) for group in groups[:MOST])
    more = f"; and {len(groups) - MOST} groups more" if len(groups) > MOST else ""
    return (
        f"{counted(len(groups), 'classes are')} written in several ways, taken as classes of their own: {shown}{more}; "
        "`python -m pipelines.adopt FOLDER --join-classes` makes one of each"
    )


def spelled_alike(group: Iterable[str], images: Mapping[str, int], names: Mapping[str, str] | None = None) -> str:
    """Return "'1' (10 images), '1.0' (2 images)"; what isn't ASCII with its code points, since it looks alike."""
    shown = []
    for label in group:
        name = (names or {}).get(label, label)
        text = f"{label!r} = {name!r}" if name != label else repr(label)
        codes = "" if text.isascii() else f", written {ascii(name)}"
        shown.append(f"{text} ({counted(images[label], 'images')}{codes})")
    return examples(shown, most=6)


def spelling_key(name: str) -> str:
    """Return what the spellings of a name have in common that people hardly tell apart, in its own script."""
    return _folded(_plain(name))


def _keys(label: str) -> set[str]:
    """Return what a label has in common with others that look like it, read as it is, as Latin and as digits."""
    text = _plain(label)
    latin = text.translate(_LATIN)
    latin = re.sub(rf"(?<={_LETTER})0|0(?={_LETTER})", "o", latin)
    latin = re.sub(rf"(?<={_LETTER})1|1(?={_LETTER})", "l", latin)
    latin = re.sub(r"(?<=[a-z])I(?=[a-z]|$)", "l", latin)
    digits = re.sub(r"(?<=\d)[oO]|[oO](?=\d)", "0", text)
    digits = re.sub(r"(?<=\d)[lI|]|[lI|](?=\d)", "1", digits)
    return {_folded(text), _folded(latin), _folded(digits)}


def _plain(label: str) -> str:
    """Return a label in compatible characters, one kind of hyphen and quote, without marks that nobody sees."""
    text = unicodedata.normalize("NFKC", label.translate(_MARKS)).translate(_MARKS)
    return "".join(mark for mark in text if not _is_unseen(mark))


def _is_unseen(mark: str) -> bool:
    return unicodedata.category(mark) in ("Cf", "Cc") and not mark.isspace() or "\ufe00" <= mark <= "\ufe0f"


def _folded(text: str) -> str:
    folded = " ".join(text.casefold().replace("_", " ").split())
    folded = re.sub(r" ?([^\w\s]) ?", r"\1", folded)  # blanks around marks
    folded = folded.strip(" '\"").rstrip(".,;:") or folded
    if number := _NUMBER.fullmatch(folded):
        sign, whole, point, comma = number.groups()
        fraction = (point or comma or "").rstrip("0")
        return f"{sign.strip('+')}{int(whole)}{'.' if fraction else ''}{fraction}"
    folded = re.sub(r"(?<=\w)-(?=\w)", " ", folded)
    return re.sub(r"(?<![\d.,])0+(?=\d)", "", folded)
