"""Processes that see neither this project nor some packages: what is handed out has to work there."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# `sitecustomize` is imported when Python starts; a hook can't be taken away again
REFUSE = """
import importlib.abc, sys

FOLDERS, MODULES = {folders!r}, {modules!r}


def refuse(event, arguments):
    if event == "open" and str(arguments[0]).startswith(FOLDERS):
        raise FileNotFoundError(2, "not to be seen from here", str(arguments[0]))


class Refuse(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in MODULES:
            raise ModuleNotFoundError(f"{{name}}: not to be seen from here", name=name)


sys.addaudithook(refuse)
sys.meta_path.insert(0, Refuse())
"""


def run_alone(
    command: Sequence[str],
    folder: Path,
    site: Path,
    modules: Sequence[str] = (),
    check: bool = True,
    python: str = sys.executable,
) -> subprocess.CompletedProcess:
    """Run Python with `command` in `folder`: no file of this project's code can be opened, none of `modules` imported.

    site: an empty folder, for the hook. python: "" for a command that starts Python itself.
    """
    hidden = tuple(f"{ROOT / name}{os.sep}" for name in ("competition", "pipelines", "tests"))
    site.mkdir(parents=True, exist_ok=True)
    (site / "sitecustomize.py").write_text(REFUSE.format(folders=hidden, modules=tuple(modules)))
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    done = subprocess.run(
        [*filter(None, [python]), *command],
        cwd=folder,
        env=environment | {"PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
    )
    assert not check or done.returncode == 0, f"{command}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done
