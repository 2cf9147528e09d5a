"""How near `plan` comes to what the stages then take, at three sizes.

    python tests/benchmarks/plan.py --folder ../plan [--train 134 340 680]

For each size a generated competition is made, twice as many test as training pages; `python -m pipelines.plan --json`
says what each stage takes, and then the stages are run whole, every fold, and watched. The last line is one JSON
object: by size and stage the measured seconds (all runs) and memory (of the run that took most), and the forecasts'
ratios to them; `worst_seconds` and `worst_memory` are the ratios farthest from 1 of prepare, augment, train and vote.
Run it on a machine that does nothing else.
"""

import argparse
import json
import shutil
from pathlib import Path

from stages import begin, command, plan_and_run, sample_params

JUDGED = ("prepare", "augment", "train", "vote")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--folder", type=Path, required=True, help="a project is made in it for each size, and replaced"
    )
    parser.add_argument("--train", type=int, nargs="+", default=[134, 340, 680], help="training pages")
    parser.add_argument("--size", type=int, default=128, help="pixels")
    parser.add_argument("--epochs", type=int, default=8)
    return parser.parse_args()


def params(given: argparse.Namespace) -> dict:
    """Return the preset `sample` at this benchmark's size."""
    values = sample_params()
    values["augment"] |= {"size": given.size, "copies": given.epochs}
    # all epochs, as plan takes it
    values["members"]["lite0"] |= {"size": given.size, "epochs": given.epochs, "patience": given.epochs}
    values["specialize"]["network"] |= {"size": given.size}
    return values


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
        sizes[train] = plan_and_run(folder)
    print(
        json.dumps(
            {
                "worst_seconds": worst(sizes, "seconds_ratio"),
                "worst_memory": worst(sizes, "memory_ratio"),
                "sizes": sizes,
            }
        )
    )


if __name__ == "__main__":
    main()
