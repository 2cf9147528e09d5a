"""Values written into params.yaml without touching anything else there.

The text is cut at PyYAML's marks: no YAML writer keeps all that a person wrote.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import yaml

from competition.common.files import replace_file
from competition.settings.yaml_text import read_yaml_text

Keys = Sequence[str]


def apply(
    path: Path | str, changes: Mapping[tuple[str, ...], object], check: Callable[[Path], object] = lambda path: None
) -> None:
    """Write each of `changes` under its keys into the settings file `path`; every other byte, and comment, stays.

    A mapping becomes a block, a line for each of its entries; anything else takes the old value's place within its
    line. A section that isn't there is made. `check` gets the changed file before it takes the old one's place. Raises
    ValueError for a section that isn't written as a block; whatever is raised, nothing is changed.
    """
    path = Path(path)
    read_yaml_text(path)  # refuses other encodings
    text = path.read_bytes().decode("utf-8")
    for keys, value in changes.items():
        text = _changed(text, keys, value, path)
    with replace_file(path) as temporary:
        temporary.write_bytes(text.encode("utf-8"))
        try:
            check(temporary)
        except ValueError as error:
            raise ValueError(str(error).replace(str(temporary), str(path))) from error


def block(keys: Keys, value: object, indent: int = 0) -> str:
    """Return the lines of `keys`, one beneath the other from `indent` spaces on, with `value` under the last."""
    lines = [" " * (indent + 2 * depth) + f"{key}:" for depth, key in enumerate(keys)]
    if isinstance(value, Mapping):
        lines += [" " * (indent + 2 * len(keys)) + f"{name}: {_flow(entry)}" for name, entry in value.items()]
    else:
        lines[-1] += f" {_flow(value)}"
    return "\n".join(lines) + "\n"


def _flow(value: object) -> str:
    return (
        yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=10_000)
        .removesuffix("\n")
        .removesuffix("\n...")
    )


def _changed(text: str, keys: Keys, value: object, path: Path) -> str:
    start, stop, depth, indent, old = _place(text, keys, path)
    newline = "\r\n" if "\r\n" in text else "\n"
    if isinstance(old, yaml.ScalarNode) and old.value and not isinstance(value, Mapping):
        changed = text[: old.start_mark.index] + _flow(value) + text[old.end_mark.index :]
    else:
        before = text[:start] if text[:start].endswith("\n") or not text[:start] else text[:start] + newline
        changed = before + block(keys[depth:], value, indent).replace("\n", newline) + text[stop:]
    if yaml.safe_load(changed) != _with(yaml.safe_load(text), keys, value):
        raise ValueError(_by_hand(path, keys))
    return changed


def _place(text: str, keys: Keys, path: Path) -> tuple[int, int, int, int, yaml.Node | None]:
    """Return where the old lines start and stop, how many of `keys` stand above, their indentation, the old value."""
    node, after, indent = yaml.compose(text), len(text), 0
    for depth, key in enumerate(keys):
        if node is None or isinstance(node, yaml.ScalarNode):
            return after, after, depth, indent, None
        if not isinstance(node, yaml.MappingNode) or node.flow_style:
            raise ValueError(_by_hand(path, keys[:depth]))
        indent = node.start_mark.column
        pair = next((pair for pair in node.value if pair[0].value == key), None)
        if pair is None:
            after = _line_end(text, _end(node))
            return after, after, depth, indent, None
        if pair[1].start_mark.index < pair[0].end_mark.index:  # an alias: its value is written elsewhere
            raise ValueError(_by_hand(path, keys[: depth + 1]))
        after = _line_end(text, max(pair[0].end_mark.index, _end(pair[1])))
        if depth == len(keys) - 1:
            return text.rfind("\n", 0, pair[0].start_mark.index) + 1, after, depth, indent, pair[1]
        node, indent = pair[1], indent + 2
    raise ValueError("no keys")


def _by_hand(path: Path, keys: Keys) -> str:
    return (
        f"{path}: {'.'.join(keys) or 'it'} isn't written as a block of lines `key: value`; write it as one, or "
        "change it by hand"
    )


def _end(node: yaml.Node) -> int:
    """Return where the last thing in `node` ends; PyYAML ends a block behind the comments that follow it."""
    if isinstance(node, yaml.ScalarNode) or node.flow_style or not node.value:
        return node.end_mark.index
    last = node.value[-1]
    return max(_end(part) for part in last) if isinstance(last, tuple) else _end(last)


def _line_end(text: str, index: int) -> int:
    found = text.find("\n", index)
    return len(text) if found < 0 else found + 1


def _with(values: dict | None, keys: Keys, value: object) -> dict:
    inner = value if len(keys) == 1 else _with((values or {}).get(keys[0]), keys[1:], value)
    return {**(values or {}), keys[0]: inner}
