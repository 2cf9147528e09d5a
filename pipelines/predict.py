"""Label any folder of images with the trained networks: python -m pipelines.predict FOLDER

python -m pipelines.predict ~/scans --out labels.csv
python -m pipelines.predict ~/scans --member lite0 --fast
python -m pipelines.predict ~/scans --student
python -m pipelines.predict ~/scans --answers submission.csv --minutes 50
python -m pipelines.predict ~/scans --document most_certain --max-pages 20
python -m pipelines.predict ~/scans --reject-unknown 0.95

The answers are those of the vote that made submissions/final.csv, of the one that --member names, or of the student
that `distil` made. Reads params.yaml, folds/weights/ and submissions/final_vote.json (of the student folds/student/
and submissions/student_vote.json), and needs nothing else. Makes a CSV with a row for each image: class, probability,
runner-up, and whether the answer is unsure; of a PDF or TIFF with several pages also a row for each page. Beside it a
JSON file says whether the images are unlike those that scores were measured on (if folds/image_statistics.npz is there,
by their pixels too). With --answers a second CSV, in the form that the competition's site takes. See docs/predict.md.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryFile
from time import perf_counter, process_time
from typing import Annotated

import typer

from competition.common.csv import write_table
from competition.common.files import write_json
from competition.common.names import printable
from competition.common.progress import progress
from competition.compute.device import set_up_process
from competition.data.hidden_images import hidden_images, hidden_note
from competition.data.image_files import UNREAD_EXTENSIONS, is_image_file
from competition.ensembling.final_vote import FinalVote
from competition.ensembling.fitted_votes import FittedVote, Voted
from competition.ensembling.out_of_distribution import Rejection, rejection_of
from competition.ensembling.precision_curve import Threshold
from competition.serving.documents import Documents, documents_of
from competition.serving.drift import DriftCheck, drift_path, in_words
from competition.serving.label_table import HEADER, answer_rows, label_rows, marked, submission_ids, with_unknown
from competition.serving.messages import log_asking, log_pages, log_rejection, log_threshold, log_unreadable
from competition.serving.new_images import Chunk, list_files
from competition.serving.pages import MOST_PAGES, Page, list_pages
from competition.serving.pdf_pages import PdfPages
from competition.serving.predict import (
    FolderPredictions,
    LoadedVote,
    chosen_vote,
    load_vote,
    predict_folder,
    read_votes,
)
from competition.serving.time_budget import Plan, TimeBudget
from competition.settings.load import load_settings
from pipelines import BEGAN
from pipelines._main import ANEW, log, run, warn_of_changes
from pipelines._options import Document, Fast, Member, Precision, RejectUnknown, Student

ENDING = 0.5  # seconds that writing and drift take, at the most, for each that it took to begin


def main(
    folder: Annotated[Path, typer.Argument(help="with images, in it or in folders below")],
    out: Annotated[Path, typer.Option(help="CSV to write")] = Path("predictions.csv"),
    member: Member = None,
    fast: Fast = False,
    precision: Precision = 0.95,
    reject_unknown: RejectUnknown = None,
    answers: Annotated[
        Path | None, typer.Option(help="CSV to write beside it: the answers as a submission has them, of these images")
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(min=0.01, help="to be done in: where it gets short, orientations are left out, then folds"),
    ] = None,
    student: Student = False,
    document: Document = "mean",
    max_pages: Annotated[int, typer.Option(min=1, help="of a file that are read; others are said")] = MOST_PAGES,
) -> None:
    """Label every image of a folder."""
    started = BEGAN if __name__ == "__main__" else perf_counter()  # of a command, imports count
    set_up_process()
    check_places(out, answers)
    settings, (names, closed) = load_settings(), list_files(folder)
    final = read_votes(settings, member, student)
    if answers:
        submission_ids(may_be_answered(folder, names), final.has_extensions)  # refuses files of one ID
    if hidden := hidden_images(folder):
        log("warning: hidden files", problem=printable(hidden_note(hidden, folder)))
    if not names and not closed:
        raise ValueError(f"{folder}: holds no file; name a folder with images in it, or in folders below")
    vote = chosen_vote(final, member, fast, settings, log)
    warn_of_changes(final.changed_since(settings, vote.parts))
    threshold = final.curves[vote.name].threshold(precision)
    rejection = rejection_of(final.rejections.get(vote.name), reject_unknown)
    drift, asked = DriftCheck(final, vote, settings, fast), load_vote(vote, final, settings, fast)
    log_threshold(log, threshold, precision)
    if rejection:
        log_rejection(log, rejection, reject_unknown)
    with PdfPages() as pdfs:
        listed = list_pages(folder, names, pdfs, max_pages, settings.prepare.page if document == "first" else None)
        log_pages(log, listed, max_pages, document)
        log_asking(log, asked, len(names), started)
        until = None if minutes is None else started + 60 * minutes - ENDING * (perf_counter() - started)
        answered, seconds, hurried = ask(folder, listed.pages, asked, until, pdfs, drift)
    answered = replace(answered, unreadable=closed | listed.unreadable | answered.unreadable)
    pages = listed.by_id
    log_unreadable(log, answered, pages)
    documents = documents_of(voted(folder, vote, answered), pages, vote, document)
    header, files = write_labels(out, documents, pages, final, threshold, rejection)
    if answers:
        write_answers(answers, documents.files, final)
    log(
        "labelled",
        path=out,
        images=len(documents.files),
        unsure=marked(header, files, "unsure"),
        unreadable=len(answered.unreadable),
        no_images=answered.others,
        **seconds,
    )
    if rejection:
        log("rejected", unknown=marked(header, files, "unknown"), images=len(files))
    log_drift(out, drift.find(answered.predictions, hurried))


def ask(
    folder: Path,
    pages: Sequence[Page],
    asked: LoadedVote,
    until: float | None,
    pdfs: PdfPages,
    look: Callable[[Chunk], object],
) -> tuple[FolderPredictions, dict[str, float], bool]:
    """Return the predictions, by the time `until` (as `perf_counter` has it), how long they took, and whether anything
    was left out for want of time. look: called with each chunk.
    """
    began, computed = perf_counter(), process_time()
    budget = None if until is None else budget_of(until - began, len(pages), asked)
    with progress(len(pages), "predict", "page") as bar:
        answered = predict_folder(folder, pages, asked, bar.update, budget, pdfs, look)
    seconds, cpu_seconds = perf_counter() - began, process_time() - computed
    per_s = len(answered.predictions[asked.vote.parts[0]][0]) / seconds
    took = {"seconds": seconds, "cpu_seconds": cpu_seconds, "images_per_s": per_s}
    rounded = {name: round(value, 1) for name, value in took.items()}
    return answered, rounded, budget is not None and budget.left_out


def may_be_answered(folder: Path, names: Sequence[str]) -> list[str]:
    """Return those of the files `names` that aren't sure to be unreadable: HEIC is, unless only the name says so."""

    def is_read(name: str) -> bool:
        with suppress(OSError):  # its reading says why
            return not name.lower().endswith(UNREAD_EXTENSIONS) or is_image_file(folder / name)
        return False

    return [name for name in names if is_read(name)]


def write_labels(
    path: Path,
    documents: Documents,
    pages: Mapping[str, Page],
    final: FinalVote,
    threshold: Threshold,
    rejection: Rejection | None,
) -> tuple[Sequence[str], list[tuple]]:
    """Write the table of classes; return its header and the rows of files, without those of their pages."""
    header, rows = HEADER, label_rows(documents.voted, final.target2class, documents.is_sure(threshold))
    if rejection:
        header, rows = with_unknown(rows, documents.voted, rejection)
    header, rows = documents.with_pages(header, rows, pages)
    write_table(path, header, [(printable(name), *rest) for name, *rest in rows])
    return header, [row for row in rows if not row[1]]


def write_answers(path: Path, found: Voted, final: FinalVote) -> None:
    ids = submission_ids([printable(name) for name in found.predictions.ids.tolist()], final.has_extensions)
    write_table(path, (final.id_column, *final.task.form.columns), answer_rows(found, final.task, ids))
    log("answered", path=path, rows=len(ids), form=final.task.settings.answer)


def check_places(out: Path, answers: Path | None) -> None:
    """Refuse, before any work is done, two tables in one place, and what can't be written to."""
    check_out(out, "--out")
    if answers is None:
        return
    check_out(answers, "--answers")
    for taken, what in ((out, "--out"), (drift_path(out), "the file beside --out that says of drift")):
        if answers.resolve() == taken.resolve():
            raise ValueError(f"--answers {answers}: is {what} as well, and would replace it; name another file")


def check_out(out: Path, option: str) -> None:
    """Refuse a place that can't be written to."""
    if out.is_dir():
        raise ValueError(f"{option} {out}: is a folder; name the CSV file to write")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        TemporaryFile(dir=out.parent).close()
    except OSError as error:
        raise ValueError(f"{option} {out}: can't be written ({error.strerror}); name another place") from error


def budget_of(seconds: float, pages: int, asked: LoadedVote) -> TimeBudget:
    def changed(plan: Plan, left: int, takes: float) -> None:
        what = {"orientations": plan.orientations, "networks_of_each": plan.networks, "files_left": left}
        log("warning: time is short, so the rest is asked less", **what, takes_minutes=round(takes / 60, 1))

    networks = [len(voter.networks) for voter in asked.voters.values()]
    return TimeBudget(seconds, pages, asked.orientations, networks, changed)


def voted(folder: Path, vote: FittedVote, answered: FolderPredictions) -> Voted:
    if not len(answered.predictions[vote.parts[0]][0]):
        raise ValueError(
            f"{folder}: no image in it that could be read ({len(answered.unreadable)} unreadable, "
            f"{answered.others} other files)"
        )
    return vote.predict(answered.predictions)


def log_drift(out: Path, facts: dict) -> None:
    """Write what `DriftCheck` found beside `out`, and say so where new images are unlike the old ones."""
    path = drift_path(out)
    write_json(path, facts)
    if facts["drift"]:
        what = "warning: new images are unlike those that scores were measured on"
        log(what, **in_words(facts["measures"]), path=path)
    else:
        log("drift", found="none", compared=",".join(facts["measures"]) or "nothing", path=path)


if __name__ == "__main__":
    run(main, ANEW)
