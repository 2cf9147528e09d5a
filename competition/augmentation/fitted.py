"""A fitted policy as a file, and written into params.yaml without touching anything else there."""

from collections.abc import Sequence
from pathlib import Path

import yaml

from competition.files import replace_file


def policy_text(policy: str, transforms: dict[str, dict], comment: str) -> str:
    """Return a file that PolicySettings reads: `comment`, the shipped policy's name, and a line per transform."""
    header = "".join(f"# {line}".rstrip() + "\n" for line in comment.splitlines())
    return f"{header}policy: {policy}\n" + _block(["transforms"], transforms, 0)


def apply(path: Path | str, keys: Sequence[str], transforms: dict[str, dict]) -> None:
    """Make `transforms` the value under `keys` in the settings file `path`; every other byte, and comment, stays.

    A section that isn't there is made. The text is cut at PyYAML's marks: no YAML writer keeps all that a person wrote.
    Raises ValueError, and changes nothing, for a file whose section isn't written as a block.
    """
    path = Path(path)
    text = path.read_bytes().decode("utf-8")
    start, stop, depth, indent = _place(text, keys, path)
    newline = "\r\n" if "\r\n" in text else "\n"
    before = text[:start] if text[:start].endswith("\n") or not text[:start] else text[:start] + newline
    changed = before + _block(keys[depth:], transforms, indent).replace("\n", newline) + text[stop:]
    if yaml.safe_load(changed) != _with(yaml.safe_load(text), keys, transforms):
        raise ValueError(_by_hand(path, keys))
    with replace_file(path) as temporary:
        temporary.write_bytes(changed.encode("utf-8"))


def _place(text: str, keys: Sequence[str], path: Path) -> tuple[int, int, int, int]:
    """Return where in `text` the old value starts and stops, how many of `keys` stand above it, and its indentation."""
    node, after, indent = yaml.compose(text), len(text), 0
    for depth, key in enumerate(keys):
        if node is None or isinstance(node, yaml.ScalarNode):
            return after, after, depth, indent
        if not isinstance(node, yaml.MappingNode) or node.flow_style:
            raise ValueError(_by_hand(path, keys[:depth]))
        indent = node.start_mark.column
        pair = next((pair for pair in node.value if pair[0].value == key), None)
        if pair is None:
            after = _line_end(text, _end(node))
            return after, after, depth, indent
        if pair[1].start_mark.index < pair[0].end_mark.index:  # an alias: its value is written elsewhere
            raise ValueError(_by_hand(path, keys[: depth + 1]))
        after = _line_end(text, max(pair[0].end_mark.index, _end(pair[1])))
        if depth == len(keys) - 1:
            return text.rfind("\n", 0, pair[0].start_mark.index) + 1, after, depth, indent
        node, indent = pair[1], indent + 2
    raise ValueError("no keys")


def _by_hand(path: Path, keys: Sequence[str]) -> str:
    return f"{path}: {'.'.join(keys) or 'it'} isn't written as a block of lines `key: value`; write it as one, or copy the policy by hand"


def _block(keys: Sequence[str], transforms: dict[str, dict], indent: int) -> str:
    lines = [" " * (indent + 2 * depth) + f"{key}:" for depth, key in enumerate(keys)]
    for name, values in transforms.items():
        flow = yaml.safe_dump(values, default_flow_style=True, sort_keys=False, width=10_000).strip()
        lines.append(" " * (indent + 2 * len(keys)) + f"{name}: {flow}")
    return "\n".join(lines) + "\n"


def _end(node: yaml.Node) -> int:
    """Return where the last thing written in `node` ends; PyYAML puts a block's end behind the comments that follow it."""
    if isinstance(node, yaml.ScalarNode) or node.flow_style or not node.value:
        return node.end_mark.index
    last = node.value[-1]
    return max(_end(part) for part in last) if isinstance(last, tuple) else _end(last)


def _line_end(text: str, index: int) -> int:
    found = text.find("\n", index)
    return len(text) if found < 0 else found + 1


def _with(values: dict | None, keys: Sequence[str], transforms: dict[str, dict]) -> dict:
    inner = transforms if len(keys) == 1 else _with((values or {}).get(keys[0]), keys[1:], transforms)
    return {**(values or {}), keys[0]: inner}
