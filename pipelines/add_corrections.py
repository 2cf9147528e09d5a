"""Make the images that were corrected in the browser training data: python -m pipelines.add_corrections

Images of data/corrections/, where `serve` keeps them, go into data/raw/train/ and their rows into data/raw/train.csv;
those that are training images already get a label fix. `dvc repro` does the rest. See docs/serve.md.
"""

from pathlib import Path
from typing import Annotated

import typer

from competition.common import paths
from competition.common.errors import examples
from competition.data.competition import read_competition
from competition.labels.added_corrections import add_to_training, sort_corrections
from competition.labels.fixes import check_label_fixes, read_label_fixes, with_label_fix, write_label_fixes
from competition.settings.load import load_settings
from pipelines._main import log, run


def main(
    folder: Annotated[Path, typer.Argument(help="with corrections.csv and its images")] = paths.CORRECTIONS,
) -> None:
    """Make corrected images training data."""
    settings = load_settings()
    competition = read_competition(settings.competition, settings.task)
    found = sort_corrections(folder, competition)
    if found.fixes:
        fixes = read_label_fixes(paths.LABEL_FIXES)
        for fix in found.fixes:
            fixes = with_label_fix(fixes, fix)
        check_label_fixes(paths.LABEL_FIXES, fixes, competition)
        write_label_fixes(paths.LABEL_FIXES, fixes)
    if found.new:
        add_to_training(folder, found.new, competition, settings.competition)
    if found.test:
        log("warning: test images are left out", images=len(found.test), ids=examples(found.test))
    log(
        "added",
        path=competition.root / "train.csv",
        images=len(found.new),
        label_fixes=len(found.fixes),
        known=len(found.known),
        advice="`dvc repro` trains on them",
    )


if __name__ == "__main__":
    run(main)
