"""Write a decision about a training image's label into folds/label_fixes.csv, which `prepare` applies.

python -m pipelines.fix_label 3f0c.jpg 7                          its target is 7, as targets stand in train.csv
python -m pipelines.fix_label 3f0c.jpg 7 --reason "stamp says so"
python -m pipelines.fix_label 3f0c.jpg --drop                     leave it out of training
python -m pipelines.fix_label 3f0c.jpg -- -1                      a target that begins with - stands behind --
python -m pipelines.fix_label 3f0c.jpg "7|12"                     all its labels, where there may be several; "|": none

A decision replaces an earlier one about the same image; to take one back, remove its row. train.csv stays as it is.
"""

from typing import Annotated

import typer

from competition.common import paths
from competition.common.locks import Use, refuse_while_dvc_reads
from competition.data.competition import Competition, read_competition
from competition.data.label_sets import split_labels
from competition.labels.fixes import LabelFix, check_decision, decide, decided_text, spelled_as_train
from competition.settings.load import load_settings
from pipelines._main import run


def main(
    image: Annotated[str, typer.Argument(metavar="ID", help="the image's, as in train.csv")],
    target: Annotated[
        str, typer.Argument(help="its right class, as in train.csv (-- -1 for -1); its present one to confirm it")
    ] = "",
    reason: Annotated[str, typer.Option(help="for whoever reads the file later")] = "",
    drop: Annotated[bool, typer.Option("--drop", help="leave the image out of training")] = False,
) -> None:
    """Write a decision about a training image's label into folds/label_fixes.csv."""
    if drop == bool(target):
        raise ValueError(f"{image}: expected either its class, or --drop to leave it out of training")
    settings = load_settings()
    competition = read_competition(settings.competition, settings.task, images=False)
    refuse_while_dvc_reads(paths.LABEL_FIXES)
    (fix,) = spelled_as_train([LabelFix(image, target, reason)], competition)
    check_decision(fix, competition)
    fixes = decide(paths.LABEL_FIXES, [fix], competition)
    now, text = competition.train.set_index("ID").at[fix.id, "target"], decided_text(fix, competition)
    decision = "left out of training" if drop else in_words(text, competition) if text != now else "confirmed"
    change = f"{fix.id}: {in_words(now, competition)} -> {decision}"
    print(f"{paths.LABEL_FIXES}: {change}; decisions: {len(fixes)}, `dvc repro` applies them")


def in_words(text: str, competition: Competition) -> str:
    """Return an image's labels with their names: "7 (form)", "7|12 (form, card)"."""
    targets = split_labels(text) if competition.task.several else [text]
    return f"{text} ({', '.join(competition.target2class[target] for target in targets)})" if text else "no label"


if __name__ == "__main__":
    run(main, use=Use.READ)
