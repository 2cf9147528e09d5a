"""What a run of params.yaml will take on this machine, before it is started: python -m pipelines.plan

python -m pipelines.plan
python -m pipelines.plan --train 2000000 --test 500000

Runs the stages on two or more small parts of the competition, in a temporary folder, and carries on in straight lines;
see docs/scaling.md. Nothing of the project is changed, but that its bank of document noise is filled, which `augment`
would do.
"""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from competition.data.competition import Competition, read_competition
from competition.planning.cost_model import forecast
from competition.planning.forecast import Forecast
from competition.planning.subset import Size, part_sizes, write_part
from competition.planning.survey import Survey, Tell, Votes, survey, survey_votes
from competition.settings.load import load_settings
from competition.settings.params import Settings
from pipelines._main import ANEW, log, run

MOST = 400  # training images of the second part
LEAST, ENOUGH = 5.0, 120.0  # seconds that a stage, or all of them, take more for the last part than for the first


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
    competition = read_competition(settings.competition)
    size = Size(train or len(competition.train), test or len(competition.test_ids))
    tell = (
        (lambda what: None)
        if as_json
        else (lambda what: log("trying", stage=what, seconds_so_far=round(perf_counter() - began)))
    )
    pair, votes = look_at_parts(competition, settings, size, tell)
    stages = forecast(pair, votes, settings, size)
    if as_json:
        print(
            json.dumps(
                {
                    "train": size.train,
                    "test": size.test,
                    "plan_seconds": round(perf_counter() - began, 1),
                    "stages": [asdict(stage) for stage in stages],
                }
            )
        )
        return
    show(stages, size)
    log("planned", parts="+".join(str(one.size.train) for one in pair), seconds=round(perf_counter() - began, 1))


def look_at_parts(
    competition: Competition, settings: Settings, size: Size, tell: Tell
) -> tuple[tuple[Survey, Survey], list[Votes]]:
    """Survey a small part, with the votes of `size`, and larger ones until the work shows in one."""
    folds, classes, images = len(settings.split.folds), competition.train["target"].nunique(), len(competition.train)
    small, large = part_sizes(images, classes, folds, settings.augment.copies, MOST)
    with part(competition, settings, small) as (folder, count):
        tell(f"(part of {count.train} training images)")
        first = survey(folder, count, settings, Path.cwd(), tell)
        votes = survey_votes(folder, size, settings, tell)
    while True:
        with part(competition, settings, large) as (folder, count):
            tell(f"(part of {count.train} training images)")
            last = survey(folder, count, settings, Path.cwd(), tell)
        if large >= images // 2 or shows(first, last):
            return (first, last), votes
        large = min(4 * large, images // 2)


def shows(first: Survey, last: Survey) -> bool:
    """Whether `last` had so much more work that it isn't hidden by what starting a stage takes, now more, now less."""
    grown = [last.stages[name].seconds - first.stages[name].seconds for name in ("prepare", "augment")]
    grown.append(sum(last.trained[name].taken.seconds - one.taken.seconds for name, one in first.trained.items()))
    return min(grown) > LEAST or sum(grown) > ENOUGH


@contextmanager
def part(competition: Competition, settings: Settings, images: int) -> Iterator[tuple[Path, Size]]:
    """Yield a folder with a part of about `images` training images, and how many it has."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name), write_part(Path(name), competition, settings, images)


def show(stages: list[Forecast], size: Size) -> None:
    table = Table(title=f"forecast for {size.train} training and {size.test} test images")
    for column in ("stage", "runs", "time", "memory", "disk", "grows with"):
        table.add_column(column, justify="left" if column in ("stage", "grows with") else "right")
    for stage in stages:
        figures = in_words(stage.seconds), gigabytes(stage.memory), gigabytes(stage.disk)
        table.add_row(stage.stage, str(stage.runs), *figures, stage.grows_with)
    whole = (
        sum(stage.seconds for stage in stages),
        max(stage.memory for stage in stages),
        sum(stage.disk for stage in stages),
    )
    table.add_section()
    table.add_row("all, one after the other", "", in_words(whole[0]), gigabytes(whole[1]), gigabytes(whole[2]), "")
    Console().print(table)


def in_words(seconds: float) -> str:
    """As h, min and s, the two that matter."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def gigabytes(number: float) -> str:
    return f"{number / 1e9:.2f} GB" if number else ""


if __name__ == "__main__":
    run(main, ANEW)
