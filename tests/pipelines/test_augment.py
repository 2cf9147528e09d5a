"""Stage `augment`: what a stopped run goes on from."""

from pathlib import Path

import numpy as np
import pytest
from makers.packed import row, square

from competition.augmentation.offline import Augmenter
from competition.data import packing
from competition.data.image_store import ImageStore, write_rows
from competition.settings import policies
from competition.settings.augment import AugmentSettings
from competition.settings.machine import MachineSettings
from pipelines import augment

SETTINGS = AugmentSettings(size=32, copies=2, policy="light", test_like={"policy": "none"})
LIGHT, HEAVY = ({"jpeg": {"probability": 1, "range": [least, least + 10]}} for least in (70, 20))


def packed(path: str, policy: dict, monkeypatch) -> bytes:
    monkeypatch.setattr(policies, "_read", lambda name: policy)
    source = ImageStore("train.arrow")
    augmenter = Augmenter(str(source.path.resolve()), SETTINGS)
    augment.pack_and_check(Path(path), source, augmenter, MachineSettings(workers=1))
    return Path(path).read_bytes()


def test_copies_of_a_policy_whose_file_was_changed_are_made_anew(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    images = [square(n % 3, np.random.default_rng(n)) for n in range(4)]
    write_rows("train.arrow", [row(f"p{n}", "x", "clean", 0, image) for n, image in enumerate(images)])
    joined = packing._join
    monkeypatch.setattr(packing, "_join", None)  # stopped when all its parts are there
    with pytest.raises(TypeError):
        packed("stopped.arrow", LIGHT, monkeypatch)
    assert list(Path("data/state").glob("augment-*/*.arrow"))
    monkeypatch.setattr(packing, "_join", joined)
    assert packed("heavy.arrow", HEAVY, monkeypatch) != packed("light.arrow", LIGHT, monkeypatch)
