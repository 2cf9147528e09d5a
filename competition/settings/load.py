"""params.yaml read and checked."""

from pathlib import Path

import yaml
from pydantic import ValidationError

from competition.common import paths
from competition.common.registry import load_plugin
from competition.settings.params import Settings


def load_settings(path: Path | str = paths.PARAMS) -> Settings:
    """Return the settings that `path` (YAML) holds, checked; what is left out has its default.

    Plugins are imported first, since the settings may name what they register. Raises FileNotFoundError without the
    file or a plugin, ValueError naming every wrong key.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: not found; run from the project's folder, where params.yaml is")
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        for plugin in _plugins_of(values):
            load_plugin(path.parent / plugin)
        return Settings.model_validate(values)
    except yaml.YAMLError as error:
        raise ValueError(f"{path}: not valid YAML: {error}") from None
    except ValidationError as error:
        raise ValueError(_in_words(path, error)) from None


def _plugins_of(values: object) -> list[str]:
    """Return the files under `plugins`, and a metric's own; [] for what Settings will refuse."""
    if not isinstance(values, dict):
        return []
    found, task = values.get("plugins"), values.get("task")
    metric = task.get("metric") if isinstance(task, dict) else None
    return [
        name
        for name in [*(found if isinstance(found, list) else []), metric]
        if isinstance(name, str) and (name != metric or name.endswith(".py"))
    ]


def _in_words(path: Path, error: ValidationError) -> str:
    lines = []
    for problem in error.errors():
        place = [str(part) for part in problem["loc"]]
        key = ".".join(place)
        what = "unknown key" if problem["type"] == "extra_forbidden" else problem["msg"].removeprefix("Value error, ")
        lines.append(f"  {key}: {what}" if key else f"  {what}")
    return f"{path}: {len(lines)} wrong:\n" + "\n".join(lines)
