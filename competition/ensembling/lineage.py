"""Where a submission comes from: settings, data, code, and the weights that answered."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from competition.common.files import digest
from competition.settings.params import Settings

DATA = (Path("data/train.arrow"), Path("data/test.arrow"))  # as packed: images, labels as trained on, groups
EXTERNAL = Path("submissions/external")
CODE = ("competition", "pipelines", "dvc.yaml", "params.yaml")


def lineage(settings: Settings, parts: Sequence[str]) -> dict[str, object]:
    """{"params", "data", "data_files", "label_fixes", "git", "weights", "external"}, digests of 16 hex digits.

    params: of all settings but `machine` and `submit`, on which no result depends; data: of `data_files`; label_fixes:
    of the decisions about labels that `prepare` applied, as folds/audit.json has it, None without any; weights: for
    each of `parts` (members, `specialist`) one for each fold; external: of each of `ensemble.external`. Raises
    FileNotFoundError for a file that isn't there.
    """
    return {
        "params": _digest_of(settings),
        "data": digest(*DATA),
        "data_files": [str(path) for path in DATA],
        "label_fixes": json.loads(Path("folds/audit.json").read_text(encoding="utf-8"))
        .get("label_fixes", {})
        .get("digest"),
        "git": git_state(),
        "weights": [
            {"member": part, "digests": [digest(path) for path in weights_of(part, settings)]} for part in parts
        ],
        "external": [{"name": name, "digest": digest(EXTERNAL / f"{name}.csv")} for name in settings.ensemble.external],
    }


def changed_since(final: Mapping, settings: Settings, parts: Sequence[str]) -> list[str]:
    """Return what isn't as it was when `final`, final.json, was written: params.yaml, and weights of those of `parts`
    that it names.
    """
    then = final["lineage"]
    changed = ["params.yaml"] if then["params"] != _digest_of(settings) else []
    digests = {row["member"]: row["digests"] for row in then["weights"]}
    return changed + [
        f"folds/weights/{part}"
        for part in parts
        if part in digests and digests[part] != [digest(path) for path in weights_of(part, settings) if path.is_file()]
    ]


def _digest_of(settings: Settings) -> str:
    return digest(settings.model_dump(mode="json", exclude={"machine", "submit"}))


def weights_of(part: str, settings: Settings) -> list[Path]:
    """The files of weights of a member, or of `specialist`, one for each fold."""
    return [Path(f"folds/weights/{part}/{fold}.safetensors") for fold in settings.split.folds]


def git_state() -> dict[str, object]:
    """{"commit", "dirty"} of the folder we are in; both None outside git and before the first commit.

    dirty: code or settings (CODE) differ from the commit. What the stages themselves write always does.
    """
    commit = _git("rev-parse", "HEAD")
    changes = None if commit is None else _git("status", "--porcelain", "--", *CODE)
    return {"commit": commit, "dirty": None if changes is None else bool(changes)}


def _git(*arguments: str) -> str | None:
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None
