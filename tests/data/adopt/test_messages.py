"""No message of adopt is without a test: the words of each stand in one beside this file.

That a test holds them against what is said is the test's own business; a message whose words stand nowhere is surely
shown by none.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__)
CODE = HERE.parents[3] / "competition/data/adopt"
MESSAGE, ALIKE = 4, 3  # words: a text of as many is taken for a message; as many in a row have to stand in a test
UNSEEN = ("two files with the same 48 bits of sha1",)  # of an assert


def texts(path: Path) -> Iterator[str]:
    """Yield the texts of a module that aren't documentation, an f-string's with {} for each value."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = [*ast.walk(tree)]
    left_out = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    for node in nodes:
        if isinstance(node, ast.JoinedStr):
            left_out |= {id(part) for part in node.values}
            yield "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in left_out:
            yield node.value


def runs(text: str) -> set[str]:
    """Return each few words in a row of a text's fixed parts; of parts that are all shorter, all there are."""
    parts = [re.findall(r"[\w'-]+", part) for part in text.split("{}")]
    size = min(ALIKE, max(map(len, parts)))
    return {" ".join(part[start : start + size]) for part in parts for start in range(len(part) - size + 1)}


def test_the_words_of_each_message_stand_in_a_test():
    tests = (path for path in HERE.parent.glob("test_*.py") if path != HERE)
    shown = "\n".join(" ".join(re.findall(r"[\w'-]+", text)) for path in tests for text in texts(path))
    said = [text for path in sorted(CODE.glob("*.py")) for text in texts(path) if len(text.split()) >= MESSAGE]
    assert len(said) > 100
    missing = [text for text in said if text not in UNSEEN and not any(run in shown for run in runs(text))]
    assert not missing, "\n".join(missing)
