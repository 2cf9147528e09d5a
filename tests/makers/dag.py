"""The stages of dvc.yaml, run one after the other in this process: as `dvc repro` would, without its start-up times."""

import importlib
import itertools
import json
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import yaml
from makers.pipeline import ROOT


def commands(params: dict) -> list[tuple[str, list[str]]]:
    """Return (module, arguments) of every stage that `params` makes, in an order in which dependencies come first."""
    stages = [
        _filled(stage, dict(zip(stage.get("matrix", {}), values, strict=True)))
        for stage in _written().values()
        for values in itertools.product(*(_value(params, key) for key in stage.get("matrix", {}).values()))
    ]
    made = [_paths(stage.get("outs", []) + stage.get("metrics", []) + stage.get("plots", [])) for stage in stages]
    needs = {
        number: {
            other
            for other, paths in enumerate(made)
            if other != number and any(path == dep or path.startswith(f"{dep}/") for path in paths for dep in deps)
        }
        for number, deps in enumerate(_paths(stage["deps"]) for stage in stages)
    }
    found = []
    for number in TopologicalSorter(needs).static_order():
        _, _, module, *arguments = stages[number]["cmd"].split()
        found.append((module, arguments))
    return found


@cache
def _written() -> dict[str, dict]:
    return yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]


def _filled(stage: dict, item: dict) -> dict:
    """Return `stage` as it is for one `item` of its matrix."""
    text = json.dumps(stage)
    for key, value in item.items():
        text = text.replace(f"${{item.{key}}}", str(value))
    return json.loads(text)


def run_dag(params: Path = Path("params.yaml")) -> None:
    """Run the stages in the current folder, a project's."""
    for module, arguments in commands(yaml.safe_load(params.read_text())):
        main = importlib.import_module(module).main
        main(*(int(argument) if argument.isdecimal() else argument for argument in arguments))


def _paths(entries: list) -> list[str]:
    names = [entry if isinstance(entry, str) else next(iter(entry)) for entry in entries]
    return [name for name in names if not name.endswith(".py")]


def _value(params: dict, text: str) -> list:
    section, key = text.strip("${}").split(".")
    return params[section][key]
