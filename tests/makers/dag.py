"""The stages of dvc.yaml, run one after the other in this process: as `dvc repro` would, without its start-up times."""

import importlib
import itertools
import re
from graphlib import TopologicalSorter
from pathlib import Path

import yaml
from makers.pipeline import ROOT


def commands(params: dict) -> list[tuple[str, list[str]]]:
    """Return (module, arguments) of every stage that `params` makes, in an order in which dependencies come first."""
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    outs = {
        name: _folders(stage.get("outs", []) + stage.get("metrics", []) + stage.get("plots", []))
        for name, stage in stages.items()
    }
    needs = {
        name: {other for other in stages if other != name and _folders(stage["deps"]) & outs[other]}
        for name, stage in stages.items()
    }
    found = []
    for name in TopologicalSorter(needs).static_order():
        matrix = {key: _value(params, text) for key, text in stages[name].get("matrix", {}).items()}
        for values in itertools.product(*matrix.values()):
            command = stages[name]["cmd"]
            for key, value in zip(matrix, values, strict=True):
                command = command.replace(f"${{item.{key}}}", str(value))
            _, _, module, *arguments = command.split()
            found.append((module, arguments))
    return found


def run_dag(params: Path = Path("params.yaml")) -> None:
    """Run the stages in the current folder, a project's."""
    for module, arguments in commands(yaml.safe_load(params.read_text())):
        main = importlib.import_module(module).main
        main(*(int(argument) if argument.isdecimal() else argument for argument in arguments))


def _folders(entries: list) -> set[str]:
    """Return the first two parts of the paths, without what differs from fold to fold."""
    names = (entry if isinstance(entry, str) else next(iter(entry)) for entry in entries)
    return {
        "/".join(re.sub(r"\$\{.*?\}", "*", name).split("/")[:2])
        for name in names
        if not name.startswith("competition/")
    }


def _value(params: dict, text: str) -> list:
    section, key = text.strip("${}").split(".")
    return params[section][key]
