"""Limits of what the page takes, and the refusal that says which was passed."""

from dataclasses import dataclass

MEBIBYTE = 2**20


@dataclass(frozen=True)
class Limits:
    """Limits of requests.

    file_bytes, pixels: of an image, as it is stored and when it is decoded; of a file with several pages, of each.
    pages: of a file. upload_seconds: to send a request whole.
    wait_seconds: until another's turn is over. connections: open at once; uploads: held in memory at once. corrections:
    kept in all.
    """

    file_bytes: int = 32 * MEBIBYTE
    pixels: int = 80_000_000  # a page of A3 at 600 dpi has 70 million
    pages: int = 20
    upload_seconds: float = 60
    wait_seconds: float = 30
    connections: int = 32
    uploads: int = 4
    corrections: int = 10_000


class Refused(Exception):
    """A request that isn't answered. status: HTTP's; the message says why and what to do."""

    def __init__(self, status: int, message: str):
        super().__init__(message)
        self.status = status
