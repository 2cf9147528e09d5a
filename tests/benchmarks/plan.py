"""How near `plan` comes to what the stages then take, at three sizes.

    python tests/benchmarks/plan.py --folder ../plan [--train 170 340 680]

For each size a generated competition is made, twice as many test as training pages; `python -m pipelines.plan --json` says what each
stage takes, and then the stages are run whole, every fold, and watched. The last line is one JSON object: by size and stage
the measured seconds (all runs) and memory (of the run that took most), and the forecasts' ratios to them; `worst_seconds` and
`worst_memory` are the ratios farthest from 1 of prepare, augment, train and vote. Run it on a machine that does nothing else.
"""

import argparse
import json
import shutil
from pathlib import Path

from stages import begin, command, sample_params

from competition.planning.watch import Taken, run_watched
from competition.settings import load_settings

JUDGED = ("prepare", "augment", "train", "vote")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True, help="a project is made in it for each size, and replaced")
    parser.add_argument("--train", type=int, nargs="+", default=[170, 340, 680], help="training pages")
    parser.add_argument("--size", type=int, default=128, help="pixels")
    parser.add_argument("--epochs", type=int, default=8)
    return parser.parse_args()


def params(given: argparse.Namespace) -> dict:
    """Return the preset `sample` at this benchmark's size."""
    values = sample_params()
    values["augment"] |= {"size": given.size, "copies": given.epochs}
    values["members"]["lite0"] |= {"size": given.size, "epochs": given.epochs, "patience": given.epochs}  # all epochs, as plan takes it
    values["specialize"]["network"] |= {"size": given.size}
    return values


def run_stages(folder: Path) -> dict[str, list[Taken]]:
    """Return what each run of each stage took; members are named as `plan` names them."""
    settings = load_settings(folder / "params.yaml")
    runs: dict[str, list[tuple[str, ...]]] = {name: [(name,)] for name in ("prepare", "split", "augment")}
    runs |= {f"train {member}": [("train", member, str(fold)) for fold in settings.split.folds] for member in settings.train.members}
    runs["specialize"] = [("specialize", str(fold)) for fold in settings.split.folds]
    runs |= {name: [(name,)] for name in ("review", "vote", "ensemble")}
    return {stage: [run_watched(f"pipelines.{name}", rest, folder) for name, *rest in of] for stage, of in runs.items()}


def compare(folder: Path) -> dict[str, dict]:
    planned = {stage["stage"]: stage for stage in json.loads(command(folder, "plan", "--json").splitlines()[-1])["stages"]}
    found = {}
    for stage, runs in run_stages(folder).items():
        seconds, memory = sum(run.seconds for run in runs), max(run.memory for run in runs)
        found[stage] = {"seconds": round(seconds, 1), "planned_seconds": round(planned[stage]["seconds"], 1),
                        "memory_gb": round(memory / 1e9, 2), "planned_memory_gb": round(planned[stage]["memory"] / 1e9, 2),
                        "seconds_ratio": round(planned[stage]["seconds"] / seconds, 2),
                        "memory_ratio": round(planned[stage]["memory"] / memory, 2)}
        print(f"{folder.name:>6} {stage:16s}", found[stage], flush=True)
    return found


def worst(sizes: dict[int, dict], what: str) -> float:
    """Return the ratio farthest from 1, either way, of the stages that are judged."""
    ratios = [facts[what] for stages in sizes.values() for stage, facts in stages.items() if stage.split()[0] in JUDGED]
    return max(ratios, key=lambda ratio: max(ratio, 1 / max(ratio, 1e-9)))


def main() -> None:
    given = parse()
    sizes = {}
    for train in given.train:
        folder = given.folder.resolve() / str(train)
        shutil.rmtree(folder, ignore_errors=True)
        begin(folder, params(given))
        command(folder, "sample", "--train", str(train), "--test", str(2 * train))
        sizes[train] = compare(folder)
    print(json.dumps({"worst_seconds": worst(sizes, "seconds_ratio"), "worst_memory": worst(sizes, "memory_ratio"), "sizes": sizes}))


if __name__ == "__main__":
    main()
