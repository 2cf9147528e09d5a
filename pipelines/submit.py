"""Hand a submission to Kaggle, by its own command line tool: python -m pipelines.submit

python -m pipelines.submit --dry-run
python -m pipelines.submit --file submissions/members/lite0.csv --message "lite0, five folds"

Needs `submit.slug` in params.yaml, and the tool (pip install kaggle). The file is checked first, and whether
rules.public_submissions allows one more score beside those in submissions/public.csv; the command is shown before it is
run.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from competition.common import paths
from competition.common.errors import ContractError
from competition.data.competition import read_competition
from competition.data.submission import check_submission
from competition.leaderboard.kaggle import call, in_shell, submit_command
from competition.leaderboard.public_scores import check_one_more, read_public_scores
from competition.metrics.make import make_metric
from competition.settings.load import load_settings
from competition.settings.params import Settings
from pipelines._main import run

# the folders whose submissions `record` knows
RECORDED = (paths.SUBMISSIONS, paths.MEMBERS, paths.ENSEMBLES)


def main(
    file: Annotated[Path, typer.Option(help="CSV to submit")] = paths.FINAL,
    message: Annotated[
        str | None, typer.Option(help="what the site keeps beside it (default: the file's name)")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="show the command, and don't run it")] = False,
) -> None:
    """Hand a submission to Kaggle, once it was found valid."""
    settings = load_settings()
    competition = read_competition(settings.competition, settings.task, images=False)
    if problems := check_submission(file, competition):
        raise ContractError(problems)
    print(f"{file}: valid, {len(competition.test_ids)} rows")
    check_rules(settings)
    command = submit_command(settings.submit.slug, file, message or file.stem)
    print(in_shell(command), flush=True)
    if dry_run:
        print("dry run: nothing was submitted")
        return
    if code := call(command):
        print(f"error: {command[0]} ended with exit code {code}; what it says stands above", file=sys.stderr)
        raise typer.Exit(1)
    if file.parent in RECORDED:  # the tool ends with 0 after some failures too, and its last line may be an open one
        print(
            f"\nif {command[0]} says that it was submitted, then once the site shows its score: "
            f"python -m pipelines.record {file.stem} SCORE"
        )


def check_rules(settings: Settings) -> None:
    """Refuse to ask the site for more scores than it allows; it can only be known of those that were recorded."""
    most = settings.rules.public_submissions
    asks = read_public_scores(paths.PUBLIC_SCORES, make_metric(settings.task).bounds)
    check_one_more(
        paths.PUBLIC_SCORES,
        asks,
        most,
        "the site would give one more for this file, which the rules don't allow: nothing was submitted",
    )
    if most is not None:
        print(
            f"public scores: {len(asks)} of {most} are recorded in {paths.PUBLIC_SCORES}; those that you didn't "
            "record are not counted"
        )


if __name__ == "__main__":
    run(main, "it may have been submitted all the same: look at the site before you run the command again")
