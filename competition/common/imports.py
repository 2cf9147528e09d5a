"""Import closure of a module: the project's files that importing it runs, read from their text.

A stage depends on the closure of its module (see `pipelines.deps`); state to resume from and caches are named by the
closure of what made them, so that an edit elsewhere loses nothing. Importing a package with a registry imports all its
modules, since any of them may be named in params.yaml.
"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from competition.common.files import digest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("competition", "pipelines")
BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")  # fields of a syntax tree that hold statements


def import_closure(path: Path, root: Path = ROOT) -> frozenset[Path]:
    """Return `path` and every file of the project below `root` that importing it runs, directly or not."""
    seen: set[Path] = set()
    pending = {path, *_parents(path, root)}
    while pending:
        file = pending.pop()
        seen.add(file)
        pending |= imported_files(file, root) - seen
    return frozenset(seen)


@cache
def imported_files(path: Path, root: Path = ROOT, type_checking: bool = False) -> frozenset[Path]:
    """Return the project's files that `path` itself imports, anywhere in it, with the __init__ files on the way.

    type_checking: whether what stands under `if TYPE_CHECKING`, which never runs, counts too.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    package = path.relative_to(root).parent.parts
    names = set()
    for node in _statements(tree, type_checking):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            base = ".".join([*above, *filter(None, [node.module])])
            names |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
    found = {file for name in names for file in _files_of(name, root)}
    if path.name == "__init__.py" and any(map(_makes_registry, ast.walk(tree))):
        found |= set(path.parent.glob("*.py"))
    return frozenset(found)


@cache
def code_digest(module: str) -> str:
    """Return 16 hex digits of the source of `module`'s import closure, computed once per process.

    A process that runs on while its files are edited keeps to the code that it has loaded.
    """
    return digest(*sorted(import_closure(module_file(module))))


@cache
def package_digest() -> str:
    """Return 16 hex digits of all source of `competition`: two machines with the same run the same code."""
    return digest(*sorted((ROOT / "competition").rglob("*.py")))


def module_file(module: str, root: Path = ROOT) -> Path:
    """Return the file of `module`, dotted."""
    path = root.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def _statements(tree: ast.Module, type_checking: bool) -> Iterator[ast.AST]:
    """Every statement, at any depth: expressions, of which there are many more, import nothing."""
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        yield node
        blocks = BLOCKS if type_checking or not _is_type_checking(node) else ("orelse",)
        for name in blocks:
            pending += getattr(node, name, ())


def _is_type_checking(node: ast.AST) -> bool:
    test = node.test if isinstance(node, ast.If) else None
    return "TYPE_CHECKING" in (getattr(test, "id", ""), getattr(test, "attr", ""))


def _makes_registry(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id.endswith("Registry")


@cache
def _files_of(name: str, root: Path) -> frozenset[Path]:
    parts = name.split(".")
    if parts[0] not in PACKAGES:
        return frozenset()
    ways = [root.joinpath(*parts[: depth + 1]) for depth in range(len(parts))]
    files = (file for way in ways for file in (way / "__init__.py", way.with_suffix(".py")))
    return frozenset(file for file in files if file.is_file())


def _parents(path: Path, root: Path) -> set[Path]:
    return {folder / "__init__.py" for folder in path.parents if folder != root and (folder / "__init__.py").is_file()}
