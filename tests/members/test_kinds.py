"""Member kinds: each answers what members are asked, and one from a plugin does all that the others do."""

from pathlib import Path

import numpy as np
import pytest
from makers.metrics import F1
from makers.packed import TARGETS, packed_competition

from competition.common.imports import ROOT
from competition.members.kinds import KINDS
from competition.members.make import make_member
from competition.members.member import Member, NotAvailable
from competition.members.named import member_named
from competition.members.output_files import write_member
from competition.members.training import train_member
from competition.serving.new_images import MemoryImages
from competition.serving.predict import load_member
from competition.settings.load import load_settings
from competition.settings.member import MemberSettings
from competition.training.fold_data import load_fold

PLUGIN = ROOT / "tests/plugins/dummy_member.py"
PARAMS = f"""
plugins: [{PLUGIN}]
augment: {{size: 32}}
train: {{members: [colour]}}
members: {{colour: {{kind: dummy_member, sharpness: 0.2}}}}
specialize: {{base: []}}
"""
ORIENTATIONS = np.full(8, 1 / 8)


@pytest.fixture
def settings(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text(PARAMS)
    return load_settings()


def test_every_kind_is_named_by_its_file():
    for name in ("features", "finetuned", "grey"):
        kind = KINDS[name]
        assert issubclass(kind, Member) and issubclass(kind.Settings, MemberSettings)
        assert kind.Settings().kind == name == kind.__module__.rpartition(".")[2]


@pytest.mark.parametrize(
    ("kind", "network_use", "copies", "guard"),
    [("finetuned", "trained", 1, 0), ("features", "frozen", 2, 0), ("grey", "none", 2, 20)],
)
def test_what_kinds_answer(kind, network_use, copies, guard):
    found = KINDS[kind].Settings()
    assert (found.network_use, found.copies_used, found.guard_size) == (network_use, copies, guard)
    assert bool(make_member(found, "one").why_no_heat_maps()) == (network_use != "trained")


@pytest.mark.parametrize("ask", ["trained_network", "feature_network"])
def test_what_a_kind_does_not_have_it_says(ask):
    with pytest.raises(NotAvailable, match="one.* of kind grey"):
        getattr(make_member(KINDS["grey"].Settings(), "one"), ask)(0, 3)


def test_a_kind_of_a_plugin_is_trained_saved_and_loaded(settings, tmp_path):
    member, folds = member_named("colour", settings), packed_competition(tmp_path)
    data = load_fold(0, folds, TARGETS, tmp_path / "augmented.arrow", tmp_path / "test.arrow", F1)
    trained = train_member(member.settings, data, TARGETS, ORIENTATIONS, tmp_path / "unused.pt")
    assert {name: len(part.ids) for name, part in trained.predictions.items()} == {
        "clean": len(data.valid_ids),
        "test_like": len(data.valid_ids),
        "severe": len(data.valid_ids),
        "test": len(data.test_ids),
    }
    assert trained.best_epoch == 0 and [row["epoch"] for row in trained.history] == [0]
    write_member(Path(), "colour", 0, "dummy_member", trained, F1.name)
    rows = np.arange(len(data.test_store))
    images = MemoryImages([data.test_store.image(int(row)) for row in rows])
    ids = np.array(data.test_ids)
    (again,) = load_member("colour", settings, [0], TARGETS).predict(ids, images, rows, ORIENTATIONS)
    assert (again.probabilities == trained.predictions["test"].probabilities).all()


def test_an_unknown_kind_is_refused_with_the_known_ones(tmp_path):
    (tmp_path / "params.yaml").write_text("members: {one: {kind: forest}}")
    with pytest.raises(ValueError, match=r"members\.one\.kind: no member kind 'forest'; there are .*features, fine"):
        load_settings(tmp_path / "params.yaml")


def test_a_mistake_in_a_plugins_settings_is_named_by_its_key(tmp_path):
    (tmp_path / "params.yaml").write_text(PARAMS.replace("sharpness: 0.2", "sharpness: much"))
    with pytest.raises(ValueError, match=r"members\.colour\.sharpness: .*number"):
        load_settings(tmp_path / "params.yaml")


def test_a_plugin_stands_beside_params_yaml(tmp_path):
    (tmp_path / "params.yaml").write_text("plugins: [mine.py]")
    with pytest.raises(FileNotFoundError, match=r"mine\.py: not found"):
        load_settings(tmp_path / "params.yaml")
