"""Error messages: everything that is wrong with a person's files in one of them."""

import re
from collections import Counter
from collections.abc import Iterable

SINGULAR = {
    "IDs": "ID",
    "rows": "row",
    "answers": "answer",
    "images": "image",
    "names": "name",
    "members": "member",
    "boxes": "box",
    "labels": "label",
    "columns": "column",
    "classes": "class",
    "folders": "folder",
    "files": "file",
    "times": "time",
    "days": "day",
    "are": "is",
    "were": "was",
    "have": "has",
    "fit": "fits",
    "hold": "holds",
    "carry": "carries",
    "stand": "stands",
    "lie": "lies",
    "groups": "group",
}


class ContractError(ValueError):
    """Error for a person's files: every problem in them, each with its fix."""

    def __init__(self, problems: Iterable[str]):
        self.problems = list(problems)
        if len(self.problems) == 1:
            super().__init__(self.problems[0])
        else:
            super().__init__(f"{len(self.problems)} problems:\n" + "\n".join(f"  - {text}" for text in self.problems))


def examples(values: Iterable[object], most: int = 5) -> str:
    """Return "a, b, c and 4 more": the first values, in their order, and how many follow."""
    texts = [str(value) if str(value).strip() else repr(str(value)) for value in values]
    more = len(texts) - most
    return ", ".join(texts[:most]) + (f" and {more} more" if more > 0 else "")


def counted(number: int, what: str) -> str:
    """Return "3 IDs are", "1 ID is": `what` starts with a plural noun and holds one plural verb."""
    if number == 1:
        for plural, single in SINGULAR.items():
            what = re.sub(rf"\b{plural}\b", single, what, count=1)
    return f"{number} {what}"


def repeated(values: Iterable[str]) -> list[str]:
    """Return the values that stand more than once, in the order of their first place."""
    return [value for value, count in Counter(values).items() if count > 1]
