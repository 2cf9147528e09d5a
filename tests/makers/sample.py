"""What a generated competition wrote."""

import hashlib
import json
from pathlib import Path

import pytest
from makers.pipeline import TEST, TRAIN
from makers.shared import made_once

from competition.sample import generate


def hashes(folder: Path) -> dict[str, str]:
    """Return relative path -> sha256 of every file in `folder`."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def generated(factory: pytest.TempPathFactory) -> tuple[Path, dict]:
    """Return the data folder of a generated competition of TRAIN and TEST images, to be read only, and its facts."""

    def make(folder: Path) -> None:
        data = folder / "data"
        facts = generate(data / "raw", data / "solution.csv", TRAIN, TEST, seed=0, workers=1)
        (folder / "facts.json").write_text(json.dumps(facts))

    folder = made_once(factory, "generated", make)
    return folder / "data", json.loads((folder / "facts.json").read_text())
