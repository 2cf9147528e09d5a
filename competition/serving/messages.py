"""What `predict` and `serve` say of their work. `log` takes a message, and what is told with it by name."""

from collections.abc import Callable, Mapping
from time import perf_counter

from competition.common.names import printable
from competition.ensembling.out_of_distribution import Rejection
from competition.ensembling.precision_curve import Threshold
from competition.serving.documents import DocumentVote
from competition.serving.pages import Page, PageList
from competition.serving.predict import FolderPredictions, LoadedVote

Log = Callable[..., None]


def log_threshold(log: Log, threshold: Threshold, precision: float) -> None:
    """Say from which probability an answer is sure."""
    reached, at_least = round(threshold.precision, 4), round(threshold.bound, 4)
    if threshold.value is None:
        log(
            "warning: every answer is unsure", asked_precision=precision, highest_out_of_fold=reached, at_least=at_least
        )
    else:
        log(
            "sure",
            from_probability=round(threshold.value, 4),
            asked_precision=precision,
            precision_out_of_fold=reached,
            at_least=at_least,
            share_out_of_fold=round(threshold.share, 4),
        )


def log_rejection(log: Log, rejection: Rejection, asked: float) -> None:
    """Say from which score an image is unknown."""
    kept, at_least = round(rejection.kept, 4), round(rejection.bound, 4)
    if rejection.value is None:
        log("warning: no image is called unknown", asked_known=asked, too_few_known_images_for_more_than=at_least)
    else:
        log(
            "unknown",
            above_score=round(rejection.value, 4),
            asked_known=asked,
            kept_out_of_fold=kept,
            at_least=at_least,
        )


def log_pages(log: Log, listed: PageList, most: int, document: DocumentVote) -> None:
    """Say of how many files several pages are read, and which have more."""
    several = [page.file for page in listed.pages if page.several]
    if several:
        log("several pages", files=len({*several}), pages=len(several), document=document)
    for name in listed.cut:
        log(
            "warning: pages left out",
            file=printable(name),
            problem=f"more than the {most} pages that --max-pages reads",
        )


def log_asking(log: Log, asked: LoadedVote, files: int, started: float) -> None:
    """Say who is asked; started: as `perf_counter` has it."""
    log(
        "asking",
        vote=asked.vote.name,
        networks=asked.networks,
        orientations=1 if asked.fast else "by page" if asked.straighten else asked.orientations,
        files=files,
        seconds_to_start=round(perf_counter() - started, 1),
    )


def log_unreadable(log: Log, answered: FolderPredictions, pages: Mapping[str, Page]) -> None:
    """Say what could not be read, or not whole."""
    for what, problems in (("unreadable", answered.unreadable), ("damaged", answered.damaged)):
        for id_, problem in problems.items():
            page = pages.get(id_, Page(id_))
            where = {"page": page.number} if page.several else {}
            log(f"warning: {what}", file=printable(page.file), **where, problem=problem)
