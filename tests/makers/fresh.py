"""What a module loads in a process that has loaded nothing of the project."""

import json
import subprocess
import sys

from competition.common.imports import ROOT

FORK = """
import importlib, json, os, sys
for name in sys.argv[1].split():
    importlib.import_module(name)
for name in sys.argv[2:]:
    if not os.fork():
        importlib.import_module(name)
        print(json.dumps([name, {key: getattr(module, "__file__", None) for key, module in sys.modules.items()}]))
        sys.stdout.flush()
        os._exit(0)
    assert os.wait()[1] == 0, name
"""


def loaded_by(*modules: str, before: str = "typer.main rich.console pydantic yaml") -> dict[str, dict[str, str | None]]:
    """Return for each of `modules` what is loaded after its import: name -> file. Each has a process of its own, forked
    from one that has imported `before`, of other projects.
    """
    code = [sys.executable, "-c", FORK, before, *modules]
    done = subprocess.run(code, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    return dict(map(json.loads, done.stdout.splitlines()))
