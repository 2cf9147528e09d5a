"""Of two classes the one whose probability is asked for."""

import re
from collections.abc import Sequence

from competition.common.errors import ContractError, counted, examples

OPPOSITE = {"1": ("0", "-1"), "1.0": ("0.0", "-1.0")}  # of a number that may be positive
POSITIVE = ("1", "1.0", "true", "yes", "y", "positive", "pos", "malignant", "abnormal")  # of two classes
NEGATIVE = ("no", "none", "negative", "neg", "normal", "healthy", "benign", "control", "background")


def positive_last(
    where: str, asked: Sequence[str], classes: Sequence[str], target: str | None
) -> tuple[tuple[str, str], str]:
    """Return two classes, the one whose probability is asked for behind the other, and a note that says why.

    asked: the sample submission's columns behind the ID; target: that class, as told. Raises ContractError for more.
    """
    if len(classes) != 2:
        raise ContractError(
            [
                f"{where}: --answer probability asks for one number, but there are {counted(len(classes), 'classes')} "
                f"({examples(classes)}); use --answer probabilities or label"
            ]
        )
    positive, reason = _positive(asked, classes, target)
    negative = next(label for label in classes if label != positive)
    guessed = "warning: " if "no file says it" in reason else ""
    note = f"{guessed}positive class: {positive}, {reason} (its probability is asked for; --target CLASS decides)"
    return (negative, positive), note


def _positive(asked: Sequence[str], classes: Sequence[str], target: str | None) -> tuple[str, str]:
    folded = {label.lower(): label for label in classes}
    if target in classes:
        return target, "as told"
    column = _words(asked[0]) if asked else ""
    named = {label: _words(name) for name, label in folded.items() if not name.isdigit() and _words(name) in column}
    if named:
        longest = max(named, key=lambda label: len(named[label]))  # "no cactus" holds "cactus"
        return longest, f"since the answer's column is called {asked[0]}"
    for name in POSITIVE:
        if name in folded and (name not in OPPOSITE or {*OPPOSITE[name]} & {*folded}):
            return folded[name], f"since the classes are {' and '.join(classes)}"
    if plain := [label for name, label in folded.items() if name in NEGATIVE]:
        positive = next(label for label in classes if label != plain[0])
        return positive, f"since the classes are {' and '.join(classes)}"
    return max(classes), f"since it comes last in the alphabet and no file says it ({' and '.join(classes)})"


def _words(text: str) -> str:
    """Return the words of a name with blanks around: "is_Cat" as " is cat "."""
    words = " ".join(re.findall(r"[^\W_]+", text.lower()))
    return f" {words} "
