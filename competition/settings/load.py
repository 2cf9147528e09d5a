"""params.yaml read and checked."""

from pathlib import Path

import yaml
from pydantic import ValidationError

from competition.settings.params import Settings


def load_settings(path: Path | str = "params.yaml") -> Settings:
    """Return the settings that `path` (YAML) holds, checked; what is left out has its default.

    Raises FileNotFoundError without the file, ValueError naming every wrong key.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: not found; run from the project's folder, where params.yaml is")
    try:
        return Settings.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    except yaml.YAMLError as error:
        raise ValueError(f"{path}: not valid YAML: {error}") from None
    except ValidationError as error:
        raise ValueError(_in_words(path, error)) from None


def _in_words(path: Path, error: ValidationError) -> str:
    lines = []
    for problem in error.errors():
        place = [str(part) for part in problem["loc"]]
        if place[:1] == ["members"]:
            del place[2:3]  # the member's kind, which Pydantic puts behind its name
        key = ".".join(place)
        what = "unknown key" if problem["type"] == "extra_forbidden" else problem["msg"].removeprefix("Value error, ")
        lines.append(f"  {key}: {what}" if key else f"  {what}")
    return f"{path}: {len(lines)} wrong:\n" + "\n".join(lines)
