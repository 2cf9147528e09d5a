"""How every command ends when its user made a mistake: one message, exit code 1, no traceback."""

import sys
from collections.abc import Callable

import typer

MISTAKES = (ValueError, FileNotFoundError, FileExistsError, NotADirectoryError, ModuleNotFoundError)


def run(main: Callable[..., object], keeps: bool = True) -> None:
    """Run `main` on the command line's arguments (its parameters, read by typer). keeps: whether a stopped run goes on where it was."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(main)
    try:
        app()
    except MISTAKES as mistake:
        sys.exit(f"error: {mistake}")
    except OSError as error:
        what = f"{error.strerror}: {error.filename or 'while writing'}" if error.strerror else str(error)
        kept = "what was finished is kept: mend it" if keeps else "nothing was written: mend it"
        sys.exit(f"error: {what}; {kept} and run the command again")
    except KeyboardInterrupt:
        sys.exit("stopped; " + ("what was finished is kept, run the command again to go on" if keeps else "nothing was written"))


def log(what: str, **facts: object) -> None:
    """Print one event with its facts, at once."""
    print(what, *(f"{key}={value}" for key, value in facts.items()), flush=True)
