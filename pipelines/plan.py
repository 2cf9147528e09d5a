"""Forecast of what a run of params.yaml will take on this machine: python -m pipelines.plan

python -m pipelines.plan
python -m pipelines.plan --train 2000000 --test 500000
python -m pipelines.plan --minutes 60 --apply

Runs the stages on two or more small parts of the competition, in a temporary folder, and carries on in straight lines;
see docs/scaling.md. With --minutes it says how many epochs fit, of all members the same share, and with --apply writes
them into params.yaml. Nothing else of the project is changed, but that its bank of document noise is filled, which
`augment` would do.
"""

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer
from rich.console import Console

from competition.common import paths
from competition.common.imports import ROOT
from competition.data.competition import read_competition
from competition.planning.cost_model import forecast
from competition.planning.measure import measure
from competition.planning.process_usage import Usage, run_measured
from competition.planning.subset import Size
from competition.planning.table import forecast_table
from competition.planning.time_limit import changed_epochs, fitted
from competition.settings import edit as params_file
from competition.settings.load import load_settings
from pipelines._main import ANEW, log, run


def main(
    train: Annotated[
        int | None, typer.Option(min=1, help="training images to plan for (default: the competition's)")
    ] = None,
    test: Annotated[
        int | None, typer.Option(min=1, help="test images to plan for (default: the competition's)")
    ] = None,
    minutes: Annotated[
        float | None, typer.Option(min=1, help="a run may take these: the members' epochs are cut until it fits")
    ] = None,
    apply: Annotated[bool, typer.Option("--apply", help="write the epochs that fit into params.yaml")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object instead of the table")] = False,
) -> None:
    """Forecast seconds, memory and disk of every stage."""
    began = perf_counter()
    if apply and minutes is None:
        raise ValueError("--apply writes the epochs that fit into --minutes; give these too")
    settings = load_settings()
    competition = read_competition(settings.competition, settings.task)
    size = Size(train or len(competition.train), test or len(competition.test_ids))

    def announce(stage: str) -> None:
        if not as_json:
            log("trying", stage=stage, seconds_so_far=round(perf_counter() - began))

    pair, votes = measure(competition, settings, size, run_stage, announce)
    try:
        fit = settings if minutes is None else fitted(pair, votes, settings, size, 60 * minutes)
    except ValueError:
        Console(stderr=True).print(forecast_table(forecast(pair, votes, settings, size), size))
        raise
    epochs, stages = changed_epochs(settings, fit), forecast(pair, votes, fit, size)
    if apply and epochs:
        params_file.apply(paths.PARAMS, epochs, load_settings)
    if settings.distil.student:
        print("warning: the stage distil is not forecast", file=sys.stderr)
    if as_json:
        facts = {"train": size.train, "test": size.test, "plan_seconds": round(perf_counter() - began, 1)}
        facts["epochs"] = {".".join(keys): count for keys, count in epochs.items()}
        print(json.dumps(facts | {"stages": [asdict(stage) for stage in stages]}))
        return
    Console().print(forecast_table(stages, size))
    for keys, count in epochs.items():
        log("fewer epochs", **{".".join(keys): count}, of=settings.members[keys[1]].epochs, written=apply)
    if minutes is not None and not epochs:
        log(f"all epochs fit into {minutes:g} minutes")
    log("planned", parts="+".join(str(one.size.train) for one in pair), seconds=round(perf_counter() - began, 1))


def run_stage(folder: Path, name: str, *arguments: str, **environment: str) -> Usage:
    """Run a stage in `folder` as a person runs it, and return its usage."""
    command = [sys.executable, "-m", f"pipelines.{name}", *arguments]
    return run_measured(command, folder, os.environ | environment | {"PYTHONPATH": str(ROOT)})


if __name__ == "__main__":
    run(main, ANEW)
