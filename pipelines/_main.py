"""Command runner: log lines, warnings, and a user's mistake as one message with exit code 1, no traceback."""

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import BrokenExecutor
from contextlib import nullcontext
from functools import wraps
from pathlib import Path

import typer

from competition.common import paths
from competition.common.errors import ContractError
from competition.common.locks import Use, hold
from competition.common.project import dvc_problems, keep_dvc_lock, linked_folders, undeclared_files
from competition.compute.memory import is_out_of_memory
from competition.compute.threads import opencv_on_one_thread

INTERRUPTED = 130  # as shells count it: 128 and the number of the signal
MISTAKES = (ValueError, FileNotFoundError, FileExistsError, NotADirectoryError, ModuleNotFoundError)
# what Ctrl-C leaves
KEPT = "what was finished is kept, run the command again to go on"
ANEW = "run again, the command begins anew"


def run(main: Callable[..., object], stopped: str = KEPT, use: Use | None = None) -> None:
    """Run `main` on the command line's arguments (its parameters, read by typer).

    stopped: shown after Ctrl-C. use: what it does in the folder, beside which others can't be at work.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a name that the terminal can't show must not end a command
    opencv_on_one_thread()
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(_stoppable(main, stopped, use))
    try:
        app()
    except MISTAKES as mistake:
        sys.exit(f"error: {mistake}")
    except BrokenExecutor:  # a RuntimeError
        sys.exit(
            "error: a worker process was killed from outside, as the system does where memory runs out; "
            f"{'what was finished is kept: ' if stopped == KEPT else ''}close other programs, or lower "
            "machine.workers, and run the command again"
        )
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        sys.exit(
            f"error: out of memory; {'what was finished is kept: ' if stopped == KEPT else ''}close other programs, "
            "or lower machine.workers, and run the command again"
        )
    except OSError as error:
        what = f"{error.strerror}: {error.filename or 'while writing'}" if error.strerror else str(error)
        sys.exit(
            f"error: {what}; {'what was finished is kept: ' if stopped == KEPT else ''}mend it and run the command "
            "again"
        )


def _stoppable(main: Callable[..., object], stopped: str, use: Use | None) -> Callable[..., object]:
    """`main`, alone as far as its `use` asks for it, saying what Ctrl-C leaves: typer itself would only say
    "Aborted!".
    """

    @wraps(main)
    def stoppable(*arguments: object, **named: object) -> object:
        try:
            if "DVC_STAGE" in os.environ:
                _check_dvc()
            with hold(use, _command_of(main, [*arguments, *named.values()])) if use else nullcontext():
                return main(*arguments, **named)
        except KeyboardInterrupt:
            print(f"stopped; {stopped}", file=sys.stderr)
            sys.exit(INTERRUPTED)

    return stoppable


def _check_dvc() -> None:
    if problems := linked_folders():
        raise ContractError(problems)
    keep_dvc_lock()


def _command_of(main: Callable[..., object], values: Iterable[object]) -> str:
    """Return "pipelines.train lite0 0": the command without options."""
    module = main.__globals__["__spec__"].name if main.__globals__.get("__spec__") else main.__module__
    return " ".join([module, *(str(value) for value in values if isinstance(value, (str, int)))])


def warn_of_changes(changed: Sequence[str]) -> None:
    """Say what isn't as it was when final.csv was made, if anything."""
    if changed:
        log(
            "warning: not what made submissions/final.csv",
            changed=", ".join(changed),
            advice="`dvc repro` makes them fit again",
        )


def warn_of_dvc() -> None:
    """Say what will keep `dvc repro` from running here, if anything: before an hour of work, not after it."""
    for problem in dvc_problems() if paths.PIPELINE.is_file() else ():
        log("warning: dvc repro won't run here", problem=problem)


def warn_of_undeclared(stage: str, files: Iterable[Path | str]) -> None:
    """Say which of `files`, read by `stage`, dvc.yaml doesn't list: their edit would run nothing."""
    if missing := undeclared_files(stage, files):
        log(
            "warning: dvc.yaml doesn't list what is read",
            stage=stage,
            files=", ".join(missing),
            advice="run `python -m pipelines.deps --write`",
        )


def log(what: str, **facts: object) -> None:
    """Print one event with its facts, at once."""
    print(what, *(f"{key}={value}" for key, value in facts.items()), flush=True)
