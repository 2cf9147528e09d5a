"""Hand a submission to Kaggle, by its own command line tool: python -m pipelines.submit

python -m pipelines.submit --dry-run
python -m pipelines.submit --file submissions/members/lite0.csv --message "lite0, five folds"

Needs `competition.slug` in params.yaml, and the tool (pip install kaggle). The file is checked first, and the command is
shown before it is run.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from competition.contract import ContractError, check_submission, read_competition
from competition.kaggle import call, in_shell, submit_command
from competition.settings import load_settings
from pipelines._main import run

RECORDED = (Path("submissions"), Path("submissions/members"), Path("submissions/ensembles"))  # the folders whose submissions `record` knows


def main(
    file: Annotated[Path, typer.Option(help="CSV to submit")] = Path("submissions/final.csv"),
    message: Annotated[str | None, typer.Option(help="what the site keeps beside it (default: the file's name)")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="show the command, and don't run it")] = False,
) -> None:
    """Hand a submission to Kaggle, once it was found valid."""
    settings = load_settings().competition
    competition = read_competition(settings, images=False)
    if problems := check_submission(file, competition):
        raise ContractError(problems)
    print(f"{file}: valid, {len(competition.test_ids)} rows")
    command = submit_command(settings.slug, file, message or file.stem)
    print(in_shell(command), flush=True)
    if dry_run:
        print("dry run: nothing was submitted")
        return
    if code := call(command):
        print(f"error: {command[0]} ended with exit code {code}; what it says stands above", file=sys.stderr)
        raise typer.Exit(1)
    if file.parent in RECORDED:
        print(f"once the site shows its score: python -m pipelines.record {file.stem} SCORE")


if __name__ == "__main__":
    run(main)
