"""Print the leaderboard with the public scores beside it; runs nothing.

python -m pipelines.leaderboard           leaderboard.csv and public.csv as tables, and what final.csv should score
python -m pipelines.leaderboard --json    the same as one JSON object
"""

import json
from typing import Annotated

import typer

from competition.common import paths
from competition.ensembling.final_files import read_final_if_any
from competition.leaderboard.leaderboard import read_leaderboard
from competition.leaderboard.public_comparison import read_comparison, read_sizes
from competition.leaderboard.public_table import print_public
from competition.leaderboard.tables import print_leaderboard
from competition.metrics.make import make_metric
from competition.settings.load import load_settings
from pipelines._main import run


def main(as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False) -> None:
    """Print the leaderboard with the public scores beside it."""
    leaderboard = read_leaderboard(paths.LEADERBOARD)
    settings = load_settings()
    metric = make_metric(settings.task)
    sizes = read_sizes(paths.SUBMISSIONS, leaderboard, settings.submit.public_share)
    comparison = read_comparison(paths.SUBMISSIONS, leaderboard, sizes, settings.ensemble.confidence, metric)
    if as_json:
        known = leaderboard.astype(object).where(leaderboard.notna(), None)  # NaN is no JSON
        facts = {"leaderboard": known.to_dict("records"), "public": comparison.facts()}
        print(json.dumps(facts, ensure_ascii=False))
        return
    print_leaderboard(leaderboard, f"{metric.title} out of fold{metric.order_note}", public=comparison.newest)
    final = read_final_if_any()
    if final and paths.CANDIDATES.is_file():
        newest = comparison.newest
        public = newest | ({final["chosen"]: newest["final"]} if "final" in newest else {})
        title = f"Candidates for final.csv, which is {final['chosen']}"
        print_leaderboard(read_leaderboard(paths.CANDIDATES), title, public=public)
    print_public(comparison)
    if final:
        print("\n".join(final_lines(final, f"{metric.label}{metric.order_note}")))


def final_lines(facts: dict, label: str) -> list[str]:
    """Return the lines about final.csv: which vote made it, its scores, the score expected of the test set."""
    scores = facts["score"]
    nested = scores["nested_choice"] or {}
    rows = {
        "test-like, out of fold": scores["test_like"],
        "of the whole choice, nested": nested.get("test_like"),
        "expected of the test set": scores["expected"],
    }
    lines = [
        f"  {what:<27} {row['value']:.3f} ({row['low']:.3f} to {row['high']:.3f})" for what, row in rows.items() if row
    ]
    return [f"{paths.FINAL}: {facts['chosen']}; {label}:", *lines]


if __name__ == "__main__":
    run(main)
