"""Forecast of what a run of params.yaml will take on this machine: python -m pipelines.plan

python -m pipelines.plan
python -m pipelines.plan --train 2000000 --test 500000

Runs the stages on two or more small parts of the competition, in a temporary folder, and carries on in straight lines;
see docs/scaling.md. Nothing of the project is changed, but that its bank of document noise is filled, which `augment`
would do.
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

from competition.common.imports import ROOT
from competition.data.competition import read_competition
from competition.planning.cost_model import forecast
from competition.planning.measure import measure
from competition.planning.process_usage import Usage, run_measured
from competition.planning.subset import Size
from competition.planning.table import forecast_table
from competition.settings.load import load_settings
from pipelines._main import ANEW, log, run


def main(
    train: Annotated[
        int | None, typer.Option(min=1, help="training images to plan for (default: the competition's)")
    ] = None,
    test: Annotated[
        int | None, typer.Option(min=1, help="test images to plan for (default: the competition's)")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object instead of the table")] = False,
) -> None:
    """Forecast seconds, memory and disk of every stage."""
    began = perf_counter()
    settings = load_settings()
    competition = read_competition(settings.competition, settings.task)
    size = Size(train or len(competition.train), test or len(competition.test_ids))

    def announce(stage: str) -> None:
        if not as_json:
            log("trying", stage=stage, seconds_so_far=round(perf_counter() - began))

    pair, votes = measure(competition, settings, size, run_stage, announce)
    stages = forecast(pair, votes, settings, size)
    if settings.distil.student:
        print("warning: the stage distil is not forecast", file=sys.stderr)
    if as_json:
        facts = {"train": size.train, "test": size.test, "plan_seconds": round(perf_counter() - began, 1)}
        print(json.dumps(facts | {"stages": [asdict(stage) for stage in stages]}))
        return
    Console().print(forecast_table(stages, size))
    log("planned", parts="+".join(str(one.size.train) for one in pair), seconds=round(perf_counter() - began, 1))


def run_stage(folder: Path, name: str, *arguments: str, **environment: str) -> Usage:
    """Run a stage in `folder` as a person runs it, and return its usage."""
    command = [sys.executable, "-m", f"pipelines.{name}", *arguments]
    return run_measured(command, folder, os.environ | environment | {"PYTHONPATH": str(ROOT)})


if __name__ == "__main__":
    run(main, ANEW)
