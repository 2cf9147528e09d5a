"""A generated competition taken through the stages, each once: what stands in its folder is not computed again; and
watched, beside what `plan` says of them.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import yaml

from competition.leaderboard.score import read_solution
from competition.members.fold_training import FoldTraining
from competition.planning.process_usage import Usage
from competition.settings.load import load_settings
from pipelines.plan import run_stage
from pipelines.train import train_and_write

ROOT = Path(__file__).resolve().parents[2]


def sample_params() -> dict:
    """Return the preset `sample`, to be changed."""
    return yaml.safe_load((ROOT / "competition/settings/presets/sample.yaml").read_text(encoding="utf-8"))


def begin(folder: Path, params: dict) -> None:
    """Make the project `folder` with `params`, unless it has some already."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "params.yaml").is_file():
        (folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False), encoding="utf-8")


def command(folder: Path, name: str, *arguments: str, quiet: bool = False) -> str:
    """Run a stage or command in `folder`, as a person does; return what it printed; quiet: print it nowhere else."""
    done = subprocess.run(
        [sys.executable, "-m", f"pipelines.{name}", *arguments],
        cwd=folder,
        check=True,
        text=True,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    if not quiet:
        print(done.stdout, end="", flush=True)
    return done.stdout


def once(folder: Path, name: str, *arguments: str) -> None:
    """Run a stage or command in `folder` unless that was done before."""
    done = folder / "done" / "-".join([name, *arguments]).replace("/", "_")
    if not done.exists():
        command(folder, name, *arguments)
        done.parent.mkdir(exist_ok=True)
        done.touch()


def train_members(folder: Path) -> None:
    """Train every member on every fold in this process, which stands in `folder` afterwards."""
    os.chdir(folder)
    settings = load_settings()
    for member in settings.train.members:
        for fold in settings.split.folds:
            if not Path(f"folds/scores/{member}/{fold}.json").is_file():
                train_and_write(FoldTraining(settings, member, fold), with_others=True)


def run_stages(folder: Path) -> dict[str, list[Usage]]:
    """Return what each run of each stage took, every fold; members are named as `plan` names them."""
    settings = load_settings(folder / "params.yaml")
    runs: dict[str, list[tuple[str, ...]]] = {name: [(name,)] for name in ("prepare", "split", "augment")}
    runs |= {
        f"train {member}": [("train", member, str(fold)) for fold in settings.split.folds]
        for member in settings.train.members
    }
    if settings.specialize.base:
        runs["specialize"] = [("specialize", str(fold)) for fold in settings.split.folds]
    runs |= {name: [(name,)] for name in ("review", "vote", "ensemble")}
    taken = {}
    for stage, of in runs.items():
        taken[stage] = [run_stage(folder, name, *rest) for name, *rest in of]
        print(f"{folder.name:>6} {stage:16s}", taken[stage], flush=True)
    return taken


def plan_and_run(folder: Path) -> dict[str, dict[str, float]]:
    """Return by stage what was forecast of it, and what it then took: seconds of all runs, memory of the one that took
    most.
    """
    planned = {
        stage["stage"]: stage for stage in json.loads(command(folder, "plan", "--json").splitlines()[-1])["stages"]
    }
    found = {}
    for stage, runs in run_stages(folder).items():
        seconds, memory, plan = sum(run.seconds for run in runs), max(run.memory for run in runs), planned[stage]
        found[stage] = {
            "seconds": round(seconds, 1),
            "planned_seconds": round(plan["seconds"], 1),
            "seconds_ratio": round(plan["seconds"] / seconds, 2),
            "memory_gb": round(memory / 1e9, 2),
            "planned_memory_gb": round(plan["memory"] / 1e9, 2),
            "memory_ratio": round(plan["memory"] / memory, 2),
        }
    return found


def truth(folder: Path, ids: list[str]) -> np.ndarray:
    """Return the targets (N,) of the test images `ids`."""
    return read_solution(folder / "data/solution.csv").set_index("ID").target.loc[ids].to_numpy()
