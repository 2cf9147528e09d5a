"""Print the leaderboard with the public scores beside it; runs nothing.

python -m pipelines.leaderboard           submissions/leaderboard.csv and submissions/public.csv as tables
python -m pipelines.leaderboard --json    the same as one JSON object
"""

import json
from pathlib import Path
from typing import Annotated

import typer

from competition.leaderboard import read_leaderboard
from competition.leaderboard_table import print_leaderboard
from competition.public_comparison import read_comparison, read_sizes
from competition.public_table import print_public
from competition.settings import load_settings
from pipelines._main import run

FOLDER = Path("submissions")


def main(as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False) -> None:
    """Print the leaderboard with the public scores beside it."""
    board = read_leaderboard(FOLDER / "leaderboard.csv")
    settings = load_settings()
    sizes = read_sizes(FOLDER, board, (settings.competition.id, settings.competition.target))
    comparison = read_comparison(FOLDER, board, sizes, settings.ensemble.confidence)
    if as_json:
        print(json.dumps({"leaderboard": board.to_dict("records"), "public": comparison.facts()}, ensure_ascii=False))
        return
    print_leaderboard(board, public=comparison.newest)
    print_public(comparison)


if __name__ == "__main__":
    run(main)
