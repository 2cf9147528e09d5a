"""Bundle of the final vote for a machine without network: python -m pipelines.bundle

python -m pipelines.bundle --out foldvote_bundle.zip
python -m pipelines.bundle --out bundle --member lite0 --wheels
python -m pipelines.bundle --student

The bundle holds the very files that `predict` reads, this project's source, a list of exact versions (and their wheels,
if asked for), and `infer.py` with a notebook, which find the test folder of a code competition and call `predict`: the
same bytes come out. Reads what `predict` reads; makes the folder, or the zip file. See docs/predict.md.
"""

from pathlib import Path
from typing import Annotated

import typer

from competition.common import paths
from competition.serving.bundle import LOCK, extra_packages, files_of, write_bundle
from competition.serving.predict import read_votes
from competition.settings.load import load_settings
from pipelines._main import ANEW, log, run, warn_of_changes
from pipelines._options import Member, Student


def main(
    out: Annotated[Path, typer.Option(help="folder to write, or a file that ends in .zip")] = Path("exports/bundle"),
    member: Member = None,
    student: Student = False,
    wheels: Annotated[bool, typer.Option("--wheels", help=f"fetch the wheels of {LOCK} into it, by pip")] = False,
) -> None:
    """Write all that answering a test folder needs, without network and DVC."""
    settings = load_settings()
    final, votes = read_votes(settings, member, student), paths.STUDENT_VOTE if student else paths.FINAL_VOTE
    vote = final.vote(member)
    warn_of_changes(final.changed_since(settings, vote.parts))
    files = files_of(final, member, settings, votes)
    options = ["--student"] if student else ["--member", member] if member else []
    size = write_bundle(out, files, options, extra_packages(final, member, settings), wheels)
    log("bundled", path=out, vote=vote.name, project_files=len(files), megabytes=round(size / 1e6, 1))


if __name__ == "__main__":
    run(main, ANEW)
