"""How well, and how fast, pages are turned upright: axes, orientation, corners; and what that gains.

    python tests/benchmarks/upright.py PROJECT [--set upright.orientation_epochs=12 ...]

PROJECT: a folder with params.yaml, after `python -m pipelines.split`. The stage `upright` is run as params.yaml has it,
with `use: auto`, so that frozen features are compared too, and the keys of --set changed. Then the test images are
turned upright, two processes at work. The last line is one JSON object.
"""

import argparse
import json
import os
from pathlib import Path
from time import perf_counter

import yaml
from joblib import Parallel, delayed
from stages import command

from competition.common import paths
from competition.data.image_store import ImageStore
from competition.settings.load import load_settings
from competition.upright.straighten import FoldStraightener

CHUNK = 64


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("project", type=Path)
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE", help="keys of params.yaml, changed")
    return parser.parse_args()


def change(params: dict, assignment: str) -> None:
    key, _, value = assignment.partition("=")
    *sections, last = key.split(".")
    for section in sections:
        params = params.setdefault(section, {})
    params[last] = yaml.safe_load(value)


def squares(straighten: FoldStraightener, rows: range, size: int) -> int:
    store = ImageStore(paths.TEST_STORE)
    made, _ = straighten.squares([store.image(row) for row in rows], [""] * len(rows), size, 255)
    return len(made)


def main() -> None:
    given = parse()
    file = given.project / "params.yaml"
    before = file.read_text(encoding="utf-8")
    params = yaml.safe_load(before)
    for assignment in ["upright.use=auto", *given.set]:
        change(params, assignment)
    try:
        file.write_text(yaml.safe_dump(params, sort_keys=False), encoding="utf-8")
        began = perf_counter()
        command(given.project, "upright")
        seconds = perf_counter() - began
        os.chdir(given.project)
        settings, facts = load_settings(), json.loads(paths.UPRIGHT_FACTS.read_text())
    finally:
        file.write_text(before, encoding="utf-8")
    straighten = FoldStraightener(paths.UPRIGHT.resolve())
    count = len(ImageStore(paths.TEST_STORE))
    parts = [range(start, min(start + CHUNK, count)) for start in range(0, count, CHUNK)]
    began = perf_counter()
    Parallel(n_jobs=2)(delayed(squares)(straighten, part, settings.augment.size) for part in parts)
    facts |= {"stage_seconds": round(seconds, 1), "test_images": count}
    print(json.dumps(facts | {"test_seconds": round(perf_counter() - began, 1)}))


if __name__ == "__main__":
    main()
