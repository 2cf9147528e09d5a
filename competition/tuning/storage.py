"""Storage of a study: a journal in a file, or a database that many machines reach."""

import json
from pathlib import Path

from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend, JournalRedisBackend
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

HEARTBEAT = (
    60  # seconds between two signs of life in a database; a worker without one for twice as long is taken for dead
)


def open_storage(where: str, heartbeat: int = HEARTBEAT) -> BaseStorage:
    """Return the storage at `where`: a file's path, redis://..., or any URL of SQLAlchemy's; made if it isn't there.

    Raises ValueError, naming no password, for an address that can't be used, ModuleNotFoundError for a missing driver.
    """
    if "://" not in where:
        return _journal(Path(where))
    if where.startswith(("redis://", "rediss://")):
        return _redis(where)
    return _database(where, heartbeat)


def _journal(path: Path) -> JournalStorage:
    if path.is_dir():
        raise ValueError(
            f"--storage {path}: is a folder; expected a file's name, or a URL such as postgresql+pg8000://user:password@host/name"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        if path.is_file() and path.stat().st_size:
            with path.open("rb") as file:
                json.loads(file.readline())["op_code"]
        return JournalStorage(JournalFileBackend(str(path)))
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"--storage {path}: not a journal of Optuna's, or a damaged one ({type(error).__name__}: {error}); "
            "give it another name"
        ) from error


def _redis(url: str) -> JournalStorage:
    try:
        return JournalStorage(JournalRedisBackend(url))
    except ImportError:
        raise ModuleNotFoundError("--storage redis://...: needs the package redis: pip install redis") from None
    except Exception as error:  # the client's own, whatever they are: it needn't be installed to be named here
        raise ValueError(f"--storage {_without_password(url)}: can't be used ({type(error).__name__})") from error


def _database(url: str, heartbeat: int) -> RDBStorage:
    shown = _without_password(url)
    if url.startswith("sqlite"):
        raise ValueError(
            f"--storage {shown}: SQLite fails where several workers write; give a file's name for a journal instead"
        )
    try:
        return RDBStorage(url, engine_kwargs={"pool_pre_ping": True}, heartbeat_interval=heartbeat)
    except ImportError as error:
        raise ModuleNotFoundError(
            f"--storage {shown}: its driver is not installed; pip install pg8000 for postgresql+pg8000://, "
            "pymysql for mysql+pymysql://"
        ) from error
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise ValueError(f"--storage {shown}: can't be used ({type(error).__name__}: {reason})") from error


def _without_password(url: str) -> str:
    try:
        return make_url(url).render_as_string(hide_password=True)
    except (ArgumentError, ValueError):
        return f"{url.partition('://')[0]}://..."
