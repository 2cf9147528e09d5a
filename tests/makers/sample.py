"""What a generated competition wrote."""

import hashlib
from pathlib import Path


def hashes(folder: Path) -> dict[str, str]:
    """Return relative path -> sha256 of every file in `folder`."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
