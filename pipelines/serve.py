"""A page in the browser where images are dropped and labelled: python -m pipelines.serve

python -m pipelines.serve                                   at http://127.0.0.1:8000, until Ctrl-C or SIGTERM
python -m pipelines.serve --fast --port 8080
python -m pipelines.serve --reject-unknown 0.95             images of none of the classes are marked

The answers are `predict`'s, with a heat map. Reads what `predict` reads. Writes
into data/corrections/ only: images that a person labelled on the page, and corrections.csv. See docs/serve.md.
"""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from competition.common import paths
from competition.compute.device import set_up_process
from competition.serving.documents import DocumentVote
from competition.serving.messages import log_rejection, log_threshold
from competition.serving.new_images import CHUNK
from competition.serving.predict import chosen_vote, read_votes
from competition.settings.load import load_settings
from competition.web.labeller import Labeller, load_labeller
from competition.web.limits import MEBIBYTE, Limits
from competition.web.origins import Origins, read_public_url
from competition.web.server import Server
from competition.web.service import Service
from competition.web.upload_folders import remove_left_uploads
from pipelines._main import log, run, warn_of_changes
from pipelines._options import Document, Fast, Member, Precision, RejectUnknown, Student

ENDING = 3  # seconds for the last answer, of the ten that Docker gives
LOCAL = ("127.0.0.1", "localhost", "::1")


def main(
    member: Member = None,
    fast: Fast = False,
    precision: Precision = 0.95,
    reject_unknown: RejectUnknown = None,
    host: Annotated[str, typer.Option(help="address to listen at; 0.0.0.0: all, for everybody who reaches it")] = LOCAL[
        0
    ],
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any that is free")] = 8000,
    corrections: Annotated[Path, typer.Option(help="folder that corrected images go to")] = paths.CORRECTIONS,
    max_megabytes: Annotated[int, typer.Option(min=1, max=1024, help="of an image file")] = 32,
    student: Student = False,
    document: Document = "mean",
    max_pages: Annotated[int, typer.Option(min=1, max=CHUNK, help="of a file")] = Limits.pages,
    public_url: Annotated[
        str | None, typer.Option(help="the page's address at a proxy before this server: https://labels.example.org")
    ] = None,
) -> None:
    """Label images in the browser."""
    origins = Origins(read_public_url(public_url)) if public_url else Origins()
    set_up_process()
    if corrections.exists() and not corrections.is_dir():
        raise NotADirectoryError(f"--corrections {corrections}: is a file; name a folder")
    corrections.mkdir(parents=True, exist_ok=True)
    if left := remove_left_uploads(corrections):
        log("removed what a killed server left", uploads=left, folder=corrections)
    limits = Limits(file_bytes=max_megabytes * MEBIBYTE, pages=max_pages)
    service = Service(labeller(member, fast, precision, document, student, reject_unknown), corrections, limits)
    with ended_by(signal.SIGTERM), listening(host, port, service, origins) as server:
        if host not in LOCAL:
            log("warning: no password and no encryption", host=host, advice="listen on a trusted network only")
        log(
            "serving",
            url=public_url or url(host, server.server_port),
            vote=service.labeller.vote.name,
            corrections=corrections,
        )
        try:
            server.serve_forever()
        finally:
            service.close(ENDING)


def labeller(
    member: str | None,
    fast: bool,
    precision: float,
    document: DocumentVote = "mean",
    student: bool = False,
    known: float | None = None,
) -> Labeller:
    """Return the vote that answers, loaded; what it was not made for is said."""
    settings = load_settings()
    final = read_votes(settings, member, student)
    vote = chosen_vote(final, member, fast, settings, log)
    warn_of_changes(final.changed_since(settings, vote.parts))
    made = load_labeller(final, vote, settings, precision, fast, document, known)
    log_threshold(log, made.threshold, precision)
    if made.rejection:
        log_rejection(log, made.rejection, known)
    return made


def listening(host: str, port: int, service: Service, origins: Origins) -> Server:
    """Return the server, listening. Raises ValueError for an address that can't be had."""
    try:
        return Server((host, port), service, origins)
    except OSError as error:
        raise ValueError(f"{host}:{port}: {error.strerror or error}; choose another --port or --host") from error


@contextmanager
def ended_by(number: signal.Signals) -> Iterator[None]:
    """Let a signal end the block, with exit code 0, as the command's end and not as its kill."""

    def end(*_: object) -> None:
        sys.exit()

    before = signal.signal(number, end)
    try:
        yield
    finally:
        signal.signal(number, before)


def url(host: str, port: int) -> str:
    """Return the page's address."""
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


if __name__ == "__main__":
    run(main, "nothing is lost")
