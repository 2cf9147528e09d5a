"""Lock list: exact versions of the distributions that a command's code imports, and of all that these need."""

import ast
import re
import sys
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

from competition.common.imports import PACKAGES, import_closure


def locked_versions(command: Path, root: Path, extra: Iterable[str] = ()) -> dict[str, str]:
    """Return distribution -> version, as installed here, of what the module `command` and its closure below `root`
    import, by name; extra: distributions that no import shows.

    What is named and not installed is optional, and left out.
    """
    of_module = metadata.packages_distributions()
    modules = {module for file in import_closure(command, root) for module in _imported(file)}
    pending = [*(name for module in sorted(modules) for name in of_module.get(module, ())), *extra]
    found: dict[str, str] = {}
    while pending:
        try:
            about = metadata.distribution(pending.pop())
        except metadata.PackageNotFoundError:
            continue
        if (name := about.metadata["Name"]) not in found:
            found[name] = about.version
            pending += [re.match(r"[\w.-]+", one)[0] for one in about.requires or () if "extra ==" not in one]
    return dict(sorted(found.items(), key=lambda pair: pair[0].lower()))


def _imported(file: Path) -> set[str]:
    """Return the top names of what `file` imports of others."""
    nodes = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module and not node.level}
    return {name.split(".")[0] for name in names} - sys.stdlib_module_names - set(PACKAGES)
