"""Submission through Kaggle's command line tool, called as a person would; it is none of our dependencies."""

import shlex
import shutil
import subprocess
from pathlib import Path

TOOL = "kaggle"


def submit_command(slug: str | None, file: Path | str, message: str) -> list[str]:
    """Return the command that submits `file`. Raises ValueError without a slug.

    See github.com/Kaggle/kaggle-api, docs/competitions.md.
    """
    if slug is None:
        raise ValueError(
            "params.yaml: submit.slug is not set; set it to the last part of the competition's address: "
            "NAME of https://www.kaggle.com/competitions/NAME"
        )
    return [TOOL, "competitions", "submit", slug, f"--file={file}", f"--message={message}"]


def in_shell(command: list[str]) -> str:
    """Return the command as it would be typed."""
    return shlex.join(command)


def call(command: list[str]) -> int:
    """Run the command, its output shown, and return its exit code. Raises ModuleNotFoundError without the tool."""
    if shutil.which(command[0]) is None:
        raise ModuleNotFoundError(
            f"{command[0]}: no such command; install Kaggle's tool (pip install kaggle) and give it your token "
            "(kaggle auth login)"
        )
    return subprocess.run(command, check=False).returncode
