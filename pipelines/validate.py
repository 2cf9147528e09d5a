"""Check submissions before they are handed in: IDs, their order, classes, columns, encoding.

python -m pipelines.validate submissions/final.csv
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from competition.data.competition import read_competition
from competition.data.submission import check_submission
from competition.settings.load import load_settings
from pipelines._main import run


def main(files: Annotated[list[Path], typer.Argument(help="CSVs to check")]) -> None:
    """Check submissions; list every problem and exit with 1 when there is one."""
    settings = load_settings()
    competition = read_competition(settings.competition, settings.task, images=False)
    problems = []
    for path in files:
        wrong = check_submission(path, competition)
        problems += wrong
        if not wrong:
            print(f"{path}: valid, {len(competition.test_ids)} rows")
    for problem in problems:
        print(problem, file=sys.stderr)
    if problems:
        raise typer.Exit(1)


if __name__ == "__main__":
    run(main)
