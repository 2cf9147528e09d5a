"""Lineage of a submission: settings, data, code, and the weights that answered."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from competition.common import paths
from competition.common.files import digest, read_json
from competition.settings.params import Settings

DATA = (paths.TRAIN_STORE, paths.TEST_STORE)  # as packed: images, labels as trained on, groups
RESULT_FREE = {"machine", "submit", "review", "report", "distil"}  # sections on which no submission depends
CODE = ("competition", "pipelines", str(paths.PIPELINE), str(paths.PARAMS))


def lineage(
    settings: Settings, parts: Sequence[str], weights: Mapping[str, Sequence[str]] | None = None
) -> dict[str, object]:
    """Return {"params", "data", "data_files", "label_fixes", "git", "weights", "external"}, digests of 16 hex digits.

    params: of all settings but RESULT_FREE; data: of `data_files`; label_fixes: of the decisions about labels that
    `prepare` applied, as folds/audit.json has it, None without any; weights: for each of `parts` (members,
    `specialist`) one for each fold, out of `weights` where they are known; external: of each of `ensemble.external`.
    Raises FileNotFoundError for a file that isn't there.
    """
    if weights is None:
        weights = digests_of_weights(parts, settings)
    return {
        "params": digest_of_settings(settings),
        "data": digest(*DATA),
        "data_files": [str(path) for path in DATA],
        "label_fixes": read_json(paths.AUDIT).get("label_fixes", {}).get("digest"),
        "git": git_state(),
        "weights": [{"member": part, "digests": list(weights[part])} for part in parts],
        "external": [
            {"name": name, "digest": digest(paths.EXTERNAL / f"{name}.csv")} for name in settings.ensemble.external
        ],
    }


def changed_weights(then: Mapping[str, Sequence[str]], settings: Settings, parts: Sequence[str]) -> list[str]:
    """Folders of weights that aren't as they were, of those of `parts` that `then` names; then: part -> digests."""
    before = upright_files(settings)
    now = {part: [digest(path, *before) for path in weights_of(part, settings) if path.is_file()] for part in parts}
    changed = [part for part in parts if part in then and list(then[part]) != now[part]]
    return [str(paths.weights(part, "").parent) for part in changed]


def digest_of_settings(settings: Settings) -> str:
    """Return 16 hex digits of all settings but RESULT_FREE, and but `upright` and `adapt` where they are off."""
    off = {"upright": settings.upright.use == "off", "adapt": not settings.adapt.members}
    without = RESULT_FREE | {name for name, is_off in off.items() if is_off}
    return digest(settings.model_dump(mode="json", exclude=without))


def digests_of_weights(parts: Sequence[str], settings: Settings) -> dict[str, list[str]]:
    """Return part (a member, `specialist`) -> the digest of each fold's weights. Raises FileNotFoundError."""
    before = upright_files(settings)
    return {part: [digest(path, *before) for path in weights_of(part, settings)] for part in parts}


def upright_files(settings: Settings) -> list[Path]:
    """Return the files that turn pages upright before any member sees them; none where they aren't."""
    if settings.upright.use == "off":
        return []
    return sorted(path for path in paths.UPRIGHT.glob("*") if path.suffix in (".json", ".safetensors"))


def weights_of(part: str, settings: Settings) -> list[Path]:
    """Return the files of weights of a member, or of `specialist`, one for each of its networks."""
    return [paths.weights(part, network) for network in settings.networks_of(part)]


def weight_bytes(part: str, settings: Settings) -> int:
    """Return bytes of a part's weights: what it costs, as seconds would say, but the same in every run."""
    return sum(path.stat().st_size for path in weights_of(part, settings))


def git_state() -> dict[str, object]:
    """Return {"commit", "dirty"} of the folder we are in; both None outside git and before the first commit.

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
