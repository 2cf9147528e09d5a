"""Write or check what each stage of dvc.yaml depends on: modules, and plugins, weights, folders of params.yaml.

A folder whose modules a stage all imports stands there in their place: DVC writes dvc.lock anew after every stage, in a
time that grows with what is listed.

python -m pipelines.deps --write
python -m pipelines.deps --check
"""

import json
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Annotated

import typer
import yaml

from competition.common import paths
from competition.common.files import replace_file
from competition.common.imports import import_closure, module_file
from competition.settings.load import load_settings
from competition.settings.member import NO_FILES
from competition.settings.params import Settings
from pipelines._main import log, run

# what --write writes: no other dep is of Python, of weights or a folder of images, but those that DVC fills in itself
FOLDER = "  # images"  # behind a folder that params.yaml names
MODULES = "  # modules"  # behind a folder of which all are imported
WRITTEN = re.compile(rf"^ +- (?!.*\$\{{)\S.*(?:\.(?:py|safetensors|pth)|{FOLDER}|{MODULES})$")
SETTINGS = "competition/settings/load.py"
BYTECODE = "__pycache__"  # which DVC ignores


def main(
    write: Annotated[bool, typer.Option("--write", help="write the lists into dvc.yaml")] = False,
    check: Annotated[bool, typer.Option("--check", help="say which lists are stale; exit code 1 if any is")] = False,
) -> None:
    """Write or check the files that each stage of dvc.yaml depends on."""
    if write == check:
        raise ValueError("expected --write or --check")
    text = paths.PIPELINE.read_text(encoding="utf-8")
    new = with_modules(text, Path.cwd(), load_settings() if paths.PARAMS.is_file() else Settings())
    changed = stale_stages(text, new)
    if write and text != new:
        with replace_file(paths.PIPELINE) as temporary:
            temporary.write_text(new, encoding="utf-8")
    for stage, (added, removed) in changed.items():
        log(
            "written" if write else "stale",
            stage=stage,
            add=", ".join(added) or "nothing",
            remove=", ".join(removed) or "nothing",
        )
    if check and text != new:
        raise ValueError(f"{paths.PIPELINE}: module lists are stale; run `python -m pipelines.deps --write`")


def with_modules(text: str, root: Path, settings: Settings) -> str:
    """Return dvc.yaml's `text` with each stage's folders, weights files, plugins and modules at the end of its deps."""
    stages = yaml.safe_load(text)["stages"]
    lines: list[str] = []
    stage, in_deps = "", False
    for line in text.splitlines():
        if WRITTEN.match(line):
            continue
        indent = len(line) - len(line.lstrip())
        if in_deps and line.strip() and indent <= 4:
            lines += [f"      - {name}" for name in files_of(stages[stage]["cmd"], root, settings)]
            in_deps = False
        if indent == 2 and line.strip().removesuffix(":") in stages:
            stage = line.strip().removesuffix(":")
        in_deps = in_deps or line == "    deps:"
        lines.append(line)
    return "\n".join(lines) + "\n"


def files_of(cmd: str, root: Path, settings: Settings) -> list[str]:
    """Return the folders, weights files, plugins and modules (relative to `root`) that a stage's command reads."""
    module = cmd.split()[2]
    modules = import_closure(module_file(module, root), root)
    plugins = [*settings.plugin_files] if root / SETTINGS in modules else []
    return [*folders_of(module, settings), *weights_of(module, settings), *plugins, *listed(modules, root)]


def listed(modules: Iterable[Path], root: Path) -> list[str]:
    """Return the paths of `modules`, relative to `root`, sorted; a folder that holds nothing else for those in it."""

    @cache
    def whole(folder: Path) -> bool:
        files = (path for path in folder.rglob("*") if path.is_file() and path.parent.name != BYTECODE)
        return folder != root and modules.issuperset(files)

    modules, found = frozenset(modules), set()
    for path in modules:
        inside = [folder for folder in path.parents if folder.is_relative_to(root) and whole(folder)]
        found.add(
            f"{inside[-1].relative_to(root).as_posix()}{MODULES}" if inside else path.relative_to(root).as_posix()
        )
    return sorted(found)


def folders_of(module: str, settings: Settings) -> list[str]:
    """Return the folders of images that params.yaml names for the stage of `module`, as dvc.yaml has them."""
    named = settings.distil.student and settings.distil.images
    return [f"{json.dumps(named, ensure_ascii=False)}{FOLDER}"] if named and module == "pipelines.distil" else []


def weights_of(module: str, settings: Settings) -> list[str]:
    """Return the weights files of the members that the stage of `module` trains."""
    trained = {
        "pipelines.train": [settings.members[name] for name in settings.train.members],
        "pipelines.specialize": [settings.specialize.network] * len(settings.specialize.base),
        "pipelines.distil": [settings.members[name] for name in settings.distil.student],
    }
    found = {member.weights_source for member in trained.get(module, [])}
    return sorted(found - set(NO_FILES))


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
