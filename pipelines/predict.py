"""Label any folder of images with the trained networks: python -m pipelines.predict FOLDER

python -m pipelines.predict ~/scans --out labels.csv
python -m pipelines.predict ~/scans --member lite0 --fast
python -m pipelines.predict ~/scans --answers submission.csv --minutes 50

The answers are those of the vote that made submissions/final.csv, or of the one that --member names. Reads
params.yaml, folds/weights/ and submissions/final_vote.json, and needs nothing else. Makes a CSV with a row for each
image: class, probability, runner-up, and whether the answer is unsure; with --answers a second one, in the form that
the competition's site takes. See docs/predict.md.
"""

import os
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryFile
from time import perf_counter, process_time
from typing import Annotated
from unicodedata import category

import numpy as np
import typer

from competition.common.csv import write_table
from competition.common.progress import progress
from competition.compute.device import set_up_process
from competition.data.orientations import ORIENTATIONS
from competition.ensembling.final_vote import FinalVote, read_final_vote
from competition.ensembling.fitted_votes import FittedVote, Voted
from competition.ensembling.precision_curve import Threshold
from competition.serving.label_table import HEADER, answer_rows, label_rows, submission_ids
from competition.serving.new_images import list_files
from competition.serving.predict import FolderPredictions, LoadedMember, chosen_vote, load_voters, predict_folder
from competition.serving.time_budget import Plan, TimeBudget
from competition.settings.load import load_settings
from competition.upright.straighten import open_straightener
from pipelines._main import ANEW, log, run, warn_of_changes


def main(
    folder: Annotated[Path, typer.Argument(help="with images, in it or in folders below")],
    out: Annotated[Path, typer.Option(help="CSV to write")] = Path("predictions.csv"),
    member: Annotated[
        str | None, typer.Option(help="whose answers, of submissions/ensembles.csv (default: final.csv's)")
    ] = None,
    fast: Annotated[
        bool, typer.Option("--fast", help="ask one fold's network (an ensemble's best voter's) about one orientation")
    ] = False,
    precision: Annotated[
        float, typer.Option(help="share of right ones among the answers that are not unsure, at least")
    ] = 0.95,
    answers: Annotated[
        Path | None, typer.Option(help="CSV to write beside it: the answers as a submission has them, of these images")
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(min=0.01, help="to be done in: where it gets short, orientations are left out, then folds"),
    ] = None,
) -> None:
    """Label every image of a folder."""
    began = started = perf_counter()
    set_up_process()
    check_out(out, "--out")
    if answers:
        check_out(answers, "--answers")
    settings, (names, closed), final = load_settings(), list_files(folder), read_final_vote()
    if answers:
        submission_ids(names, final.has_extensions)  # refuses files of one ID
    straighten = open_straightener(settings.upright, most=1 if fast else None)
    vote = chosen_vote(final, member, fast, settings, log)
    warn_of_changes(final.changed_since(settings, vote.parts))
    threshold = final.curves[vote.name].threshold(precision)
    voters = load_voters(vote, final, settings, most=1 if fast else None)
    weights = None if fast else final.orientation_weights
    log_threshold(threshold, precision)
    log(
        "asking",
        vote=vote.name,
        networks=sum(len(voter.networks) for voter in voters.values()),
        orientations=1 if fast else "by page" if straighten else np.count_nonzero(weights),
        files=len(names),
        seconds_to_start=round(perf_counter() - began, 1),
    )
    began, computed = perf_counter(), process_time()
    views = ORIENTATIONS if straighten else 1 if fast else np.count_nonzero(weights)
    budget = minutes and budget_of(60 * minutes - (began - started), len(names), views, voters)
    with progress(len(names), "predict", "file") as bar:
        answered = predict_folder(
            folder,
            names,
            vote,
            voters,
            settings,
            weights,
            packed=not fast,
            straighten=straighten,
            tick=bar.update,
            budget=budget,
        )
    seconds, cpu_seconds = perf_counter() - began, process_time() - computed
    answered = replace(answered, unreadable=closed | answered.unreadable)
    found = voted(folder, vote, answered)
    rows = label_rows(found, final.target2class, threshold)
    write_table(out, HEADER, [(printable(name), *rest) for name, *rest in rows])
    log_unreadable(answered)
    if answers:
        write_answers(answers, found, final)
    log(
        "labelled",
        path=out,
        images=len(rows),
        unsure=sum(row[-1] == "yes" for row in rows),
        unreadable=len(answered.unreadable),
        no_images=answered.others,
        seconds=round(seconds, 1),
        cpu_seconds=round(cpu_seconds, 1),
        images_per_s=round(len(rows) / seconds, 1),
    )


def write_answers(path: Path, found: Voted, final: FinalVote) -> None:
    ids = submission_ids([printable(name) for name in found.predictions.ids.tolist()], final.has_extensions)
    write_table(path, (final.id_column, *final.task.form.columns), answer_rows(found, final.task, ids))
    log("answered", path=path, rows=len(ids), form=final.task.settings.answer)


def check_out(out: Path, option: str) -> None:
    """Refuse, before any work is done, a place that can't be written to."""
    if out.is_dir():
        raise ValueError(f"{option} {out}: is a folder; name the CSV file to write")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        TemporaryFile(dir=out.parent).close()
    except OSError as error:
        raise ValueError(f"{option} {out}: can't be written ({error.strerror}); name another place") from error


def budget_of(seconds: float, files: int, views: int, voters: dict[str, LoadedMember]) -> TimeBudget:
    def changed(plan: Plan, left: int, takes: float) -> None:
        what = {"orientations": plan.orientations, "networks_of_each": plan.networks, "files_left": left}
        log("warning: time is short, so the rest is asked less", **what, takes_minutes=round(takes / 60, 1))

    return TimeBudget(seconds, files, views, [len(voter.networks) for voter in voters.values()], changed)


def voted(folder: Path, vote: FittedVote, answered: FolderPredictions) -> Voted:
    if not len(answered.predictions[vote.parts[0]][0]):
        raise ValueError(
            f"{folder}: no image in it that could be read ({len(answered.unreadable)} unreadable, "
            f"{answered.others} other files)"
        )
    return vote.predict(answered.predictions)


def log_threshold(threshold: Threshold, precision: float) -> None:
    reached, at_least = round(threshold.precision, 4), round(threshold.bound, 4)
    if threshold.value is None:
        log(
            "warning: every answer is unsure", asked_precision=precision, highest_out_of_fold=reached, at_least=at_least
        )
    else:
        log(
            "sure",
            from_probability=round(threshold.value, 4),
            asked_precision=precision,
            precision_out_of_fold=reached,
            at_least=at_least,
            share_out_of_fold=round(threshold.share, 4),
        )


def log_unreadable(answered: FolderPredictions) -> None:
    for name, problem in answered.unreadable.items():
        log("warning: unreadable", file=printable(name), problem=problem)
    for name, problem in answered.damaged.items():
        log("warning: damaged", file=printable(name), problem=problem)


def printable(name: str) -> str:
    """A file's name on one line: bytes that are no UTF-8, and control characters, as \\x.."""
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return "".join(f"\\x{ord(letter):02x}" if category(letter) == "Cc" else letter for letter in text)


if __name__ == "__main__":
    run(main, ANEW)
