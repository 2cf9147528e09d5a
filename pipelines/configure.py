"""Write a preset into params.yaml: `python -m pipelines.configure NAME`; without a name it lists them.

What the sections `competition`, `task`, `rules` and `submit` said of the competition at hand, and `machine` of the
machine, is carried over; everything else becomes the preset's, but for what doesn't go with the task or the rules: of
several labels there is no specialist, and nothing is adapted; without external data no member learns that starts from
such (documents, hub, a file).
"""

from pathlib import Path
from typing import Annotated

import typer

from competition.common import paths
from competition.common.files import replace_file
from competition.compute.processor import has_bfloat16
from competition.data.adopt.metric_facts import metric_facts
from competition.data.adopt.params_changes import lines_of, with_consequences
from competition.settings import edit as params_file
from competition.settings.load import load_settings
from competition.settings.params import Settings
from competition.settings.task import TaskSettings
from pipelines._main import run

PRESETS = Path(__file__).resolve().parent.parent / "competition/settings/presets"
USUAL = TaskSettings().metric
TIMED = "on two cores"  # in the first line of a preset whose time was measured on a processor
CARRIED = ("competition", "task", "rules", "submit", "machine")


def main(
    name: Annotated[str, typer.Argument(help="of the preset; leave it out for a list")] = "",
    to: Annotated[Path, typer.Option(help="file to write")] = paths.PARAMS,
) -> None:
    """Write a preset into params.yaml."""
    files = {file.stem: file for file in sorted(PRESETS.glob("*.yaml"))}
    if not name:
        for known, file in files.items():
            print(
                f"{known:<{max(map(len, files))}}  "
                f"{file.read_text(encoding='utf-8').splitlines()[0].removeprefix('# ')}"
            )
        return
    if name not in files:
        raise ValueError(f"preset {name!r}: not among {', '.join(files)}")
    kept = carried_over(to)
    with replace_file(to) as temporary:
        temporary.write_bytes(files[name].read_bytes())
        try:
            changes = with_consequences(kept, temporary, metric_facts(kept.get(("task", "metric"), USUAL)).takes)
            params_file.apply(temporary, changes, load_settings)
        except ValueError as error:
            raise ValueError(
                str(error).replace(str(temporary), f"preset {name} with the {', '.join(CARRIED)} of {to}")
            ) from error
    as_before = f"; as it was: {', '.join(map('.'.join, kept))}" if kept else ""
    also = "".join(f"; {line}, by the task and the rules" for line in lines_of(changes)[len(kept) :])
    print(f"{to}: preset {name}{as_before}{also}; `dvc repro` runs what it changes")
    if TIMED in files[name].read_text(encoding="utf-8").splitlines()[0] and not has_bfloat16():
        print(
            "its time is of a processor with bfloat16; this one has none, and takes 1.3 to 1.7 times as long: "
            "`python -m pipelines.plan` measures"
        )


def carried_over(path: Path) -> dict[tuple[str, str], object]:
    """Return (section, key) -> value of what isn't the default in the sections CARRIED; {} without the file."""
    if not path.is_file():
        return {}
    settings, default = load_settings(path), Settings()
    found = {
        (section, key): (value, getattr(getattr(default, section), key))
        for section in CARRIED
        for key, value in getattr(settings, section).model_dump(mode="json").items()
    }
    return {keys: value for keys, (value, usual) in found.items() if value != usual}


if __name__ == "__main__":
    run(main)
