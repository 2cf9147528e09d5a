"""Score a submission against the test set's labels.

python -m pipelines.score submissions/final.csv data/solution.csv           task.metric, accuracy, F1 per class
python -m pipelines.score submissions/final.csv data/solution.csv --json    the same as one JSON object
"""

import json
import sys
from math import isnan
from pathlib import Path
from typing import Annotated

import typer

from competition.common.csv import class_hint
from competition.common.errors import examples
from competition.data.competition import read_class_names, read_competition
from competition.data.task import Task
from competition.leaderboard.score import Score, score_submission
from competition.metrics.make import make_metric
from competition.metrics.metric import Metric
from competition.settings.load import load_settings
from competition.settings.params import Settings
from pipelines._main import run


def main(
    submission: Annotated[Path, typer.Argument(help="CSV with the answers")],
    solution: Annotated[Path, typer.Argument(help="CSV with the labels, and optionally usage: Public or Private")],
    meta: Annotated[
        Path | None, typer.Option(help="CSV with the classes' names (default: the competition's meta.csv)")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Score a submission against the test set's labels."""
    everything = load_settings()
    settings, metric, task = everything.competition, make_metric(everything.task), task_of(everything)
    score = score_submission(submission, solution, metric, settings, task)
    if meta is not None and not meta.is_file():
        raise FileNotFoundError(f"{meta}: no such file; it names the classes ({settings.target},{settings.class_name})")
    names = read_class_names(meta or Path(settings.root) / "meta.csv", settings)
    if task is None and (unknown := [target for target, images in score.images.items() if not images]):
        hint = class_hint(unknown, [target for target, images in score.images.items() if images])
        print(
            f"warning: {submission}: answers that are no class of {solution}: {examples(unknown)}; {hint}",
            file=sys.stderr,
        )
    note = metric.labels_note(everything.task.several)
    print(_as_json(score, metric, names) if as_json else _as_text(score, metric, names, note))


def task_of(settings: Settings) -> Task | None:
    """Return the competition's task; None for one class an image in no order, where the two files say enough.

    To a metric of one's own the classes' numbers may mean something.
    """
    task = settings.task
    if task.labels == "single" and task.answer == "label" and not task.metric.endswith(".py"):
        return None
    return read_competition(settings.competition, settings.task, images=False).task


def _as_json(score: Score, metric: Metric, names: dict[str, str]) -> str:
    scores = score.per_class.items()
    per_class = {names.get(target, target): None if isnan(value) else value for target, value in scores}
    facts = {"metric": metric.name, "all": score.all, "public": score.public, "private": score.private}
    return json.dumps({**facts, "accuracy": score.accuracy, "per_class": per_class}, ensure_ascii=False)


def _as_text(score: Score, metric: Metric, names: dict[str, str], note: str) -> str:
    totals = {"all": score.all, "public": score.public, "private": score.private}
    named = {f"{metric.label} {part}": value for part, value in totals.items() if value is not None}
    named["accuracy"] = score.accuracy
    longest = max(map(len, named))
    lines = [f"{name:{longest}} {value:.4f}" for name, value in named.items()]
    lines += [f"accuracy and F1: {note}", ""] if note else [""]
    labels = {target: " ".join(dict.fromkeys((target, names.get(target, target)))) for target in score.per_class}
    width = max(map(len, [*labels.values(), "class"]))
    lines += [f"{'class':{width}}  {'F1':>6}  {'images':>6}"]
    lines += [
        f"{labels[target]:{width}}  {value:6.4f}  {score.images[target]:6}" for target, value in score.per_class.items()
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    run(main)
