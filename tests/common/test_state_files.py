"""What names a training's state: all that it depends on, so that nothing else is ever taken up."""

import pytest

from competition.settings.load import load_settings
from competition.settings.params import Settings
from pipelines import train

PARAMS = """
train: {members: [net]}
members: {net: {kind: finetuned, size: 32, weights: own.safetensors}}
specialize: {base: [net]}
"""


@pytest.fixture
def settings(tmp_path, monkeypatch) -> Settings:
    monkeypatch.chdir(tmp_path)
    for name in ("data/augmented.arrow", "folds/folds.csv", "own.safetensors"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / "params.yaml").write_text(PARAMS)
    return load_settings()


def test_the_classes_and_their_order_name_it(settings):
    """A class's place is its output's: weights of another order would answer with other classes."""
    files = {train.state_file(settings, "net", 0, targets) for targets in (("a", "b"), ("b", "a"), ("a", "b", "c"))}
    assert len(files) == 3 and train.state_file(settings, "net", 0, ("a", "b")) in files


def test_the_weights_that_it_begins_with_name_it(settings, tmp_path):
    before = train.state_file(settings, "net", 0, ("a", "b"))
    (tmp_path / "own.safetensors").write_text("others")
    assert train.state_file(settings, "net", 0, ("a", "b")) != before
