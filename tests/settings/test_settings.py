"""params.yaml: what is accepted, and what it means."""

from pathlib import Path

import pytest
import yaml
from makers.params import load
from pydantic import ValidationError

from competition.members.kinds.features import FeaturesSettings
from competition.members.kinds.grey import GreySettings
from competition.settings.finetuned import FinetunedSettings
from competition.settings.load import load_settings
from competition.settings.params import Settings

ROOT = Path(__file__).resolve().parents[2]


def test_defaults_are_valid(tmp_path):
    assert load(tmp_path, "") == load(tmp_path, "{}") == Settings()
    kinds = [type(Settings().members[name]) for name in Settings().train.members]
    assert kinds == [FinetunedSettings, FeaturesSettings, GreySettings]


@pytest.mark.parametrize(
    "path", sorted(ROOT.glob("*.yaml")) + sorted(ROOT.glob("presets/*.yaml")), ids=lambda path: path.name
)
def test_every_shipped_settings_file_loads(path):
    if path.name != "dvc.yaml":
        assert set(load_settings(path).train.members) <= set(load_settings(path).members)


def test_what_the_file_says_is_taken(tmp_path):
    settings = load(
        tmp_path,
        """
        competition: {root: elsewhere, id: image}
        split: {folds: [0, 1, 2], seed: 7}
        augment: {size: 96, copies: 3, policy: light, transforms: {rotate: {probability: 1, range: [-10, 10]}}}
        train: {members: [big]}
        members: {big: {kind: finetuned, network: resnet18, size: 64, learning_rate: 3e-4}}
        specialize: {base: [big], hard_classes: ["3", "7"], start: weights, network: {size: 64}}
    """,
    )
    assert settings.competition.root == "elsewhere" and settings.split.folds == (0, 1, 2)
    assert (
        settings.augment.transforms_for("train")["rotate"].range == (-10, 10)
        and settings.members["big"].learning_rate == 3e-4
    )
    assert (
        settings.specialize.hard_classes == ("3", "7")
        and settings.specialize.network.network == "tf_efficientnet_lite0"
    )


def test_without_a_base_there_is_no_specialist(tmp_path):
    """And nothing of its network is asked: not even whether augment packs its size."""
    settings = load(tmp_path, "specialize: {base: [], network: {size: 999}}")
    assert settings.specialize.base_member is None and settings.specialist is None
    on = load(tmp_path, "specialize: {base: [lite0]}")
    assert (on.specialize.base_member, on.specialist) == ("lite0", "lite0_specialist")


def test_an_adapted_member_is_one_more_voter_with_the_settings_of_its_base(tmp_path):
    settings = load(
        tmp_path, "rules: {pseudo_labels: true}\nadapt: {members: [lite0]}\nensemble: {choose: lite0_adapted}"
    )
    assert settings.voters == (*settings.train.members, "lite0_adapted")
    assert settings.described("lite0_adapted") == settings.described("lite0") == settings.members["lite0"]
    assert load(tmp_path, "").voters == settings.train.members


def test_the_student_is_described_by_a_member_and_learns_all_its_epochs(tmp_path):
    text = (
        "distil: {student: [small]}\nmembers: {lite0: {kind: finetuned}, small: {kind: finetuned, epochs: 9, soup: 3}}"
    )
    settings = load(tmp_path, f"train: {{members: [lite0]}}\n{text}")
    assert settings.described("student") == settings.members["small"] and settings.networks_of("student") == ("all",)
    taught = settings.described("student").taught()
    assert (taught.epochs, taught.soup, taught.label_smoothing, taught.epochs_without_gain) == (9, 1, 0, 9)
    assert not any(taught.is_scored(epoch) for epoch in range(9))


def test_a_member_scored_once_may_be_given_fewer_epochs():
    fewer = FinetunedSettings(epochs=4, score_every=18)
    assert [fewer.is_scored(epoch) for epoch in range(4)] == [False, False, False, True]
    assert FinetunedSettings(epochs=4, score_every=18, patience=4) and FinetunedSettings(epochs=4, score_every=4)
    with pytest.raises(ValueError, match="patience: 3 epochs would be over before the next score"):
        FinetunedSettings(epochs=4, score_every=18, patience=3)


@pytest.mark.parametrize(
    ("how", "last"), [({}, False), ({"keep": "last"}, True), ({"score_every": None}, True), ({"score_every": 3}, False)]
)
def test_the_last_epoch_is_kept_where_none_is_chosen_by_scores(how, last):
    assert FinetunedSettings(**how).keeps_last == last


def test_whatever_is_dumped_is_read_back(tmp_path):
    text = yaml.safe_dump(Settings().model_dump(mode="json"))
    assert load(tmp_path, text) == Settings()


def test_frozen():
    settings = Settings()
    with pytest.raises(ValidationError, match="frozen"):
        settings.split = settings.split
    with pytest.raises(ValidationError, match="frozen"):
        settings.augment.size = 3
    with pytest.raises(ValidationError, match="frozen"):
        settings.members["lite0"].epochs = 3


def test_every_preset_is_valid_and_has_every_section():
    presets = sorted((ROOT / "competition/settings/presets").glob("*.yaml"))
    assert {"cpu", "gpu", "many", "potato", "sample"} <= {preset.stem for preset in presets}
    for preset in presets:
        watched = set(type(load_settings(preset)).model_fields) - {"machine", "submit", "plugins"}
        assert set(yaml.safe_load(preset.read_text())) == watched, "DVC watches every section"
