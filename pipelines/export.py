"""Write a fine-tuned member's network as an ONNX file: python -m pipelines.export MEMBER

python -m pipelines.export lite0 --fold 2

Reads folds/weights/MEMBER/FOLD.safetensors, folds/classes.csv and data/test_squares.arrow, on whose images it is held
against torch. Makes exports/MEMBER-FOLD.onnx and, beside it, a JSON file: how images are made ready, the classes. See
docs/export.md.
"""

from typing import Annotated

import typer

from competition.common import paths
from competition.compute.device import set_up_process
from competition.data.classes import read_classes
from competition.data.image_store import ImageStore
from competition.ensembling.final_vote import changed_since_final
from competition.serving.onnx import TOLERANCE, UPRIGHT_STEP, export
from competition.settings.load import load_settings
from competition.settings.params import Settings
from pipelines._main import ANEW, log, run, warn_of_changes


def main(
    member: Annotated[str, typer.Argument(help="of kind finetuned, out of `members` in params.yaml")],
    fold: Annotated[int, typer.Option(help="whose network")] = 0,
) -> None:
    """Write a member's network as ONNX, checked against torch."""
    set_up_process()
    settings = load_settings()
    check(member, fold, settings)
    warn_of_changes(changed_since_final(settings, [member]))
    exported = export(
        member,
        fold,
        settings,
        read_classes(paths.CLASSES),
        ImageStore(paths.TEST_RESIZED_STORE),
        paths.EXPORTS / f"{member}-{fold}.onnx",
    )
    log(
        "exported",
        path=exported.path,
        megabytes=round(exported.path.stat().st_size / 1e6, 1),
        **exported.facts["check"],
        allowed_logit_difference=TOLERANCE,
    )
    log(
        "speed in images/s",
        onnxruntime=round(exported.onnx_per_s),
        torch=round(exported.torch_per_s),
        torch_computes=exported.torch_precision,
    )
    if UPRIGHT_STEP in exported.facts["steps"]:
        log("warning: the network wants pages that were turned upright, which the exported file doesn't do")


def check(member: str, fold: int, settings: Settings) -> None:
    exportable = [name for name, facts in settings.members.items() if facts.network_use == "trained"]
    if member not in exportable:
        raise ValueError(f"member {member}: expected one of kind finetuned: {', '.join(exportable) or 'there is none'}")
    if fold not in settings.split.folds:
        raise ValueError(f"--fold {fold}: expected one of {', '.join(map(str, settings.split.folds))}")


if __name__ == "__main__":
    run(main, ANEW)
