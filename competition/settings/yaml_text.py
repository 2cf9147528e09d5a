"""YAML as DVC reads it (1.2): `no`, `on` and 12:30 are text, 0777 is 777; and as it was written, with its lines."""

import re
from collections.abc import Sequence
from pathlib import Path

import yaml

from competition.common.errors import ContractError
from competition.common.text import read_text

CURE = "save it as UTF-8, which is all that DVC reads"
BLANKS = " \t\r\n"


class WrittenInt(int):
    """Whole number whose str is how it was written: 007."""

    def __new__(cls, text: str) -> "WrittenInt":
        bases = {"0o": 8, "0x": 16}
        number = super().__new__(cls, text, bases.get(text.lower()[:2], 10))
        number.text = text
        return number

    def __str__(self) -> str:
        return self.text


class WrittenFloat(float):
    """Number whose str is how it was written: 1e3."""

    def __new__(cls, text: str) -> "WrittenFloat":
        number = super().__new__(cls, text.lower().replace(".inf", "inf").replace(".nan", "nan"))
        number.text = text
        return number

    def __str__(self) -> str:
        return self.text


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers: dict = {}

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        """Return a mapping by its keys as they were written. Raises ConstructorError for one that stands twice."""
        own = [key for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
        for place, key in enumerate(own):
            if any(key.value == earlier.value for earlier in own[:place]):
                raise yaml.constructor.ConstructorError(
                    problem=f"the key {key.value!r} stands twice", problem_mark=key.start_mark
                )
        self.flatten_mapping(node)
        return {
            key.value if isinstance(key, yaml.ScalarNode) else self.construct_object(key, deep=True): (
                self.construct_object(value, deep=deep)
            )
            for key, value in node.value
        }

    def construct_sequence(self, node: yaml.SequenceNode, deep: bool = False) -> list:
        """Return a list, of which no setting takes truth values: `true` is text there."""
        return [
            item.value if item.tag == "tag:yaml.org,2002:bool" else self.construct_object(item, deep=deep)
            for item in node.value
        ]


EXPONENT = r"(?:[eE][-+]?[0-9]+)?"
SCALARS = {  # YAML 1.2.2, 10.3.2; the pattern, and what it may begin with
    "bool": (r"true|True|TRUE|false|False|FALSE", "tTfF"),
    "int": (r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    "float": (
        rf"[-+]?(?:\.[0-9]+|[0-9]+\.?[0-9]*){EXPONENT}|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        "-+.0123456789",
    ),
    "null": (r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    "merge": (r"<<", "<"),
}
for _kind, (_pattern, _first) in SCALARS.items():
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_kind}", re.compile(rf"^(?:{_pattern})$"), list(_first))
_Loader.add_constructor("tag:yaml.org,2002:int", lambda loader, node: WrittenInt(node.value))
_Loader.add_constructor("tag:yaml.org,2002:float", lambda loader, node: WrittenFloat(node.value))


class YamlText:
    """A YAML file's `values`, and where and how each was written. Raises ContractError, FileNotFoundError."""

    def __init__(self, path: Path | str):
        self.path = Path(path)
        text = read_yaml_text(path)
        try:
            loader = _Loader(text)
            self._root = loader.get_single_node()
            self.values = None if self._root is None else loader.construct_document(self._root)
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            raise ContractError([f"{path}: not valid YAML: {error}{_cure(error)}"]) from None

    def line(self, place: Sequence[str | int]) -> int | None:
        """Return the line, from 1, of the key or item at `place`, or of the nearest above it; None for the root."""
        found = self._nodes(place)
        return found[-1][0].start_mark.line + 1 if found else None

    def written(self, place: Sequence[str | int]) -> str | None:
        """Return the scalar at `place` as it was written; None if there is none."""
        found = self._nodes(place)
        if len(found) < len(place) or not isinstance(found[-1][1], yaml.ScalarNode):
            return None
        return found[-1][1].value

    def _nodes(self, place: Sequence[str | int]) -> list[tuple[yaml.Node, yaml.Node]]:
        """Return key (or item) and value for each step of `place`, as far as there are any."""
        node, found = self._root, []
        for step in place:
            if isinstance(node, yaml.MappingNode):
                pair = next(((key, value) for key, value in node.value if key.value == str(step)), None)
            elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
                pair = (node.value[step], node.value[step])
            else:
                pair = None
            if pair is None:
                break
            found.append(pair)
            node = pair[1]
        return found


def read_yaml_text(path: Path | str) -> str:
    """Return the text of a YAML file. Raises ContractError for what DVC couldn't read, naming the line."""
    text, encoding = read_text(path, CURE)
    if encoding != "utf-8-sig":
        raise ContractError([f"{path}: saved as UTF-16; {CURE}"])
    for number, line in enumerate(text.split("\n"), start=1):
        indent = line[: len(line) - len(line.lstrip())]
        if odd := sorted({f"U+{ord(mark):04X}" for mark in indent if mark not in BLANKS}):
            raise ContractError(
                [f"{path}: line {number} is indented with {', '.join(odd)}, which only looks like blanks; type blanks"]
            )
    return text


def _cure(error: Exception) -> str:
    return "; indent with blanks, not with tabs" if "'\\t'" in str(error) else ""
