"""Write or check the modules that each stage of dvc.yaml depends on: those that it imports, directly or not.

python -m pipelines.deps --write
python -m pipelines.deps --check
"""

import re
from pathlib import Path
from typing import Annotated

import typer
import yaml

from competition.common.files import replace_file
from competition.common.imports import import_closure, module_file
from pipelines._main import log, run

FILE = Path("dvc.yaml")
MODULE = re.compile(r"^ +- (?:competition|pipelines)/\S+\.py$")


def main(
    write: Annotated[bool, typer.Option("--write", help="write the lists into dvc.yaml")] = False,
    check: Annotated[bool, typer.Option("--check", help="say which lists are stale; exit code 1 if any is")] = False,
) -> None:
    """Write or check the modules that each stage of dvc.yaml depends on."""
    if write == check:
        raise ValueError("expected --write or --check")
    text = FILE.read_text(encoding="utf-8")
    new = with_modules(text, Path.cwd())
    changed = stale_stages(text, new)
    if write and text != new:
        with replace_file(FILE) as temporary:
            temporary.write_text(new, encoding="utf-8")
    for stage, (added, removed) in changed.items():
        log(
            "written" if write else "stale",
            stage=stage,
            add=", ".join(added) or "nothing",
            remove=", ".join(removed) or "nothing",
        )
    if check and text != new:
        raise ValueError("dvc.yaml: module lists are stale; run `python -m pipelines.deps --write`")


def with_modules(text: str, root: Path) -> str:
    """Return dvc.yaml's `text` with each stage's modules listed at the end of its deps, sorted."""
    stages = yaml.safe_load(text)["stages"]
    lines: list[str] = []
    stage, in_deps = "", False
    for line in text.splitlines():
        if MODULE.match(line):
            continue
        indent = len(line) - len(line.lstrip())
        if in_deps and line.strip() and indent <= 4:
            lines += [f"      - {name}" for name in modules_of(stages[stage]["cmd"], root)]
            in_deps = False
        if indent == 2 and line.strip().removesuffix(":") in stages:
            stage = line.strip().removesuffix(":")
        in_deps = in_deps or line == "    deps:"
        lines.append(line)
    return "\n".join(lines) + "\n"


def modules_of(cmd: str, root: Path) -> list[str]:
    """Return the files that a stage's `python -m pipelines.NAME` imports, relative to `root`, sorted."""
    module = cmd.split()[2]
    return sorted(path.relative_to(root).as_posix() for path in import_closure(module_file(module, root), root))


def stale_stages(old: str, new: str) -> dict[str, tuple[list[str], list[str]]]:
    """Return each stage whose modules differ: the added and the removed."""
    before, after = yaml.safe_load(old)["stages"], yaml.safe_load(new)["stages"]
    changed = {}
    for stage in after:
        one, other = set(before[stage]["deps"]), set(after[stage]["deps"])
        if one != other:
            changed[stage] = sorted(other - one), sorted(one - other)
    return changed


if __name__ == "__main__":
    run(main)
