"""How every command ends when its user made a mistake: one message, exit code 1, no traceback."""

import sys
from collections.abc import Callable
from functools import wraps

import typer

INTERRUPTED = 130  # as shells count it: 128 and the number of the signal
MISTAKES = (ValueError, FileNotFoundError, FileExistsError, NotADirectoryError, ModuleNotFoundError)


def run(main: Callable[..., object], keeps: bool = True) -> None:
    """Run `main` on the command line's arguments (its parameters, read by typer). keeps: whether a stopped run goes on where it was."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(_stoppable(main, keeps))
    try:
        app()
    except MISTAKES as mistake:
        sys.exit(f"error: {mistake}")
    except OSError as error:
        what = f"{error.strerror}: {error.filename or 'while writing'}" if error.strerror else str(error)
        sys.exit(f"error: {what}; {'what was finished is kept: ' if keeps else ''}mend it and run the command again")


def _stoppable(main: Callable[..., object], keeps: bool) -> Callable[..., object]:
    """`main`, saying what Ctrl-C leaves: typer itself would only say "Aborted!"."""
    @wraps(main)
    def stoppable(*arguments: object, **named: object) -> object:
        try:
            return main(*arguments, **named)
        except KeyboardInterrupt:
            then = "what was finished is kept, run the command again to go on" if keeps else "run again, the command begins anew"
            print(f"stopped; {then}", file=sys.stderr)
            sys.exit(INTERRUPTED)

    return stoppable


def log(what: str, **facts: object) -> None:
    """Print one event with its facts, at once."""
    print(what, *(f"{key}={value}" for key, value in facts.items()), flush=True)
