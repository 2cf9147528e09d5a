"""Environment variables that libraries read as they are loaded: caches, a user's name.

So they are set before any of them is imported, and processes that are started later inherit them. What a person has
set stays.
"""

import atexit
import getpass
import os
import shutil
import tempfile
from pathlib import Path

from competition.common import paths

# where libraries keep what they make or load, below a cache or a configuration folder
WRITTEN = {"NUMBA_CACHE_DIR": "numba", "MPLCONFIGDIR": "matplotlib"}
LOADED = {"TORCH_HOME": "torch", "HF_HOME": "huggingface"}  # read-only, and full of weights, they are of use too
replaced: set[str] = set()  # variables that `dvc`, started from the same shell, misses


def prepare_environment() -> None:
    """Give libraries a folder for their caches where the home can't be written to."""
    _name_user()
    home = Path(os.path.expanduser("~"))
    cache = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
    if home.is_dir() and _is_writable(cache):
        return
    place = _cache_folder()
    if not home.is_dir():
        replaced.add("HOME")
        os.environ["HOME"] = str(place)
    for variable, name in WRITTEN.items():
        os.environ.setdefault(variable, str(place / name))
    for variable, name in LOADED.items():
        os.environ.setdefault(variable, str((cache if (cache / name).is_dir() else place) / name))
    os.environ["XDG_CACHE_HOME"] = str(place)


def _name_user() -> None:
    try:
        getpass.getuser()
    except (KeyError, OSError):  # a number without a name, as `docker run --user` gives
        replaced.add("LOGNAME")
        os.environ["LOGNAME"] = str(os.getuid())


def _is_writable(folder: Path) -> bool:
    """Return whether files can be made in `folder`, which needn't be there yet."""
    while not folder.is_dir():
        folder = folder.parent
    try:
        tempfile.TemporaryFile(dir=folder).close()  # whatever the mode says: it may be mounted read-only
    except OSError:
        return False
    return True


def _cache_folder() -> Path:
    """Return a folder of the project, kept, or where there is none one that is removed when this process ends."""
    own = paths.CACHE.absolute()
    if paths.PARAMS.is_file() and _is_writable(own):
        (own / "home").mkdir(parents=True, exist_ok=True)
        return own / "home"
    folder = tempfile.mkdtemp(prefix="foldvote-")  # nobody else can have put anything there
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)
