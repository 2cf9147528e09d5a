"""What each step from the preset `sample` towards the preset `cpu` is worth on the hard sample, by its solution.

    python tests/benchmarks/score_steps.py --folder ../steps [--seeds 0 1 2]

For each seed a hard sample is generated, and answered after each of these steps, each on top of the ones before:

    default     the preset `sample`: lite0 at 160 px, frozen features, grey pixels; no specialist
    upright     pages are turned upright first, as in the preset `quick`
    growing     lite0's pictures grow from 128 to 224 px, in larger batches
    members     PP-LCNet, trained on documents, at 224 px in the place of features and grey pixels
    adapted     both learn from the test images as well

No stage reads a solution; each step is scored behind it. A stopped run goes on where it was; what stands in the folder
is not computed again. Takes half an hour a seed on two cores. The last line is one JSON object: of each step the test
score of each seed, their mean, and the mean gain over the step before with its standard error over the seeds.
"""

import argparse
import json
import shutil
from pathlib import Path

import numpy as np
import yaml
from stages import begin, command, once, sample_params, train_members

from competition.compute.device import set_up_process
from pipelines.configure import PRESETS

DECIDED = ("vote", "ensemble")
# what a step takes over from the one before it is all but these files, and what was done but these stages
COPIES = ("augmented.arrow", "test_squares.arrow", "state", "cache", "weights", "predictions", "scores", "history")
STEPS = {
    "default": ((), ()),
    "upright": (COPIES, ("augment", *DECIDED)),
    "growing": (COPIES, ("augment", *DECIDED)),
    "members": (("state",), DECIDED),
    "adapted": (("state",), DECIDED),
}
GROWING = {"size": 224, "first_size": 128, "batch_size": 32, "learning_rate": 0.0015}
SECOND = "lcnet_224"  # of the preset `cpu`


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True, help="a project is made in it for each step, and kept")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--train", type=int, default=840, help="training pages generated")
    parser.add_argument("--test", type=int, default=1120, help="test pages generated")
    parser.add_argument("--folds", type=int, nargs="+", default=[0, 1])
    return parser.parse_args()


def params(step: str, folds: list[int]) -> dict:
    """Return params.yaml of `step`, those before it included."""
    values, reached = sample_params(), list(STEPS)[: list(STEPS).index(step) + 1]
    values["split"]["folds"] = folds
    values["specialize"]["base"] = []
    values["review"]["conditions"] = []
    values["tta"]["passes"] = "all"
    if "upright" in reached:
        values["upright"] = preset("quick")["upright"] | {"use": "on"}
    if "growing" in reached:
        values["members"]["lite0"] |= GROWING
        values["augment"]["size"] = GROWING["size"]
    if "members" in reached:
        values["members"][SECOND] = preset("cpu")["members"][SECOND]
        values["train"]["members"] = ["lite0", SECOND]
    if "adapted" in reached:
        values["rules"]["pseudo_labels"] = True
        values["adapt"]["members"] = values["train"]["members"]
    return values


def preset(name: str) -> dict:
    return yaml.safe_load((PRESETS / f"{name}.yaml").read_text(encoding="utf-8"))


def take_over(before: Path, folder: Path, left_out: tuple[str, ...], anew: tuple[str, ...]) -> None:
    """Make `folder` of the project `before`, unless it is there; its settings, and what it decided, are left out."""
    if folder.is_dir():
        return
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(before, partial, ignore=shutil.ignore_patterns("params.yaml", "submissions", *left_out))
    for stage in anew:
        (partial / "done" / stage).unlink()
    partial.rename(folder)


def run(step: str, folder: Path, given: argparse.Namespace, seed: int) -> None:
    """Take the hard sample of `seed` through the stages in `folder`, by the settings of `step`."""
    begin(folder, params(step, given.folds))
    once(folder, "sample", "--train", str(given.train), "--test", str(given.test), "--seed", str(seed), "--hard")
    once(folder, "prepare")
    once(folder, "split")
    if step != "default":
        once(folder, "upright")
    once(folder, "augment")
    train_members(folder)
    if step == "adapted":
        for member in params(step, given.folds)["adapt"]["members"]:
            for fold in given.folds:
                once(folder, "adapt", member, str(fold))
    for stage in DECIDED:
        once(folder, stage)


def result(folder: Path) -> dict[str, object]:
    """Return what the project `folder` promised, and what its test set gave."""
    final = json.loads((folder / "submissions/final.json").read_text(encoding="utf-8"))
    test = json.loads(command(folder, "score", "submissions/final.csv", "data/solution.csv", "--json", quiet=True))
    score = {name: final["score"][name]["value"] for name in ("expected", "test_like", "clean")}
    return {"test": test["all"]} | {name: round(value, 4) for name, value in score.items()} | {"of": final["chosen"]}


def summary(found: dict[str, dict[int, dict]]) -> dict[str, dict]:
    """Return the figures of each step over all seeds; found: step -> seed -> result."""
    told, before = {}, None
    for step, by_seed in found.items():
        tests = np.array([one["test"] for one in by_seed.values()])
        told[step] = {"test": tests.tolist(), "mean": round(float(tests.mean()), 4)}
        if before is not None:
            gains = tests - before
            told[step]["gain"] = round(float(gains.mean()), 4)
            if len(gains) > 1:
                told[step]["standard_error"] = round(float(gains.std(ddof=1) / np.sqrt(len(gains))), 4)
        before = tests
    return told


def main() -> None:
    given = parse()
    set_up_process()
    root = given.folder.resolve()  # stages change where this process stands
    found: dict[str, dict[int, dict]] = {step: {} for step in STEPS}
    for seed in given.seeds:
        before = None
        for step, parts in STEPS.items():
            folder = root / f"seed-{seed}" / step
            if before:
                take_over(before, folder, *parts)
            run(step, folder, given, seed)
            found[step][seed] = result(folder)
            print(seed, step, found[step][seed], flush=True)
            before = folder
    print(json.dumps(summary(found) | {"runs": found}))


if __name__ == "__main__":
    main()
