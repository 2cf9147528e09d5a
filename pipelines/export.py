"""Export a fine-tuned member's network, or the student, as ONNX with a model card: python -m pipelines.export MEMBER

python -m pipelines.export lite0 --fold 2 --author "the forms team" --licence cc-by-4.0
python -m pipelines.export student

The network is written with its letterbox, normalisation and softmax in one graph, then once more in eight bits, with
ranges taken from training images. Both answer the images of the network's own fold, which it never saw: eight bits that
cost more than 0.003 of the metric there are left out, and the card has the scores. Reads folds/weights/MEMBER/, the
split, folds/predictions/MEMBER/, which say of which split the weights are, data/augmented.arrow, data/test.arrow, on
whose pages the models are held against torch, and data/raw/test, on whose files all that is written is tried together.
The student, which `distil` made, learnt from all images: each fold's are answered by the student of that fold, exported
for the score alone. Makes exports/MEMBER-FOLD/, or exports/student/. See docs/export.md.
"""

from pathlib import Path
from typing import Annotated

import typer

from competition.common import paths
from competition.common.checksums import refuse_foreign
from competition.common.locks import Use
from competition.common.progress import progress
from competition.common.seeds import generator
from competition.compute.device import set_up_process
from competition.data.classes import read_classes
from competition.data.image_files import find_images
from competition.data.image_store import ImageStore
from competition.ensembling.final_vote import changed_since_final
from competition.folds.predictions import read_fold
from competition.folds.split import read_folds
from competition.metrics.make import make_metric
from competition.serving.export import FACTS, LOSS, SCORED, Exported, export, write_export
from competition.serving.export_trial import TRIED, Trial
from competition.serving.model_card import Origin, model_card
from competition.serving.onnx_models import INT8
from competition.serving.predict import read_student_vote
from competition.serving.standalone import standalone_files
from competition.serving.upright_export import upright_files
from competition.settings.distil import ALL, STUDENT
from competition.settings.load import load_settings
from competition.settings.params import Settings
from competition.training.fold_data import FoldData, load_fold
from competition.upright.straighten import open_straightener
from pipelines._main import ANEW, log, run, warn_of_changes


def main(
    member: Annotated[
        str, typer.Argument(help="of kind finetuned, out of `members` in params.yaml; or student, which `distil` made")
    ],
    fold: Annotated[int, typer.Option(help="whose network, of a member")] = 0,
    author: Annotated[str, typer.Option(help="who trained it, for the card")] = "",
    licence: Annotated[str, typer.Option("--licence", "--license", help="of the weights, for the card: mit, ...")] = "",
    about: Annotated[str, typer.Option(help="what the images show, whence and in which languages, for the card")] = "",
) -> None:
    """Export a member's network, or the student, as ONNX, checked against torch, with a model card."""
    set_up_process()
    settings = load_settings()
    folder = paths.EXPORTS / (member if member == STUDENT else f"{member}-{fold}")
    refuse_foreign(folder, FACTS)
    if member == STUDENT:
        which, judged = ALL, {number: load(number, settings) for number in settings.split.folds}
        vote = read_student_vote(settings)
        temperature, changed = float(vote.vote().temperatures[0]), vote.changed_since(settings, [STUDENT])
    else:
        check(member, fold, settings)
        which, judged, temperature = fold, None, 1.0
        changed = changed_since_final(settings, [member])
    warn_of_changes(changed)
    target2class, folds = read_classes(paths.CLASSES), read_folds(paths.FOLDS)
    for number in settings.split.folds if member == STUDENT else [fold]:
        read_fold(member, number, folds, tuple(target2class))  # refuses what was trained on another split
    data = load(None if member == STUDENT else fold, settings)
    scored = sum(len(one.valid_ids) for one in (judged or {fold: data}).values())
    pages = ImageStore(paths.TEST_STORE)
    trial = trial_of(data, pages, settings)
    with progress(4 * min(SCORED, scored), "score", "image") as bar:
        exported = export(member, which, settings, target2class, data, pages, bar.update, judged, temperature, trial)
    card = model_card(exported, folds, settings, Origin(author, licence, about))
    write_export(folder, exported, {**trial.files, "README.md": card.encode()})
    report(folder, exported)


def trial_of(data: FoldData, pages: ImageStore, settings: Settings) -> Trial:
    """Return what lies beside the model, and some test images, as they were downloaded, to try it all on."""
    files, straightener = standalone_files("page.py"), None
    if data.test_store.optional("orientations") is not None:
        straightener = open_straightener(settings.upright, most=1)
    if straightener:
        files |= upright_files(*straightener.first(), settings.augment.size, settings.augment.fill)
    ids = generator(0, "export trial").permutation(pages.column("id"))
    found = find_images(Path(settings.competition.root) / "test", ids.tolist(), problems=[])
    return Trial(files, list(found.values())[:TRIED], straightener)


def report(folder: Path, exported: Exported) -> None:
    log("exported", path=folder, files=", ".join(sorted(path.name for path in folder.iterdir())))
    log("checked against torch", **exported.facts["check"])
    log("checked from files on", **exported.facts["end_to_end"])
    log(
        "int8" if INT8 in exported.models else "warning: int8 is left out",
        costs=round(exported.loss, 4),
        allowed=LOSS,
        metric=exported.data.metric.label,
        images=len(exported.scored),
    )
    speeds = {name: round(speed) for name, speed in exported.speeds.items()}
    log("speed in images/s", threads=exported.threads, **speeds)


def load(fold: int | None, settings: Settings) -> FoldData:
    """Return the fold's data; None: all images are learnt from, and none is scored."""
    stores, targets = (paths.AUGMENTED_STORE, paths.TEST_RESIZED_STORE), tuple(read_classes(paths.CLASSES))
    return load_fold(fold, read_folds(paths.FOLDS), targets, *stores, make_metric(settings.task), settings.task.several)


def check(member: str, fold: int, settings: Settings) -> None:
    exportable = [name for name, facts in settings.members.items() if facts.network_use == "trained"]
    if member not in exportable:
        raise ValueError(f"member {member}: expected one of kind finetuned: {', '.join(exportable) or 'there is none'}")
    if fold not in settings.split.folds:
        raise ValueError(f"--fold {fold}: expected one of {', '.join(map(str, settings.split.folds))}")


if __name__ == "__main__":
    run(main, ANEW, Use.READ)
