"""params.yaml read and checked."""

from pathlib import Path

from pydantic import ValidationError

from competition.common import paths
from competition.common.registry import load_plugin
from competition.settings.params import Settings
from competition.settings.yaml_text import YamlText


def load_settings(path: Path | str = paths.PARAMS) -> Settings:
    """Return the settings that `path` (YAML) holds, checked; what is left out has its default.

    Plugins are imported first, since the settings may name what they register. Raises FileNotFoundError without the
    file or a plugin, ValueError naming every wrong key.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: not found; run from the project's folder, where params.yaml is")
    text = YamlText(path)
    values = {} if text.values is None else text.values
    for plugin in _plugins_of(values):
        load_plugin(path.parent / plugin)
    try:
        return _checked(values, text)
    except ValidationError as error:
        raise ValueError(_in_words(path, error, text)) from None


def _checked(values: object, text: YamlText) -> Settings:
    """Return the settings; a number or truth value where text is meant, such as 007, is taken as it was written."""
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        meant = [problem["loc"] for problem in error.errors() if problem["type"] == "string_type"]
        written = {place: found for place in meant if (found := text.written(place))}
        if not any([_put(values, place, found) for place, found in written.items()]):
            raise
    return Settings.model_validate(values)


def _put(values: object, place: tuple, found: str) -> bool:
    """Put `found` at `place`, unless nothing stands there; return whether it was."""
    *above, last = place
    for step in above:
        values = values[step]
    if values[last] is None:
        return False
    values[last] = found
    return True


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


def _in_words(path: Path, error: ValidationError, text: YamlText) -> str:
    lines = []
    for problem in error.errors():
        place = [str(part) for part in problem["loc"]]
        key = ".".join(place)
        what = "unknown key" if problem["type"] == "extra_forbidden" else problem["msg"].removeprefix("Value error, ")
        if problem["type"] == "string_type" and problem["input"] is None:
            what = "nothing stands here; write its value, in quotes if it is ~ or null, or take the line out"
        line = text.line(problem["loc"])
        lines.append(f"  {key}: {what}{f' (line {line})' if line else ''}" if key else f"  {what}")
    return f"{path}: {len(lines)} wrong:\n" + "\n".join(lines)
