"""Make the images that were corrected in the browser training data: python -m pipelines.add_corrections

python -m pipelines.add_corrections
python -m pipelines.add_corrections --fold 0          where train.csv gives every image its fold

Images of data/corrections/, where `serve` keeps them, go into data/raw/train/ and their rows into data/raw/train.csv;
those that are training images already get a label fix. `dvc repro` does the rest. See docs/serve.md.
"""

from pathlib import Path
from typing import Annotated

import typer

from competition.common import paths
from competition.common.errors import examples
from competition.common.locks import Use, refuse_while_dvc_reads
from competition.data.competition import read_competition
from competition.labels.added_corrections import add_to_training, fold_of_added, sort_corrections, write_added
from competition.labels.fixes import decide, read_label_fixes, spelled_as_train
from competition.settings.load import load_settings
from pipelines._main import log, run


def main(
    folder: Annotated[Path, typer.Argument(help="with corrections.csv and its images")] = paths.CORRECTIONS,
    fold: Annotated[
        int | None, typer.Option(help="of the added images, where train.csv gives every image its fold")
    ] = None,
) -> None:
    """Make corrected images training data."""
    settings = load_settings()
    competition = read_competition(settings.competition, settings.task)
    refuse_while_dvc_reads(competition.root, paths.LABEL_FIXES)
    found = sort_corrections(folder, competition, spelled_as_train(read_label_fixes(paths.LABEL_FIXES), competition))
    in_fold = fold_of_added(settings.competition, range(settings.split.k), fold) if found.new else ""
    decide(paths.LABEL_FIXES, found.fixes, competition)
    if found.new:
        add_to_training(folder, found.new, competition, settings.competition, in_fold)
    write_added(folder, found.taken)
    if found.test:
        log("warning: test images are left out", images=len(found.test), ids=examples(found.test))
    for conflict in found.conflicts:
        log("warning: left as it is", conflict=conflict, advice="decide with python -m pipelines.fix_label")
    log(
        "added",
        path=competition.root / "train.csv",
        images=len(found.new),
        label_fixes=len(found.fixes),
        known=len(found.known),
        conflicts=len(found.conflicts),
        advice="`dvc repro` trains on them",
    )


if __name__ == "__main__":
    run(main, use=Use.PACK)
