"""Import closures: every way of writing an import is seen, and Python itself loads nothing that the closure lacks."""

import subprocess
import sys
from pathlib import Path

import pytest

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
@pytest.mark.parametrize("stage", ["prepare", "split", "augment", "review", "vote", "ensemble"])
def test_python_loads_nothing_else(stage):
    """Those of the stages that start without torch."""
    loaded = "(m.__file__ for name, m in sys.modules.items() if name.startswith(('competition', 'pipelines')))"
    code = f"import sys, pipelines.{stage}\nassert 'torch' not in sys.modules\nprint(*{loaded})"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    assert {Path(file) for file in done.stdout.split()} <= import_closure(ROOT / f"pipelines/{stage}.py")
