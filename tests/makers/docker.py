"""A Dockerfile built in a folder: its steps are run, programs that would change the machine are stand-ins.

As far as this project's Dockerfile goes: one stage, exact names and "." as sources, RUN and CMD.
"""

import re
import shlex
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

WILD = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}  # of .dockerignore
CHANGING = ("apt-get", "chown", "pip", "rm")  # programs that are said and not run
PIP = """
import tempfile, setuptools.build_meta as backend
backend.prepare_metadata_for_build_wheel(tempfile.mkdtemp())  # fails where a file is missing that pyproject.toml names
"""


@dataclass
class Image:
    """What a build left: the root of its file system, and what its instructions said."""

    root: Path
    workdir: Path = Path("/")
    arguments: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)  # USER, CMD and the like

    @property
    def folder(self) -> Path:
        """The working folder's place on this machine."""
        return self.root / self.workdir.relative_to("/")

    @property
    def programs(self) -> list[str]:
        """The calls of stand-ins, in their order."""
        return (self.root / "programs").read_text().splitlines()


def instructions(text: str) -> list[tuple[str, str]]:
    """Return (word, what follows) of a Dockerfile's instructions."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    found = [line.partition(" ") for line in "\n".join(lines).replace("\\\n", " ").splitlines()]
    return [(word, rest.strip()) for word, _, rest in found]


def sent(names: Iterable[str], ignore: str) -> list[str]:
    """Return those of the files `names` that Docker is sent: the last pattern decides that matches one, or a folder
    that it lies in.
    """
    lines = [line for line in ignore.splitlines() if line and line[0] != "#"]
    rules = [(_pattern(line.removeprefix("!")), line[0] == "!") for line in lines]

    def kept(name: str) -> bool:
        places = [name, *map(str, Path(name).parents)]
        return next((keep for rule, keep in reversed(rules) if any(map(rule.fullmatch, places))), True)

    return [name for name in names if kept(name)]


def build(source: Path, root: Path, **arguments: str) -> Image:
    """Return the image of `source`'s Dockerfile, built in the empty folder `root` with these build arguments."""
    files = [path.relative_to(source).as_posix() for path in _looked_at(source) if path.is_file()]
    context, image = sent(files, (source / ".dockerignore").read_text()), Image(root)
    _write_stand_ins(root)
    for word, rest in instructions((source / "Dockerfile").read_text()):
        if word == "ARG":
            name, given, default = rest.partition("=")
            image.arguments |= {name: arguments.get(name, default)} if given or name in arguments else {}
        elif word == "ENV":
            filled = _run(image, f'printf "%s" "{rest}"').stdout
            image.environment |= dict(pair.split("=", 1) for pair in shlex.split(filled))
        elif word == "WORKDIR":
            image.workdir = Path(rest)
            image.folder.mkdir(parents=True, exist_ok=True)
        elif word == "COPY":
            _copy(source, context, [part for part in rest.split() if not part.startswith("--")], image.folder)
        elif word == "RUN":
            done = _run(image, rest)
            assert done.returncode == 0, f"RUN {rest}\n{done.stdout}{done.stderr}"
        else:
            image.said[word] = rest
    return image


def _pattern(text: str) -> re.Pattern:
    return re.compile("".join(WILD.get(part, re.escape(part)) for part in re.split(r"(\*\*/|\*\*|\*|\?)", text)))


def _looked_at(source: Path) -> list[Path]:
    """Files at the top, and in folders below which .dockerignore has an exception."""
    lines = (source / ".dockerignore").read_text().splitlines()
    tops = {line[1:].partition("/")[0] for line in lines if line.startswith("!")}
    return [*source.iterdir(), *(path for top in sorted(tops) for path in (source / top).rglob("*"))]


def _copy(source: Path, context: list[str], words: list[str], folder: Path) -> None:
    *names, target = words
    for name in names:
        found = [file for file in context if name in (".", file) or file.startswith(f"{name}/")]
        assert found, f"COPY {name}: nothing of that name is sent"
        for file in found:
            to = folder / target / (file if name == "." else Path(name).name + file.removeprefix(name))
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / file, to)


def _write_stand_ins(root: Path) -> None:
    (root / "bin").mkdir()
    (root / "programs").touch()
    (root / "pip.py").write_text(PIP)
    scripts = {name: f'echo "{name} $*" >> {root}/programs' for name in CHANGING}
    scripts["pip"] += f"\nexec {sys.executable} {root}/pip.py"
    scripts["python"] = f'exec {sys.executable} "$@"'
    for name, script in scripts.items():
        (root / "bin" / name).write_text(f"#!/bin/sh\n{script}\n")
        (root / "bin" / name).chmod(stat.S_IRWXU)


def _run(image: Image, command: str) -> subprocess.CompletedProcess:
    environment = {"PATH": f"{image.root}/bin", "HOME": f"{image.root}"} | image.arguments | image.environment
    return subprocess.run(["/bin/sh", "-c", command], cwd=image.folder, env=environment, capture_output=True, text=True)
