"""The layout: packages only, imports one way between them, commands thin, and no torch before it is needed."""

import ast
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from competition.common.imports import ROOT, import_closure, imported_files

# a package uses only those before it
PACKAGES = """
    common settings compute data metrics audit folds leaderboard ensembling labels
    augmentation models inference training members upright serving report web tuning planning sample
""".split()
WITHOUT_TORCH = "common settings data metrics audit folds leaderboard ensembling labels augmentation".split()
LIBRARY = sorted((ROOT / "competition").rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def package_of(path: Path) -> str:
    """The package of competition/ that a file belongs to; "" for competition/__init__.py and for commands."""
    parts = path.relative_to(ROOT).parts
    return parts[1] if parts[0] == "competition" and len(parts) > 2 else ""


@cache
def third_party(path: Path) -> set[str]:
    """The top names of everything that `path` itself imports when it is imported."""
    nodes = [node for node in ast.parse(path.read_text(encoding="utf-8")).body]
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
    return {name.split(".")[0] for name in names}


def test_the_library_is_packages_only():
    assert {package_of(path) for path in LIBRARY} - {""} == set(PACKAGES)
    assert [path.name for path in (ROOT / "competition").glob("*.py")] == ["__init__.py"]


def test_imports_run_one_way_between_packages():
    """What is imported for type checkers only counts too."""
    wrong = [
        f"{name_of(path)} imports {name_of(other)}"
        for path in LIBRARY
        for other in imported_files(path, ROOT, True)
        if package_of(path) and package_of(other)
        if PACKAGES.index(package_of(other)) > PACKAGES.index(package_of(path))
    ]
    assert not wrong, "\n".join(sorted(wrong))


def test_no_import_runs_in_a_circle():
    # a package's __init__ file is left out: Python lets its own modules import it back
    files = [path for path in LIBRARY if path.name != "__init__.py"]
    graph = {p: {other for other in imported_files(p, ROOT, True) if other.name != "__init__.py"} for p in files}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" <- ".join(name_of(path) for path in error.args[1]), pytrace=False)


def test_the_library_knows_nothing_of_commands():
    wrong = [
        name_of(path) for path in LIBRARY if any("pipelines" in other.parts for other in imported_files(path, ROOT))
    ]
    assert not wrong


def test_commands_never_import_each_other():
    shared = {ROOT / "pipelines/__init__.py", ROOT / "pipelines/_main.py", ROOT / "pipelines/_options.py"}
    for path in (ROOT / "pipelines").glob("*.py"):
        others = {other for other in imported_files(path, ROOT) if other.parent == ROOT / "pipelines"} - shared
        assert not others, f"{name_of(path)} imports {sorted(map(name_of, others))}"


def test_nothing_before_models_reaches_torch():
    wrong = [
        f"{name_of(path)}, through {name_of(other)}"
        for path in LIBRARY
        if package_of(path) in WITHOUT_TORCH
        for other in import_closure(path)
        if third_party(other) & {"torch", "torchvision", "timm", "safetensors"}
    ]
    assert not wrong, "\n".join(wrong)


def test_tests_are_laid_out_as_the_code_is():
    folders = {path.name for path in (ROOT / "tests").iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders - {*PACKAGES, "pipelines"} <= {"makers", "plugins", "benchmarks", "gpu"}


def test_no_test_file_is_imported_by_another():
    for path in (ROOT / "tests").rglob("*.py"):
        nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        names = [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
        assert not [name for name in names if name.startswith("test_")], name_of(path)


def test_files_fit_in_a_head():
    """The longest file, and the median."""
    lengths = sorted(
        len(path.read_text(encoding="utf-8").splitlines())
        for name in ("competition", "pipelines")
        for path in (ROOT / name).rglob("*.py")
    )
    assert lengths[-1] <= 250 and lengths[len(lengths) // 2] <= 80, (lengths[-1], lengths[len(lengths) // 2])
