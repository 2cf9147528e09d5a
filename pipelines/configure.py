"""Writes a preset into params.yaml: `python -m pipelines.configure NAME`; without a name it lists them."""

from pathlib import Path
from typing import Annotated

import typer

from competition.files import replace_file
from competition.settings import load_settings
from pipelines._main import run

PRESETS = Path(__file__).resolve().parent.parent / "competition" / "presets"


def main(
    name: Annotated[str, typer.Argument(help="of the preset; leave it out for a list")] = "",
    to: Annotated[Path, typer.Option(help="file to write")] = Path("params.yaml"),
) -> None:
    """Write a preset into params.yaml."""
    files = {file.stem: file for file in sorted(PRESETS.glob("*.yaml"))}
    if not name:
        for known, file in files.items():
            print(f"{known:<{max(map(len, files))}}  {file.read_text(encoding='utf-8').splitlines()[0].removeprefix('# ')}")
        return
    if name not in files:
        raise ValueError(f"preset {name!r}: not among {', '.join(files)}")
    load_settings(files[name])
    with replace_file(to) as temporary:
        temporary.write_bytes(files[name].read_bytes())
    print(f"{to}: preset {name}; `dvc repro` runs what it changes")


if __name__ == "__main__":
    run(main)
