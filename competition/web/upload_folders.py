"""Folders that an uploaded file lies in while it is read, and what killed servers left of them.

A server holds a lock in each of its own: the kernel lets go of it when the server has ended, however it ended.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory

from filelock import FileLock, Timeout

PREFIX, LOCK = ".upload-", ".lock"


@contextmanager
def upload_folder(folder: Path) -> Iterator[Path]:
    """Yield an empty folder in `folder`, which is removed after the block, and at the end of this process."""
    with ExitStack() as stack:
        with FileLock(folder / LOCK):
            place = Path(stack.enter_context(TemporaryDirectory(prefix=PREFIX, dir=folder)))
            stack.enter_context(FileLock(place / LOCK))
        yield place


def remove_left_uploads(folder: Path) -> int:
    """Remove the uploads that killed servers left in `folder`, not those that a server reads; return their number."""
    removed = 0
    with FileLock(folder / LOCK):
        for place in folder.glob(f"{PREFIX}*"):
            try:
                FileLock(place / LOCK).acquire(blocking=False).lock.release()
            except Timeout:
                continue
            rmtree(place)
            removed += 1
    return removed
