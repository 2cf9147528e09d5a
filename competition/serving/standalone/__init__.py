"""Files that are copied into exports and bundles, and run there without this project."""

from pathlib import Path


def standalone_files(*names: str) -> dict[str, bytes]:
    """Return the files `names` of this folder: name -> content."""
    folder = Path(__file__).parent
    return {name: (folder / name).read_bytes() for name in names}
