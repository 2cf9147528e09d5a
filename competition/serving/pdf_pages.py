"""Pages of PDFs, as images. PDFium reads them, in a process that is started again where a file ends it."""

import json
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from threading import Lock, Timer
from time import monotonic

import numpy as np

from competition.data.image_reader import UnreadableImage
from competition.data.image_starts import begins_as_image
from competition.serving import pdf_worker

SECONDS = 60  # that a page may take
MISSING = "a PDF, and reading it needs pypdfium2: pip install pypdfium2"
_START = re.compile(rb"(?:\A|[\r\n\0]|\xef\xbb\xbf)\s*%PDF-\d")  # others' headers may stand before it
START = 1024  # bytes in which a PDF says so


def is_pdf(start: bytes) -> bool:
    """Return whether a file that begins with `start` (START bytes, or all) is a PDF."""
    return _START.search(start) is not None and not begins_as_image(start)


class PdfPages:
    """PDFs' pages, by a process that is started when it is first needed, and ended by `close`. For any threads."""

    def __init__(self, seconds: float = SECONDS):
        self._seconds, self._process, self._lock = seconds, None, Lock()

    def __enter__(self) -> "PdfPages":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._end()

    def count(self, path: Path) -> int:
        """Return how many pages the PDF at `path` has. Raises UnreadableImage."""
        return self._ask(path, 0, 0)[0]["pages"]

    def render(self, path: Path, page: int, longest_side: int) -> np.ndarray:
        """Return page `page` (from 1) on white, its longer side `longest_side` pixels, uint8 (H, W, 3) RGB.

        Raises UnreadableImage.
        """
        head, pixels = self._ask(path, page, longest_side)
        return np.frombuffer(pixels, np.uint8).reshape(head["height"], head["width"], 3)

    def _ask(self, path: Path, page: int, longest_side: int) -> tuple[dict, bytes]:
        request = json.dumps({"path": str(path.absolute()), "page": page, "longest_side": longest_side})
        with self._lock:
            process, began = self._started(), monotonic()
            timer = Timer(self._seconds, process.kill)
            timer.start()
            try:
                process.stdin.write(request.encode() + b"\n")
                process.stdin.flush()
                head = json.loads(process.stdout.readline())
                size = 3 * head.get("height", 0) * head.get("width", 0)
                pixels = process.stdout.read(size)
                if len(pixels) < size:
                    raise EOFError
            except (OSError, EOFError, ValueError):  # it has ended
                self._end()
                if monotonic() - began >= self._seconds:
                    raise UnreadableImage(f"a PDF that takes more than {self._seconds:g} s to read") from None
                limit = f"or takes more than {pdf_worker.MEMORY // 2**30} GB of memory"
                raise UnreadableImage(f"a PDF that PDFium gave up on: it is damaged, {limit}") from None
            finally:
                timer.cancel()
        if "problem" in head:
            raise UnreadableImage(head["problem"])
        return head, pixels

    def _started(self) -> subprocess.Popen:
        if self._process is None:
            if find_spec("pypdfium2") is None:
                raise UnreadableImage(MISSING)
            command = [sys.executable, "-P", pdf_worker.__file__]
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
            self._process = subprocess.Popen(command, **pipes)
        return self._process

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            for pipe in (self._process.stdin, self._process.stdout):
                try:
                    pipe.close()
                except OSError:  # what was written to it can't be sent any more
                    pass
            self._process.wait()
            self._process = None
