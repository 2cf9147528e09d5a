"""Import closures: every way of writing an import is seen, and Python itself loads nothing that the closure lacks."""

from pathlib import Path

import pytest
from makers.fresh import loaded_by

from competition.common.imports import ROOT, import_closure, imported_files


def made(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / "competition" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def names(paths, root: Path) -> set[str]:
    return {path.relative_to(root / "competition").as_posix() for path in paths}


def test_every_way_of_writing_an_import_is_seen(tmp_path):
    empty = dict.fromkeys(["__init__.py", "b.py", "c.py", "d.py", "never.py", "inner/__init__.py", "inner/f.py"], "")
    imports = "import os, competition.b\nfrom competition import c as other\n"
    guarded = "if TYPE_CHECKING:\n    import competition.never\ndef later():\n    from competition.inner.e import x\n"
    made(tmp_path, empty | {"a.py": imports + guarded, "inner/e.py": "from . import f\nfrom ..d import y\n"})
    found = names(import_closure(tmp_path / "competition/a.py", tmp_path), tmp_path)
    assert found == {"__init__.py", "a.py", "b.py", "c.py", "d.py", "inner/__init__.py", "inner/e.py", "inner/f.py"}
    own = names(imported_files(tmp_path / "competition/a.py", tmp_path, True), tmp_path)
    assert own == {"__init__.py", "b.py", "c.py", "never.py", "inner/__init__.py", "inner/e.py"}


def test_a_package_with_a_registry_imports_all_its_modules(tmp_path):
    registry = "from competition.registry import Registry\nTHINGS = Registry('thing', __name__)\n"
    made(tmp_path, {"__init__.py": "", "registry.py": "", "a.py": "from competition.things import THINGS\n"})
    made(tmp_path, {"things/__init__.py": registry, "things/one.py": "", "things/two.py": ""})
    found = names(import_closure(tmp_path / "competition/a.py", tmp_path), tmp_path)
    assert found == {"__init__.py", "a.py", "registry.py", "things/__init__.py", "things/one.py", "things/two.py"}


@pytest.mark.slow
def test_python_loads_nothing_else():
    """By the stages that start without torch."""
    stages = [f"pipelines.{name}" for name in ("prepare", "split", "augment", "review", "vote", "ensemble")]
    loaded = loaded_by(*stages, before="typer.main pydantic yaml cv2 joblib pandas sklearn.metrics matplotlib.figure")
    assert list(loaded) == stages
    for stage, modules in loaded.items():
        own = {Path(file) for name, file in modules.items() if name.partition(".")[0] in ("competition", "pipelines")}
        assert "torch" not in modules and own <= import_closure(ROOT / f"{stage.replace('.', '/')}.py"), stage
