"""Record the score that a competition's site gave a submission, in submissions/public.csv: a row for each ask.

python -m pipelines.record final 0.9127                       the site was asked today
python -m pipelines.record final 0.9127 --date 2026-11-21     or then
python -m pipelines.record final --private 0.9080             its newest row that has none gets its private score
python -m pipelines.record final 0.9217 --correct             its newest row was mistyped; with --date, that day's
python -m pipelines.record final -- -0.02                     a score below 0 stands behind --

NAME is that of submissions/final.csv, or of a file in submissions/members/ or submissions/ensembles/. Prints the
leaderboard with all recorded scores.
"""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from competition.common import paths
from competition.common.errors import examples
from competition.common.files import file_sha256
from competition.ensembling.final_files import read_final_if_any
from competition.leaderboard.leaderboard import read_leaderboard
from competition.leaderboard.public_comparison import read_comparison, read_sizes
from competition.leaderboard.public_scores import (
    PublicScore,
    complete,
    correct,
    read_public_scores,
    record_score,
    score_text,
    submission_files,
)
from competition.leaderboard.public_table import print_public
from competition.leaderboard.tables import print_leaderboard
from competition.metrics.make import make_metric
from competition.metrics.metric import Metric
from competition.settings.load import load_settings
from pipelines._main import run

EXPECTED = ("value", "low", "high")


def main(
    submission: Annotated[str, typer.Argument(help="its name: final, or as in submissions/members/ and ensembles/")],
    score: Annotated[float | None, typer.Argument(help="the public leaderboard's, as the site shows it")] = None,
    private: Annotated[float | None, typer.Option(help="the private leaderboard's, once it is known")] = None,
    on: Annotated[
        datetime | None,
        typer.Option("--date", formats=["%Y-%m-%d"], help="YYYY-MM-DD (default: today; the newest row)"),
    ] = None,
    as_correction: Annotated[
        bool, typer.Option("--correct", help="put these scores in place of those that were recorded")
    ] = False,
) -> None:
    """Write down the score that a competition's site gave a submission."""
    settings = load_settings()
    leaderboard = read_leaderboard(paths.LEADERBOARD) if paths.LEADERBOARD.is_file() else None
    metric = make_metric(settings.task)
    # a missing file is an error before anything is recorded
    sizes = None if leaderboard is None else read_sizes(paths.SUBMISSIONS, leaderboard, settings.submit.public_share)
    given = {"public": score, "private": private}
    scores = {which: score_text(value, which, metric.bounds) for which, value in given.items() if value is not None}
    most = settings.rules.public_submissions
    done = _write(submission, scores, f"{on.date()}" if on else "", as_correction, leaderboard, most, metric)
    print(f"{paths.PUBLIC_SCORES}: {done}")
    comparison = read_comparison(paths.SUBMISSIONS, leaderboard, sizes, settings.ensemble.confidence, metric)
    if leaderboard is not None:
        title = f"{metric.title} out of fold{metric.order_note}"
        print_leaderboard(leaderboard, title, public=comparison.newest)
    print_public(comparison)


def _write(
    submission: str,
    scores: dict[str, str],
    day: str,
    as_correction: bool,
    leaderboard: pd.DataFrame | None,
    most: int | None,
    metric: Metric,
) -> str:
    """Change the ledger, which may have `most` asks; return what was changed, in a line."""
    if not scores:
        raise ValueError(f"{submission}: no score; give the public one, or --private with the private one")
    ledger, name, bounds = paths.PUBLIC_SCORES, _name(submission), metric.bounds
    if as_correction:
        return f"corrected: {_in_words(correct(ledger, name, scores, day, bounds))}"
    if "public" not in scores:
        return f"completed: {_in_words(complete(ledger, name, scores['private'], day, bounds))}"
    file = _known(submission)
    ask = PublicScore(
        file.stem,
        file_sha256(file),
        scores["public"],
        scores.get("private", ""),
        day or f"{date.today()}",
        *_out_of_fold(file.stem, leaderboard),
    )
    again = any(old.sha256 == ask.sha256 for old in read_public_scores(ledger, bounds))
    row = record_score(ledger, ask, most, bounds)
    if row is not ask:
        return f"completed: {_in_words(row)}"
    return (
        f"recorded: {_in_words(row)}" + "; the same file was asked for before, --correct mends a mistyped score" * again
    )


def _in_words(ask: PublicScore) -> str:
    private = f" private {ask.private}" if ask.private else ""
    return f"{ask.submission} public {ask.public}{private} on {ask.recorded}"


def _name(submission: str) -> str:
    return Path(submission).name.removesuffix(".csv")


def _known(submission: str) -> Path:
    path, name = Path(submission), _name(submission)
    files = submission_files(paths.SUBMISSIONS)
    for file in files:
        if file.stem == name and (len(path.parts) == 1 or path.parent.resolve() == file.parent.resolve()):
            return file
    there = examples([file.stem for file in files], most=20) or "none"
    raise ValueError(
        f"{submission}: no such submission under {paths.SUBMISSIONS}/, its members/ and ensembles/; there: {there}"
    )


def _out_of_fold(name: str, leaderboard: pd.DataFrame | None) -> tuple[str, ...]:
    """Return test-like score and interval of a submission, and the expected score of the final one; () if unknown."""
    tables = [leaderboard] if leaderboard is not None else []
    if paths.CANDIDATES.is_file():
        tables.append(read_leaderboard(paths.CANDIDATES))
    final = read_final_if_any() or {}
    scores = final.get("score", {}) if name in ("final", final.get("chosen")) else {}
    expected = _texts(scores.get("expected"))
    if expected:
        expected = (*expected, repr(float(scores["expected"]["effective_images"])))
    if row := next((rows for one in tables for rows in one.to_dict("records") if rows["submission"] == name), None):
        return *(repr(float(row[column])) for column in ("test_like", "test_like_low", "test_like_high")), *expected
    return (*test_like, *expected) if (test_like := _texts(scores.get("test_like"))) else ()


def _texts(score: dict | None) -> tuple[str, ...]:
    return tuple(repr(float(score[key])) for key in EXPECTED) if score else ()


if __name__ == "__main__":
    run(main)
